package rng

import "math"

// Go's math.Exp and math.Log use other instructions on other CPUs, which moves
// the last bit. These two use additions, multiplications and divisions alone,
// each rounded by itself (the conversions forbid fused multiply-add), so they
// give the same bits everywhere. Both are within 1 ulp of the true value.

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns e**x.
//
// Reduction x = k ln2 + r, |r| <= ln2/2, then the rational approximation
// e**r = 1 + 2r/(R-r) of W. J. Cody and W. Waite, "Software Manual for the
// Elementary Functions", 1980, with the minimax polynomial of FreeBSD's e_exp.c.
func Exp(x float64) float64 {
	switch {
	case x != x || x > 7.09782712893383973096e+02:
		return x * math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	hi := x - float64(k*ln2Hi)
	lo := float64(k * ln2Lo)
	r := hi - lo
	t := float64(r * r)
	p := 1.66666666666666657415e-01
	p += float64(t * (-2.77777777770155933842e-03 + float64(t*(6.61375632143793436117e-05+float64(t*(-1.65339022054652515390e-06+float64(t*4.13813679705723846039e-08)))))))
	c := r - float64(t*p)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	if k < -1020 || k > 1023 {
		return math.Ldexp(y, int(k))
	}
	return y * math.Float64frombits(uint64(int64(k)+1023)<<52) // exact
}

// Log returns the natural logarithm of x > 0.
//
// x = 2**k (1+f), then log(1+f) by the minimax polynomial in s = f/(2+f) of
// FreeBSD's e_log.c.
func Log(x float64) float64 {
	switch {
	case x != x || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f1, ki := math.Frexp(x)
	if f1 < math.Sqrt2/2 {
		f1 *= 2
		ki--
	}
	f := f1 - 1
	k := float64(ki)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (6.666666666666735130e-01 + float64(s4*(2.857142874366239149e-01+float64(s4*(1.818357216161805012e-01+float64(s4*1.479819860511658591e-01)))))))
	t2 := float64(s4 * (3.999999999940941908e-01 + float64(s4*(2.222219843214978396e-01+float64(s4*1.531383769920937332e-01)))))
	r := t1 + t2
	h := float64(0.5 * float64(f*f))
	return float64(k*ln2Hi) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo))) - f)
}
