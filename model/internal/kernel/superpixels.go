package kernel

import "math"

// Colours is what Lab64 knows of the images' normalisation and of CIELAB. A
// value x of channel c stands for Scale[c]*x + Shift[c], 0 to 1.
type Colours struct {
	Scale, Shift [3]float64
	Matrix       [9]float64 // from linear light to X, Y, Z over the white's, row by row
	Lab          [4]float64 // L is Lab[0]*y + Lab[1], a Lab[2]*(x-y), b Lab[3]*(y-z)
	Grain        float64    // is added to results and subtracted again, which rounds them
	One          float64    // is 1
	Gamma, Root  Curve
}

// Curve is a power above a knee and a line up to it: for x in 0 to 2
//
//	x                                      from Top on
//	((x + Offset) * Factor) to the power   above Knee
//	x*Slope + Rise                         up to Knee
//
// What is raised is 2^-8 to 2, t = c (1+d), where c is the middle of the
// interval of numbers that have the same exponent and six more bits. d is at most
// 1/128 in size, so that five terms of the binomial series give (1+d)^p to 12
// digits.
type Curve struct {
	Knee, Top, Slope, Rise, Offset, Factor float64
	Term                                   [4]float64         // binomial coefficients of p over 1 to 4
	At                                     [CurveParts]Middle // the intervals, ascending
}

// Middle is an interval of a Curve: 1/c and c^p.
type Middle struct{ Inverse, Power float64 }

// CurveParts are the intervals of a Curve; CurveLowest is what the first one's
// numbers have for exponent and six bits.
const (
	CurveParts  = 9 * 64
	CurveLowest = (1023 - 8) << 6
)

func (c *Curve) of(x float64) float64 {
	switch {
	case x >= c.Top:
		return x
	case x > c.Knee:
		t := (x + c.Offset) * c.Factor
		m := &c.At[math.Float64bits(t)>>46-CurveLowest]
		d := float64(t*m.Inverse) - 1
		return m.Power * (1 + float64(d*(c.Term[0]+float64(d*(c.Term[1]+float64(d*(c.Term[2]+float64(d*c.Term[3]))))))))
	}
	return float64(x*c.Slope) + c.Rise
}
