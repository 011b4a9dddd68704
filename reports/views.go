package reports

import (
	"image"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// view is one way one attribution's maps are shown, everything that was auto
// decided.
type view struct {
	Picture
	attribution int
	colors      *colormap
	scale       float64 // that all maps share; 0 where each has its own
}

// pictures returns how maps are drawn, one or several ways side by side.
func (r *Run) pictures() []Picture {
	if len(r.Pictures) == 0 {
		return []Picture{DefaultPicture()}
	}
	return r.Pictures
}

// mapped tells whether the attribution has a map to show.
func (a *Attribution) mapped() bool {
	return slices.ContainsFunc(a.Maps, func(m []float32) bool { return m != nil })
}

// views decides how the attributions that have maps are shown.
func (r *Run) views(attributions []int, ps []Picture) []view {
	var vs []view
	for _, i := range attributions {
		a := &r.Attributions[i]
		if !a.mapped() {
			continue
		}
		for _, p := range ps {
			vs = append(vs, r.view(i, p))
		}
	}
	return vs
}

// view decides what p leaves to the map. Squares and variances have longer
// tails: 10 percent of their sum saturates, 2 percent elsewhere, as in Captum's
// tutorial.
func (r *Run) view(i int, p Picture) view {
	a := &r.Attributions[i]
	if p.OutlierPerc < 0 {
		p.OutlierPerc = 2
		if t, _ := param(a.All, "nt_type"); t == "smoothgrad_sq" || t == "vargrad" {
			p.OutlierPerc = 10
		}
	}
	negative := func(m []float32) bool { return slices.ContainsFunc(m, func(x float32) bool { return x < 0 }) }
	if p.Sign == Auto {
		p.Sign = All
		if !p.colored() || !slices.ContainsFunc(a.Maps, negative) {
			p.Sign = Absolute
		}
	}
	if a.units(r) && p.Method != "original_image" {
		p.Method = "heat_map" // of units, which have no place in the image
	}
	v := view{Picture: p, attribution: i, colors: p.colormap(p.Sign)}
	if p.Scale == "shared" {
		var all []float64
		for _, m := range a.Maps {
			if m != nil {
				x, _, _ := r.plane(a, m)
				all = append(all, magnitudes(signed(x, p.Sign))...)
			}
		}
		v.scale = CumulativeThreshold(all, 100-float64(p.OutlierPerc))
	}
	return v
}

// shape returns the shape of the attribution's maps.
func (a *Attribution) shape(r *Run) Shape {
	if a.Shape == (Shape{}) {
		return Shape{r.C, r.H, r.W}
	}
	return a.Shape
}

// units tells whether the maps are of a layer without height and width.
func (a *Attribution) units(r *Run) bool {
	s := a.shape(r)
	return s.H*s.W == 1 && s.C > 1
}

// plane reduces a map to one value per position. Units without a place are laid
// out in rows instead, in their order.
func (r *Run) plane(a *Attribution, m []float32) (v []float64, h, w int) {
	s := a.shape(r)
	if !a.units(r) {
		return channelSum(m, s.C), s.H, s.W
	}
	for w*w < s.C {
		w++
	}
	h = (s.C + w - 1) / w
	v = make([]float64, h*w)
	for i, x := range m {
		v[i] = float64(x)
	}
	return v, h, w
}

// draw draws the map of an image, every pixel of which is k dots wide.
func (v *view) draw(r *Run, im, k int) *image.NRGBA {
	a := &r.Attributions[v.attribution]
	x, h, w := r.plane(a, a.Maps[im])
	x = signed(x, v.Sign)
	scale := v.scale
	if v.Scale != "shared" {
		scale = CumulativeThreshold(magnitudes(x), 100-float64(v.OutlierPerc))
	}
	return v.drawn(divided(x, scale), h, w, r.Images[im].Pixels, r.H, r.W, k, v.colors)
}

// signWords say what a sign shows.
var signWords = map[Sign]string{All: "signed", Absolute: "absolute", Positive: "positive", Negative: "negative"}

// about is the second line over a column.
func (v *view) about(r *Run) string {
	if v.Title != "auto" {
		return v.Title
	}
	if v.Method == "original_image" {
		return "original image"
	}
	a := &r.Attributions[v.attribution]
	if s := a.shape(r); s != (Shape{r.C, r.H, r.W}) {
		return s.String() + ", " + signWords[v.Sign]
	}
	if v.Method != "blended_heat_map" {
		return strings.ReplaceAll(v.Method, "_", " ") + ", " + signWords[v.Sign]
	}
	return signWords[v.Sign] + ", " + v.clipped() + " % clipped"
}

// clipped is the percentage of the sum that saturates.
func (v *view) clipped() string { return strconv.FormatFloat(float64(v.OutlierPerc), 'f', -1, 64) }

// bar draws the view's colour scale, where it has one.
func (v *view) bar(c draw.Canvas, x, y, w vg.Length) {
	if v.Colorbar && v.colored() {
		horizontalBar(sub(c, x, y, w, 6), v.colors, sans(6.5))
	}
}

// explained says how the maps of a figure were made.
func (r *Run) explained(vs []view) string {
	var ways, colors, percentages []string
	add := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	shared, layers := false, false
	for k := range vs {
		v := &vs[k]
		a := &r.Attributions[v.attribution]
		shared = shared || v.Scale == "shared"
		layers = layers || a.shape(r) != (Shape{r.C, r.H, r.W})
		switch {
		case a.units(r):
		case v.Method == "blended_heat_map" && v.AlphaOverlay == 0.5:
			add(&ways, "laid half transparent over the grey image")
		case v.Method == "blended_heat_map":
			add(&ways, "laid "+strconv.FormatFloat(100*v.AlphaOverlay, 'f', -1, 64)+" % opaque over the grey image")
		case v.Method == "heat_map":
			add(&ways, "shown alone")
		case v.Method == "masked_image":
			add(&ways, "multiplied into the image (masked)")
		case v.Method == "alpha_scaling":
			add(&ways, "taken as the opacity of the image (alpha scaling)")
		}
		add(&colors, v.meaning())
		add(&percentages, v.clipped())
	}
	s := ""
	if len(ways) > 0 {
		s = "Maps are summed over channels, divided by the magnitude at which the cumulative sum of the sorted magnitudes leaves " + strings.Join(percentages, " or ") + " % of the total (those above saturate), and " + strings.Join(ways, " or ")
		if shared {
			s += ", all maps of an attribution on one scale"
		} else {
			s += ", each picture on its own scale"
		}
		s += ", as by Captum's visualize_image_attr. "
	}
	if layers {
		s += "Maps of layers, their size over them, are enlarged to the image; units without a place are laid out in rows. "
	}
	if len(colors) > 0 {
		s += sentence(strings.Join(colors, "; ")) + " "
	}
	var names []string
	for _, v := range vs {
		add(&names, r.label(v.attribution))
	}
	return s + "Columns: " + list(names) + "."
}

// meaning says what a view's colours stand for.
func (v *view) meaning() string {
	switch {
	case !v.colored():
		return ""
	case v.Cmap != "auto" && v.Sign == All:
		return "the colour map " + v.Cmap + " runs from against to for the explained class"
	case v.Cmap != "auto":
		return "the colour map " + v.Cmap + " runs from 0 to the largest magnitude"
	case v.Sign == All && v.Colors == "captum":
		return "green speaks for the explained class, red against it"
	case v.Sign == All:
		return "blue speaks for the explained class, orange against it"
	case v.Colors == "captum":
		return map[Sign]string{Absolute: "absolute maps run from white to blue", Positive: "what speaks for the class runs from white to green", Negative: "what speaks against it from white to red"}[v.Sign]
	}
	return map[Sign]string{Absolute: "absolute maps run from white to dark blue", Positive: "what speaks for the class runs from white to dark blue", Negative: "what speaks against it from white to brown"}[v.Sign]
}
