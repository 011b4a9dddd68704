package metrics

import (
	"cmp"
	"slices"
)

// pixelOrder lists the pixels 0..H*W-1 from the most important to the least,
// from the least if ascending. A pixel's importance is the sum over its
// channels of |attribution|, or of the attribution itself if signed. Of equal
// pixels the lower index comes first, whichever way the list runs.
func pixelOrder(m []float32, area int, signed, ascending bool) []int32 {
	type pixel struct {
		v  float64
		at int32
	}
	sum := make([]float64, area)
	channelSum(sum, m, !signed)
	ps := make([]pixel, area)
	for i, v := range sum {
		if !ascending {
			v = -v
		}
		ps[i] = pixel{v, int32(i)}
	}
	slices.SortFunc(ps, func(a, b pixel) int {
		if c := cmp.Compare(a.v, b.v); c != 0 {
			return c
		}
		return cmp.Compare(a.at, b.at)
	})
	order := make([]int32, area)
	for i, p := range ps {
		order[i] = p.at
	}
	return order
}
