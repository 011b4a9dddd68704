package attr

import (
	"math"
	"slices"

	"assay/model/rng"
)

// factor is the centred Gram matrix H L H of numbers v under the Gaussian kernel
//
//	L_ij = exp(-(v_i-v_j)^2 / (2 width^2)), width the median of |v_i-v_j|,
//
// as P P^T, where P has few columns: the kernel is smooth, so that L is of low
// rank up to rounding, about 15 for 500 numbers of a bell curve. P is found by
// Cholesky's decomposition that takes the largest pivot next and stops when
// little is left, which asks for the entries of L that it needs alone.
//
// Fine & Scheinberg, "Efficient SVM Training Using Low-Rank Kernel
// Representations", JMLR 2, 2001; for HSIC, Gretton, Bousquet, Smola &
// Schoelkopf, "Measuring Statistical Dependence with Hilbert-Schmidt Norms", ALT
// 2005, section 4. n numbers take n*rank places instead of n^2.
type factor struct {
	rank   int
	ld     int       // from row to row, rank rounded up
	rows   []float64 // [n][ld] P
	square []float64 // [rank][rank] P^T P

	sorted []float64
	near   []float64
	left   []float64 // [n] diagonal of L less what the columns so far make of it
	cols   []float64 // [rank][n]
}

// gramLeft is the mean of the diagonal at which the decomposition stops. The
// eigenvalues of what is left sum to n times that, so an HSIC errs by no more than
// half of it.
const gramLeft = 1e-13

// decompose fills the factor from at least two numbers.
func (g *factor) decompose(v []float64) {
	n := len(v)
	g.sorted = append(g.sorted[:0], v...)
	slices.Sort(g.sorted)
	var width float64
	width, g.near = medianDistance(g.sorted, g.near)
	g.left = resize(g.left, n)
	for i := range g.left {
		g.left[i] = 1
	}
	g.cols, g.rank = g.cols[:0], 0
	for g.rank < n {
		var total float64
		pivot := 0
		for i, d := range g.left {
			total += d
			if d > g.left[pivot] {
				pivot = i
			}
		}
		if total <= gramLeft*float64(n) {
			break
		}
		g.column(v, pivot, width)
	}
	g.centre(n)
}

// column appends the column of a pivot.
func (g *factor) column(v []float64, pivot int, width float64) {
	n := len(v)
	g.cols = append(g.cols, make([]float64, n)...)
	before, col := g.cols[:g.rank*n], g.cols[g.rank*n:]
	for i := range col {
		switch {
		case width > 0:
			d := (v[i] - v[pivot]) / width
			col[i] = rng.Exp(-0.5 * float64(d*d))
		case v[i] == v[pivot]:
			col[i] = 1 // most values are equal: the limit of the others' kernel
		}
	}
	for ; len(before) > 0; before = before[n:] {
		p := before[pivot]
		for i, b := range before[:len(col)] {
			col[i] -= float64(b * p)
		}
	}
	root := math.Sqrt(g.left[pivot])
	for i := range col {
		col[i] /= root
		g.left[i] = math.Max(0, g.left[i]-float64(col[i]*col[i]))
	}
	g.left[pivot] = 0
	g.rank++
}

// centre takes its mean from every column, which is to multiply by H, and writes
// rows and squares.
func (g *factor) centre(n int) {
	g.ld = (g.rank + 3) &^ 3
	g.rows, g.square = resize(g.rows, n*g.ld), resize(g.square, g.rank*g.rank)
	for q := range g.rank {
		col := g.cols[q*n:][:n]
		var mean float64
		for _, c := range col {
			mean += c
		}
		mean /= float64(n)
		for i := range col {
			col[i] -= mean
			g.rows[i*g.ld+q] = col[i]
		}
		for p := range q + 1 {
			s := dot(col, g.cols[p*n:][:n])
			g.square[q*g.rank+p], g.square[p*g.rank+q] = s, s
		}
	}
}

// dot is the inner product of two vectors of one length: four sums that do not
// wait for each other, then theirs.
func dot(a, b []float64) float64 {
	var s [4]float64
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		b := b[:4]
		s[0] += float64(a[0] * b[0])
		s[1] += float64(a[1] * b[1])
		s[2] += float64(a[2] * b[2])
		s[3] += float64(a[3] * b[3])
	}
	for i := range a {
		s[i] += float64(a[i] * b[i])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// medianDistance returns the median of |a-b| over the pairs of an ascending
// list of at least two values, the lower one of two: the smallest distance that
// at least half of the pairs do not exceed, to the last bit. near is memory that
// it may use, and is returned.
func medianDistance(v, near []float64) (float64, []float64) {
	n := len(v)
	pairs := n * (n - 1) / 2
	want := (pairs + 1) / 2
	within := func(d float64) int {
		count, lo := 0, 0
		for hi, x := range v {
			for x-v[lo] > d {
				lo++
			}
			count += hi - lo
		}
		return count
	}
	few := within(0)
	if few >= want {
		return 0, near
	}
	// The bits of non-negative floats are ordered as the numbers are. few and many
	// are the pairs within lo and hi: when these are so near that a list holds what
	// lies between, the list is sorted.
	lo, hi, many := uint64(0), math.Float64bits(v[n-1]-v[0]), pairs
	for hi-lo > 1 && many-few > n {
		mid := lo + (hi-lo)/2
		if count := within(math.Float64frombits(mid)); count >= want {
			hi, many = mid, count
		} else {
			lo, few = mid, count
		}
	}
	if many-few > n {
		return math.Float64frombits(hi), near
	}
	near = near[:0]
	above, most := math.Float64frombits(lo), math.Float64frombits(hi)
	first, end := 0, 0 // from first on within most, from end on within above
	for _, x := range v {
		for x-v[first] > most {
			first++
		}
		for x-v[end] > above {
			end++
		}
		for _, y := range v[first:end] {
			near = append(near, x-y)
		}
	}
	slices.Sort(near)
	return near[want-few-1], near
}
