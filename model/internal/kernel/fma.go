package kernel

import "math"

// FMA returns x*y+z rounded once to float32, as the hardware's fused
// multiply-add does, for all values including subnormals, overflow, signed
// zeros and infinities; a NaN is some NaN.
//
// The product of two float32 is exact in float64 (24+24 <= 53 bits). Rounding
// the float64 sum to float32 rounds twice, which goes wrong only if the first
// rounding lands on the middle between two float32. Away from the middle the
// short way is right; else fmaOdd takes the long one. (math.FMA does not help:
// it too rounds to float64 first.)
func FMA(x, y, z float32) float32 {
	s := float64(x)*float64(y) + float64(z)
	if b := math.Float64bits(s); b&midMask != midBits && b<<1 >= minNormal<<1 {
		return float32(s)
	}
	return fmaOdd(x, y, z)
}

// fmaRow sets acc[j] = FMA(a, x[j], acc[j]): the compiler does not inline FMA,
// and a call costs as much as the arithmetic.
func fmaRow(a float32, x, acc []float32) {
	acc = acc[:len(x)]
	for j, v := range x {
		s := float64(a)*float64(v) + float64(acc[j])
		if b := math.Float64bits(s); b&midMask != midBits && b<<1 >= minNormal<<1 {
			acc[j] = float32(s)
		} else {
			acc[j] = fmaOdd(a, v, acc[j])
		}
	}
}

const (
	// The 29 bits of a float64 fraction that a normal float32 has not: the
	// middle between two float32 has the first of them set alone.
	midMask = 1<<29 - 1
	midBits = 1 << 28
	// The bits of 2^-126, the least normal float32. Below it float32 has fewer
	// bits, so the middle is elsewhere.
	minNormal = (1023 - 126) << 52
)

// fmaOdd is FMA by rounding the sum to odd: of the two float64 around the true
// sum take the one with an odd last bit. As 53 >= 2*24+2, rounding that to
// float32 equals rounding the true sum (S. Boldo and G. Melquiond, "Emulation
// of FMA and correctly rounded sums: proved algorithms using rounding to odd",
// IEEE Trans. Computers 57(4), 2008).
func fmaOdd(x, y, z float32) float32 {
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	if s == 0 || math.IsInf(s, 0) || s != s {
		return float32(s) // exact: two float64 of this range cannot underflow
	}
	// TwoSum (Knuth): s + e is the exact sum.
	b := s - p
	e := (p - (s - b)) + (c - b)
	if e != 0 {
		bits := math.Float64bits(s)
		if bits&1 == 0 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}
