package metrics

import (
	"math"
	"slices"
)

// Kendall returns the rank correlation tau-b of two lists of equal length, -1 to
// 1: pairs of places that both lists put in the same order less those they put
// in opposite order, over the geometric mean of the pairs that are not equal in
// the first list and of those that are not in the second.
//
// Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 33 (1945),
// computed in O(n log n) as in Knight, "A Computer Method for Calculating
// Kendall's Tau with Ungrouped Data", Journal of the American Statistical
// Association 61 (1966). It is NaN, undefined, where a list is constant, holds a
// NaN or has fewer than two values. It panics where the lengths differ.
func Kendall(a, b []float64) float64 {
	if len(a) != len(b) {
		panic("metrics: Kendall of lists of different lengths")
	}
	return newOrdering(a).kendall(newOrdering(b))
}

// ordering is the order of a list's values, ready to be compared with others.
// All is counted in whole numbers, so no order of summation matters.
type ordering struct {
	at    []int32 // places from the least value to the largest; nil where there is no order (a NaN, under two values)
	level []int32 // of each place: how many different values are less
	free  int64   // pairs of places whose values differ
}

func newOrdering(x []float64) ordering {
	n := len(x)
	if n < 2 || slices.ContainsFunc(x, math.IsNaN) {
		return ordering{}
	}
	o := ordering{at: argsort(x), level: make([]int32, n), free: pairs(n)}
	for i, level := 0, int32(0); i < n; level++ {
		from := i
		for ; i < n && x[o.at[i]] == x[o.at[from]]; i++ {
			o.level[o.at[i]] = level
		}
		o.free -= pairs(i - from)
	}
	return o
}

// pairs counts the pairs among n things.
func pairs(n int) int64 { return int64(n) * int64(n-1) / 2 }

func (o ordering) kendall(p ordering) float64 {
	if o.free == 0 || p.free == 0 {
		return math.NaN()
	}
	n := len(o.at)
	// The levels of p, by rising level of o and, where those are equal, of p:
	// p's places in order, dealt to the levels of o.
	next := make([]int32, n) // of each level of o, where its next goes
	for i, at := range o.at {
		if i > 0 && o.level[at] != o.level[o.at[i-1]] {
			next[o.level[at]] = int32(i)
		}
	}
	dealt := make([]int32, n)
	for _, at := range p.at {
		l := o.level[at]
		dealt[next[l]] = p.level[at]
		next[l]++
	}
	// Pairs equal in both lists now stand side by side.
	both := int64(0)
	for i := 0; i < n; {
		from := i
		for i < n && dealt[i] == dealt[from] && o.level[o.at[i]] == o.level[o.at[from]] {
			i++
		}
		both += pairs(i - from)
	}
	// Pairs that are equal in neither list agree, or are inverted in dealt.
	inverted := inversions(dealt, make([]int32, n))
	neither := o.free + p.free - pairs(n) + both
	// The root of a square is exact, so equal orders give 1 and not nearly 1.
	return float64(neither-2*inverted) / math.Sqrt(float64(o.free)*float64(p.free))
}

// inversions sorts x by merging and counts its pairs that stood in falling
// order. spare is as long as x.
func inversions(x, spare []int32) int64 {
	if len(x) < 2 {
		return 0
	}
	half := len(x) / 2
	count := inversions(x[:half], spare[:half]) + inversions(x[half:], spare[half:])
	copy(spare, x)
	left, right := spare[:half], spare[half:]
	for i := range x {
		if len(right) == 0 || len(left) > 0 && left[0] <= right[0] {
			x[i], left = left[0], left[1:]
			continue
		}
		// It was behind all that is left of the first half.
		count += int64(len(left))
		x[i], right = right[0], right[1:]
	}
	return count
}
