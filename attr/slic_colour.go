package attr

import (
	"math"

	"assay/model"
	"assay/model/rng"
)

// colours fills lab.
func (g *slic) colours(e *Env, x []float32, s model.Shape) {
	g.lab = resize(g.lab, s.Size()+3)
	area := s.H * s.W
	if s.C == 3 && len(e.Mean) == 3 && len(e.Std) == 3 {
		for j := range area {
			var v [3]float64
			for c := range v {
				v[c] = linearLight(float64(float64(x[c*area+j])*float64(e.Std[c])) + float64(e.Mean[c]))
			}
			g.lab[j], g.lab[area+j], g.lab[2*area+j] = cielab(v)
		}
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = math.Min(lo, float64(v)), math.Max(hi, float64(v))
	}
	for j, v := range x {
		if hi > lo {
			g.lab[j] = 100 * ((float64(v) - lo) / (hi - lo))
		}
	}
}

// linearLight undoes the transfer curve of sRGB (IEC 61966-2-1) of a value that
// is 0 to 1 in an image.
func linearLight(v float64) float64 {
	switch {
	case v >= 1:
		return 1
	case v > 0.04045:
		return gamma.raise((v + 0.055) / 1.055)
	case v > 0:
		return v / 12.92
	}
	return 0
}

// cielab turns linear sRGB into CIELAB under D65 (CIE 15).
func cielab(v [3]float64) (l, a, b float64) {
	fx := lightness((float64(0.4124564*v[0]) + float64(0.3575761*v[1]) + float64(0.1804375*v[2])) / 0.95047)
	fy := lightness(float64(0.2126729*v[0]) + float64(0.7151522*v[1]) + float64(0.0721750*v[2]))
	fz := lightness((float64(0.0193339*v[0]) + float64(0.1191920*v[1]) + float64(0.9503041*v[2])) / 1.08883)
	return float64(116*fy) - 16, 500 * (fx - fy), 200 * (fy - fz)
}

// lightness is the cube root of t, and near 0 a line.
func lightness(t float64) float64 {
	if t <= 216.0/24389 {
		return (float64(t*(24389.0/27)) + 16) / 116
	}
	return cubeRoot.raise(t)
}

// power raises numbers of 2^-8 to 2 to a fixed power. Such a number is c (1+d),
// where c is the middle of the interval of numbers that have the same exponent and
// six more bits, so that d is at most 1/128 in size and five terms of the
// binomial series give (1+d)^p to 12 digits. An image has thousands of these; exp
// and log take several times as long.
type power struct {
	at   [9 * 64]struct{ inverse, power float64 } // 1/c and c^p, ascending
	term [4]float64                               // binomial coefficients of p over 1 to 4
}

// lowest is what the first interval's numbers have for exponent and six bits.
const lowest = (1023 - 8) << 6

var gamma, cubeRoot = newPower(2.4), newPower(1.0 / 3)

func newPower(p float64) *power {
	w := &power{}
	for i := range w.at {
		c := math.Float64frombits(uint64(i+lowest)<<46 | 1<<45)
		w.at[i].inverse, w.at[i].power = 1/c, rng.Exp(float64(p*rng.Log(c)))
	}
	b := 1.0
	for k := range w.term {
		b = b * (p - float64(k)) / float64(k+1)
		w.term[k] = b
	}
	return w
}

// raise returns x to the power.
func (w *power) raise(x float64) float64 {
	c := &w.at[math.Float64bits(x)>>46-lowest]
	d := float64(x*c.inverse) - 1
	return c.power * (1 + float64(d*(w.term[0]+float64(d*(w.term[1]+float64(d*(w.term[2]+float64(d*w.term[3]))))))))
}
