package model

import (
	"fmt"
	"math"
	"sync"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// labRound added to a number and subtracted again leaves a multiple of 2^-24.
const labRound = 3 << 27

// RoundLab returns the multiple of 2^-24 nearest to v, of equals the even one; v
// is at most 2^27 in size. Sums of 2^22 such numbers of up to 128 are exact in
// float64, and so the same in any order.
func RoundLab(v float64) float64 {
	// The conversion keeps a product that a caller gives from being fused with the sum.
	return (float64(v) + labRound) - labRound
}

// CIELAB turns images that were normalised in one way into CIELAB.
type CIELAB struct {
	mean, std [3]float32
	colours   kernel.Colours
}

// NewCIELAB is for red, green and blue that times std and with the mean are 0 to 1
// in the sRGB of IEC 61966-2-1.
func NewCIELAB(mean, std [3]float32) *CIELAB {
	l := &CIELAB{mean, std, *sRGB()}
	for i := range mean {
		l.colours.Scale[i], l.colours.Shift[i] = float64(std[i]), float64(mean[i])
	}
	return l
}

// sRGB has all but the normalisation.
var sRGB = sync.OnceValue(func() *kernel.Colours {
	c := &kernel.Colours{
		Matrix: [9]float64{
			0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047,
			0.2126729, 0.7151522, 0.0721750,
			0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883,
		},
		Lab: [4]float64{116, -16, 500, 200}, Grain: labRound, One: 1,
		Gamma: kernel.Curve{Knee: 0.04045, Top: 1, Slope: 1 / 12.92, Offset: 0.055, Factor: 1 / 1.055},
		Root:  kernel.Curve{Knee: 216.0 / 24389, Top: math.Inf(1), Slope: 24389.0 / 27 / 116, Rise: 16.0 / 116, Factor: 1},
	}
	raise(&c.Gamma, 2.4)
	raise(&c.Root, 1.0/3)
	return c
})

// raise makes p the power of a curve.
func raise(c *kernel.Curve, p float64) {
	for i := range c.At {
		middle := math.Float64frombits(uint64(i+kernel.CurveLowest)<<46 | 1<<45)
		c.At[i] = kernel.Middle{Inverse: 1 / middle, Power: rng.Exp(float64(p * rng.Log(middle)))}
	}
	b := 1.0
	for k := range c.Term {
		b = b * (p - float64(k)) / float64(k+1)
		c.Term[k] = b
	}
}

// Is reports whether l is what NewCIELAB makes of mean and std.
func (l *CIELAB) Is(mean, std [3]float32) bool { return l.mean == mean && l.std == std }

// Write writes L, a and b of an image under D65 (CIE 15) to lab, rounded by
// RoundLab. x and lab have three planes of one size. What lies outside 0 to 1
// counts as 0 or 1, NaN as 0. Powers are right to 12 digits.
func (l *CIELAB) Write(x []float32, lab []float64) {
	n := len(x) / 3
	if len(x) != 3*n || len(lab) != 3*n {
		panic(fmt.Sprintf("model: %d values and %d of CIELAB are not three planes each", len(x), len(lab)))
	}
	lab64 := set().Lab64
	if n >= 4 {
		lab64(n&^3, &x[0], n, &l.colours, &lab[0])
		lab64(4, &x[n-4], n, &l.colours, &lab[n-4]) // where n is no multiple of 4
		return
	}
	var few [3 * 4]float32
	var of [3 * 4]float64
	for c := range 3 {
		copy(few[4*c:], x[c*n:][:n])
	}
	lab64(4, &few[0], 4, &l.colours, &of[0])
	for c := range 3 {
		copy(lab[c*n:][:n], of[4*c:])
	}
}
