package metrics

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
