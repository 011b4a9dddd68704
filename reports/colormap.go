package reports

import "image/color"

// colormap maps [lo, hi] to colours by linear interpolation in sRGB between
// equally spaced anchors.
type colormap struct {
	lo, hi  float64
	anchors []color.NRGBA
}

// The maps of the figures. Diverging is told apart with every kind of colour
// blindness and in print; captum's is the default of its visualisation: red
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
	captumDiverging = colormap{-1, 1, []color.NRGBA{{255, 0, 0, 255}, {255, 255, 255, 255}, {0, 128, 0, 255}}}
)

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
