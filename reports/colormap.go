package reports

import (
	"image/color"
	"maps"
	"slices"
	"strings"
)

// colormap maps [lo, hi] to colours by linear interpolation in sRGB between
// equally spaced anchors.
type colormap struct {
	lo, hi  float64
	anchors []color.NRGBA
}

// The maps of the figures. Diverging is told apart with every kind of colour
// blindness and in print; rdWhGn is the default of Captum's visualisation: red
// below zero, green above, white at zero.
var (
	diverging = colormap{-1, 1, []color.NRGBA{
		{120, 45, 0, 255},
		{213, 94, 0, 255},
		{245, 190, 140, 255},
		{255, 255, 255, 255},
		{150, 200, 235, 255},
		{0, 114, 178, 255},
		{0, 50, 100, 255},
	}}
	sequential = colormap{0, 1, []color.NRGBA{
		{255, 255, 255, 255},
		{190, 218, 240, 255},
		{86, 160, 215, 255},
		{0, 100, 170, 255},
		{0, 40, 90, 255},
	}}
	against = colormap{0, 1, []color.NRGBA{
		{255, 255, 255, 255},
		{250, 222, 195, 255},
		{238, 160, 90, 255},
		{190, 80, 0, 255},
		{100, 38, 0, 255},
	}}
	rdWhGn = colormap{-1, 1, []color.NRGBA{{255, 0, 0, 255}, {255, 255, 255, 255}, {0, 128, 0, 255}}}
)

// anchors are the colour maps that a picture can name: ours, Captum's, and
// matplotlib's usual ones. ColorBrewer's (Brewer, colorbrewer2.org) are
// interpolated between its classes, as matplotlib does; the perceptual ones
// (viridis to cividis, coolwarm) between nine of their colours, which is within
// a few units of the full tables.
var anchors = map[string][]color.NRGBA{
	"orange_blue":  diverging.anchors,
	"white_blue":   sequential.anchors,
	"white_orange": against.anchors,
	"RdWhGn":       rdWhGn.anchors,

	"Greys":   rgb(0xffffff, 0xf0f0f0, 0xd9d9d9, 0xbdbdbd, 0x969696, 0x737373, 0x525252, 0x252525, 0x000000),
	"Blues":   rgb(0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b),
	"Greens":  rgb(0xf7fcf5, 0xe5f5e0, 0xc7e9c0, 0xa1d99b, 0x74c476, 0x41ab5d, 0x238b45, 0x006d2c, 0x00441b),
	"Reds":    rgb(0xfff5f0, 0xfee0d2, 0xfcbba1, 0xfc9272, 0xfb6a4a, 0xef3b2c, 0xcb181d, 0xa50f15, 0x67000d),
	"Oranges": rgb(0xfff5eb, 0xfee6ce, 0xfdd0a2, 0xfdae6b, 0xfd8d3c, 0xf16913, 0xd94801, 0xa63603, 0x7f2704),
	"Purples": rgb(0xfcfbfd, 0xefedf5, 0xdadaeb, 0xbcbddc, 0x9e9ac8, 0x807dba, 0x6a51a3, 0x54278f, 0x3f007d),
	"gray":    rgb(0x000000, 0xffffff),

	"viridis": rgb(0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21908c, 0x27ad81, 0x5dc863, 0xaadc32, 0xfde725),
	"magma":   rgb(0x000004, 0x1c1044, 0x4f127b, 0x812581, 0xb5367a, 0xe55964, 0xfb8761, 0xfec287, 0xfcfdbf),
	"inferno": rgb(0x000004, 0x210c4a, 0x56106e, 0x89226a, 0xbb3754, 0xe35932, 0xf98c0a, 0xf9c932, 0xfcffa4),
	"plasma":  rgb(0x0d0887, 0x4c02a1, 0x7e03a8, 0xaa2395, 0xcc4678, 0xe66c5c, 0xf89441, 0xfdc328, 0xf0f921),
	"cividis": rgb(0x00204d, 0x00336f, 0x39486b, 0x575c6d, 0x707173, 0x8a8779, 0xa69d75, 0xc4b56c, 0xffea46),

	"RdBu":     rgb(0x67001f, 0xb2182b, 0xd6604d, 0xf4a582, 0xfddbc7, 0xf7f7f7, 0xd1e5f0, 0x92c5de, 0x4393c3, 0x2166ac, 0x053061),
	"PuOr":     rgb(0x7f3b08, 0xb35806, 0xe08214, 0xfdb863, 0xfee0b6, 0xf7f7f7, 0xd8daeb, 0xb2abd2, 0x8073ac, 0x542788, 0x2d004b),
	"PiYG":     rgb(0x8e0152, 0xc51b7d, 0xde77ae, 0xf1b6da, 0xfde0ef, 0xf7f7f7, 0xe6f5d0, 0xb8e186, 0x7fbc41, 0x4d9221, 0x276419),
	"BrBG":     rgb(0x543005, 0x8c510a, 0xbf812d, 0xdfc27d, 0xf6e8c3, 0xf5f5f5, 0xc7eae5, 0x80cdc1, 0x35978f, 0x01665e, 0x003c30),
	"coolwarm": rgb(0x3b4cc0, 0x6282ea, 0x8db0fe, 0xb8d0f9, 0xdddddd, 0xf5c4ac, 0xf49a7b, 0xde604d, 0xb40426),
	"bwr":      rgb(0x0000ff, 0xffffff, 0xff0000),
	"seismic":  rgb(0x00004c, 0x0000ff, 0xffffff, 0xff0000, 0x800000),
}

func rgb(colors ...uint32) []color.NRGBA {
	out := make([]color.NRGBA, len(colors))
	for i, c := range colors {
		out[i] = color.NRGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255}
	}
	return out
}

// Cmaps lists the names of the colour maps in alphabetical order, that of
// matplotlib for those that it has too. Each also exists backwards, with _r
// behind its name.
func Cmaps() []string { return slices.Sorted(maps.Keys(anchors)) }

// cmapOf returns the anchors of a name, backwards where it ends in _r; nil for
// a name that does not exist.
func cmapOf(name string) []color.NRGBA {
	if a, ok := anchors[name]; ok {
		return a
	}
	base, ok := strings.CutSuffix(name, "_r")
	if !ok || anchors[base] == nil {
		return nil
	}
	a := slices.Clone(anchors[base])
	slices.Reverse(a)
	return a
}

// at returns the colour of x, the end colour beyond the range.
func (m *colormap) at(x float64) color.NRGBA {
	t := (x - m.lo) / (m.hi - m.lo) * float64(len(m.anchors)-1)
	if !(t > 0) {
		return m.anchors[0]
	}
	if t >= float64(len(m.anchors)-1) {
		return m.anchors[len(m.anchors)-1]
	}
	i := int(t)
	a, b, f := m.anchors[i], m.anchors[i+1], t-float64(i)
	mix := func(p, q uint8) uint8 {
		return uint8(float64(float64(p)*(1-f)) + float64(float64(q)*f) + 0.5)
	}
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}
