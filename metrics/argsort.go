package metrics

import "math"

// argsort lists the indices of x from the least value to the largest, of equal
// values (0 and -0 are) the lower index first. x holds no NaN.
//
// It is a radix sort by the bytes of the numbers. Ranking maps is much of what
// comparing them costs, and this takes less than half the time of a sort by
// comparisons (BenchmarkPixelOrder).
func argsort(x []float64) []int32 {
	n := len(x)
	keys, spareKeys := make([]uint64, n), make([]uint64, n)
	order, spareOrder := make([]int32, n), make([]int32, n)
	var count [8][256]int32
	for i, v := range x {
		// As integers, floating-point numbers are in order of size but for the
		// sign; +0 makes -0 into 0.
		b := math.Float64bits(v + 0)
		if b>>63 == 1 {
			b = ^b
		} else {
			b |= 1 << 63
		}
		keys[i], order[i] = b, int32(i)
		for d := range count {
			count[d][byte(b>>(8*d))]++
		}
	}
	for d := range count {
		c := &count[d]
		if n == 0 || c[byte(keys[0]>>(8*d))] == int32(n) {
			continue // all have the same byte here
		}
		at := int32(0)
		for i, k := range c {
			c[i] = at
			at += k
		}
		for i, k := range keys {
			b := byte(k >> (8 * d))
			spareKeys[c[b]], spareOrder[c[b]] = k, order[i]
			c[b]++
		}
		keys, spareKeys = spareKeys, keys
		order, spareOrder = spareOrder, order
	}
	return order
}
