package attr

import (
	"math"

	"assay/model"
	"assay/model/rng"
)

// colours fills lab.
func (g *slic) colours(e *Env, x []float32, s model.Shape) {
	area := s.H * s.W
	if len(g.lab) != s.Size()+3 {
		g.lab = make([]float64, s.Size()+3)
	}
	if s.C == 3 && len(e.Mean) == 3 && len(e.Std) == 3 {
		for c := range s.C {
			linearLight(x[c*area:][:area], float64(e.Std[c]), float64(e.Mean[c]), g.lab[c*area:][:area])
		}
		cielab(g.lab[:area], g.lab[area:2*area], g.lab[2*area:3*area])
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = math.Min(lo, float64(v)), math.Max(hi, float64(v))
	}
	clear(g.lab)
	for j, v := range x {
		if hi > lo {
			g.lab[j] = 100 * ((float64(v) - lo) / (hi - lo))
		}
	}
}

// linearLight undoes the transfer curve of sRGB (IEC 61966-2-1) of values that
// are, times std and with the mean, 0 to 1 in an image.
func linearLight(x []float32, std, mean float64, light []float64) {
	for j, v := range x {
		v := float64(float64(v)*std) + mean
		switch {
		case v >= 1:
			v = 1
		case v > 0.04045:
			v = gamma.raise((v + 0.055) * (1 / 1.055))
		case v > 0:
			v *= 1 / 12.92
		default:
			v = 0
		}
		light[j] = v
	}
}

// toXYZ are the rows of the matrix from linear sRGB to CIE XYZ under D65, each
// over the white's value.
var toXYZ = [3][3]float64{
	{0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047},
	{0.2126729, 0.7151522, 0.0721750},
	{0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883},
}

// cielab turns linear sRGB, in three planes, into CIELAB under D65 (CIE 15).
func cielab(r, g, b []float64) {
	g, b = g[:len(r)], b[:len(r)]
	for j, red := range r {
		var f [3]float64
		for k := range f {
			m := &toXYZ[k]
			t := float64(m[0]*red) + float64(m[1]*g[j]) + float64(m[2]*b[j])
			if t > 216.0/24389 {
				f[k] = cubeRoot.raise(t)
			} else { // near 0 a line
				f[k] = float64(t*(24389.0/27/116)) + 16.0/116
			}
		}
		r[j], g[j], b[j] = float64(116*f[1])-16, 500*(f[0]-f[1]), 200*(f[1]-f[2])
	}
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
