package metrics

import (
	"math"
	"slices"
)

// Spearman returns the rank correlation of two lists of equal length, -1 to 1:
// Pearson's correlation of their ranks, where equal values share the mean of
// the ranks they take up.
//
// Spearman, "The Proof and Measurement of Association between Two Things", The
// American Journal of Psychology 15 (1904). It is NaN, undefined, where a list
// is constant, holds a NaN or has fewer than two values. It panics where the
// lengths differ.
func Spearman(a, b []float64) float64 {
	if len(a) != len(b) {
		panic("metrics: Spearman of lists of different lengths")
	}
	return rank(a).correlation(rank(b))
}

// ranks are the ranks of a list less their mean, ready to be correlated with
// others. Ranks are multiples of 1/2, so the sums of their products are exact
// and no order of summation matters.
type ranks struct {
	centred []float64 // nil where the list has no ranks (a NaN, under two values)
	squares float64   // their sum
}

func rank(x []float64) ranks {
	n := len(x)
	if n < 2 || slices.ContainsFunc(x, math.IsNaN) {
		return ranks{}
	}
	at := argsort(x)
	r := ranks{centred: make([]float64, n)}
	for i := 0; i < n; {
		j := i + 1
		for j < n && x[at[j]] == x[at[i]] {
			j++
		}
		// Places i..j-1 of 0..n-1 share their mean; the mean of all is (n-1)/2.
		v := float64(i+j-1)/2 - float64(n-1)/2
		for ; i < j; i++ {
			r.centred[at[i]] = v
			r.squares += float64(v * v)
		}
	}
	return r
}

func (r ranks) correlation(o ranks) float64 {
	if r.squares == 0 || o.squares == 0 {
		return math.NaN()
	}
	sum := 0.0
	for i, v := range r.centred {
		sum += float64(v * o.centred[i])
	}
	// The root of a square is exact, so equal rankings give 1 and not nearly 1.
	return sum / math.Sqrt(r.squares*o.squares)
}
