package reports

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Picture says how maps are drawn: the options of visualize_image_attr of
// Captum (Kokhlikyan et al. 2020), by its names. Where an option says auto, it
// follows the map: signed maps are drawn with both signs, maps that are never
// negative by their magnitude.
type Picture struct {
	Method       string  `yaml:"method" json:"method" doc:"heat_map: the map alone; blended_heat_map: laid over the grey image; masked_image: the image times the map; alpha_scaling: the image as opaque as the map is strong; original_image" jsonschema:"enum=heat_map,enum=blended_heat_map,enum=masked_image,enum=alpha_scaling,enum=original_image"`
	Sign         Sign    `yaml:"sign" json:"sign" doc:"the part of the map that is shown; auto: absolute_value for maps that are never negative and for masked_image and alpha_scaling, else all" jsonschema:"enum=auto,enum=all,enum=positive,enum=negative,enum=absolute_value"`
	OutlierPerc  Outlier `yaml:"outlier_perc" json:"outlier_perc" doc:"the largest values saturate that hold so many percent of the sum of magnitudes; auto: 10 for squares and variances of noise_tunnel, else 2"`
	Cmap         string  `yaml:"cmap" json:"cmap" doc:"colour map of heat_map and blended_heat_map; auto: by sign and colors; any may be turned round by _r behind its name"`
	AlphaOverlay float64 `yaml:"alpha_overlay" json:"alpha_overlay" doc:"opacity of the map in blended_heat_map" jsonschema:"minimum=0,maximum=1"`
	Scale        string  `yaml:"scale" json:"scale" doc:"own: every map is divided by its own scale; shared: all maps of an attribution by one, so that images can be compared" jsonschema:"enum=own,enum=shared"`
	Colors       string  `yaml:"colors" json:"colors" doc:"what cmap auto chooses from: safe with every colour blindness, or captum's red and green" jsonschema:"enum=safe,enum=captum"`
	Colorbar     bool    `yaml:"colorbar" json:"colorbar" doc:"a colour scale below the maps"`
	Title        string  `yaml:"title" json:"title" doc:"the second line over the pictures; auto: sign and outlier_perc"`
}

// DefaultPicture is how reports look unless asked otherwise.
func DefaultPicture() Picture {
	return Picture{
		Method: "blended_heat_map", Sign: Auto, OutlierPerc: -1, Cmap: "auto", AlphaOverlay: 0.5,
		Scale: "own", Colors: "safe", Colorbar: true, Title: "auto",
	}
}

// PictureMethods and Signs are the values of the options of those names.
var (
	PictureMethods = []string{"heat_map", "blended_heat_map", "masked_image", "alpha_scaling", "original_image"}
	Signs          = []Sign{Auto, All, Positive, Negative, Absolute}
)

// Outlier is a percentage from 0 to below 100, or auto, which is negative here. At
// 100 nothing would be left to scale by.
type Outlier float64

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Outlier) UnmarshalText(b []byte) error {
	if string(b) == "auto" {
		*o = -1
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(v >= 0 && v < 100) {
		return fmt.Errorf("want auto or 0 to below 100 percent, got %q", b)
	}
	*o = Outlier(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (o Outlier) MarshalText() ([]byte, error) {
	if o < 0 {
		return []byte("auto"), nil
	}
	return strconv.AppendFloat(nil, float64(o), 'f', -1, 64), nil
}

// Problem is one option of a Picture that cannot be.
type Problem struct {
	Option string // yaml name
	Msg    string // "is 2, want 0 to 1"
}

func (p *Problem) Error() string { return p.Option + " " + p.Msg }

// Check reports every option that cannot be, as Problems joined by errors.Join.
func (p *Picture) Check() error {
	var errs []error
	bad := func(option, format string, a ...any) {
		errs = append(errs, &Problem{option, fmt.Sprintf(format, a...)})
	}
	one := func(option, got string, known ...string) {
		if !slices.Contains(known, got) {
			bad(option, "is %q, want %s", got, either(known))
		}
	}
	one("method", p.Method, PictureMethods...)
	var signs []string
	for _, s := range Signs {
		signs = append(signs, string(s))
	}
	one("sign", string(p.Sign), signs...)
	if p.Sign == All && (p.Method == "masked_image" || p.Method == "alpha_scaling") {
		bad("sign", "is all, want positive, negative or absolute_value: %s cannot show both signs", p.Method)
	}
	if p.OutlierPerc >= 100 || math.IsNaN(float64(p.OutlierPerc)) {
		bad("outlier_perc", "is %v, want auto or 0 to below 100", float64(p.OutlierPerc))
	}
	if p.Cmap != "auto" && cmapOf(p.Cmap) == nil {
		bad("cmap", "is %q, want auto or one of %s", p.Cmap, strings.Join(Cmaps(), ", "))
	}
	// Not written as AlphaOverlay < 0: NaN must fail too.
	if !(p.AlphaOverlay >= 0 && p.AlphaOverlay <= 1) {
		bad("alpha_overlay", "is %v, want 0 to 1", p.AlphaOverlay)
	}
	one("scale", p.Scale, "own", "shared")
	one("colors", p.Colors, "safe", "captum")
	return errors.Join(errs...)
}

func either(names []string) string {
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// colored tells whether the method shows a colour map.
func (p *Picture) colored() bool { return p.Method == "heat_map" || p.Method == "blended_heat_map" }

// colormap returns the colours of a sign that is not auto.
func (p *Picture) colormap(sign Sign) *colormap {
	m := colormap{lo: 0, hi: 1}
	if sign == All {
		m.lo = -1
	}
	if p.Cmap != "auto" {
		m.anchors = cmapOf(p.Cmap)
		return &m
	}
	names := map[Sign]string{All: "orange_blue", Positive: "white_blue", Negative: "white_orange", Absolute: "white_blue"}
	if p.Colors == "captum" {
		names = map[Sign]string{All: "RdWhGn", Positive: "Greens", Negative: "Reds", Absolute: "Blues"}
	}
	m.anchors = anchors[names[sign]]
	return &m
}
