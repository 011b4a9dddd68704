package attr

import "assay/model/rng"

// truncatedNormal draws from the standard normal distribution on [lo, hi], lo <
// hi, by proposals that are kept with a probability. Whatever the interval, one
// in ten is kept at least.
//
// Robert, "Simulation of Truncated Normal Variables", Statistics and Computing 5,
// 1995: the normal distribution proposes where the interval has a good part of
// it, the uniform one where the interval is short, and an exponential one in the
// tail.
func truncatedNormal(s *rng.Stream, lo, hi float64) float64 {
	if hi <= 0 {
		return -truncatedNormal(s, -hi, -lo)
	}
	// From here on lo < hi and 0 < hi; the density is largest at mode.
	mode := max(lo, 0)
	for {
		switch {
		case lo >= 1: // tail
			// Exponential of rate lo from lo on, cut off at hi.
			part := 1 - rng.Exp(-lo*(hi-lo))
			d := -rng.Log(1-float64(part*s.Float64())) / lo
			if x := min(lo+d, hi); s.Float64() < rng.Exp(-0.5*float64(d*d)) {
				return x
			}
		case hi-lo <= 2: // short
			x := lo + float64((hi-lo)*s.Float64())
			if s.Float64() < rng.Exp(-0.5*float64((x-mode)*(x+mode))) {
				return x
			}
		default:
			if x := s.Norm(); x >= lo && x <= hi {
				return x
			}
		}
	}
}
