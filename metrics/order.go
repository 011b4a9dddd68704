package metrics

import "slices"

// pixelOrder lists the pixels 0..H*W-1 from the most important to the least,
// from the least if ascending. A pixel's importance is the sum over its
// channels of |attribution|, or of the attribution itself if signed. Of equal
// pixels the lower index comes first, whichever way the list runs.
func pixelOrder(m []float32, area int, signed, ascending bool) []int32 {
	sum := make([]float64, area)
	channelSum(sum, m, !signed)
	if !ascending {
		for i, v := range sum {
			sum[i] = -v
		}
	}
	return argsort(sum)
}

// putsFirst tells whether a map puts any pixel before another. Where all are equal the
// order above is that of the indices, which says nothing of the map.
func putsFirst(m []float32, area int, signed bool) bool {
	sum := make([]float64, area)
	channelSum(sum, m, !signed)
	return slices.ContainsFunc(sum, func(v float64) bool { return v != sum[0] })
}
