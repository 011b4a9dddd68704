package model

import "math"

// The functions below are the inner loops of perturbation methods, as those of
// vector.go are of gradient methods.

// Mix writes rows of n values between two rows of x: row r is lo + s[r]*(hi-lo),
// where lo is the row from x[lo[r]] and hi that from x[hi[r]]. Every operation is
// rounded. s, lo and hi have one length, and dst that many rows.
func Mix(s []float32, lo, hi []int32, x []float32, n int, dst []float32) {
	sameLength(len(s), len(lo), len(hi))
	if len(s) == 0 || n == 0 {
		return
	}
	if n%4 == 0 {
		set().Mix(len(s), n, &s[0], &lo[0], &hi[0], &x[0], &dst[0])
		return
	}
	for r, share := range s {
		high, to := x[hi[r]:][:n], dst[r*n:][:n]
		for j, low := range x[lo[r]:][:n] {
			to[j] = low + float32(share*(high[j]-low))
		}
	}
}

// AccumulateMoments adds rows of len(sum) values, ld apart in x, to sums in
// float64, row r weighted by w[r], and their squares, weighted by w[r]^2, to
// squares. The square of a value is rounded to float32, all else to float64; a
// sum takes the rows one after the other.
func AccumulateMoments(w []float64, x []float32, ld int, sum, squares []float64) {
	n := sameLength(len(sum), len(squares))
	if len(w) == 0 {
		return
	}
	if len(x) < (len(w)-1)*ld+len(sum) {
		panic("model: rows are too short")
	}
	if n > 0 {
		set().Moments64(n, len(w), &w[0], &x[0], ld, &sum[0], &squares[0])
	}
	for r, weight := range w {
		for j := n; j < len(sum); j++ {
			v := x[r*ld+j]
			sum[j] += float64(weight * float64(v))
			squares[j] += float64(float64(weight*weight) * float64(v*v))
		}
	}
}

// SumRows adds the rows at the given places to dst, one after the other: row r
// has len(dst) values from x[r*ld].
func SumRows(at []int32, x []float64, ld int, dst []float64) {
	if len(at) == 0 {
		return
	}
	n := len(dst) &^ 3
	if n > 0 {
		set().SumRows64(n, len(at), &at[0], &x[0], ld, &dst[0])
	}
	for j := n; j < len(dst); j++ {
		for _, r := range at {
			dst[j] += x[int(r)*ld+j]
		}
	}
}

// AccumulateCubes adds the third powers of g to acc in float64. The square is
// exact, the product with it rounded.
func AccumulateCubes(g []float32, acc []float64) {
	n := sameLength(len(acc), len(g))
	if n > 0 {
		set().Cube64(n, &g[0], &acc[0])
	}
	for i := n; i < len(acc); i++ {
		v := float64(g[i])
		acc[i] += float64(float64(v*v) * v)
	}
}

// AccumulateFourths adds the fourth powers of g to acc in float64, third powers
// as in AccumulateCubes times g, rounded.
func AccumulateFourths(g []float32, acc []float64) {
	n := sameLength(len(acc), len(g))
	if n > 0 {
		set().Fourth64(n, &g[0], &acc[0])
	}
	for i := n; i < len(acc); i++ {
		v := float64(g[i])
		acc[i] += float64(float64(float64(v*v)*v) * v)
	}
}

// MeanError writes mean and standard error of the mean of count values, at least
// 2, from their sum and the sum of their squares: m = sum/count and
// sqrt((squares/count - m^2)/(count-1)), where what rounding left below 0 counts
// as 0. NaN stays.
func MeanError(count int, sum, squares []float64, mean, stderr []float32) {
	n := sameLength(len(sum), len(squares), len(mean), len(stderr))
	c := float64(count)
	if n > 0 {
		set().MeanError64(n, c, &sum[0], &squares[0], &mean[0], &stderr[0])
	}
	for i := n; i < len(sum); i++ {
		m := sum[i] / c
		mean[i] = float32(m)
		stderr[i] = float32(math.Sqrt(max(0, (squares[i]/c-float64(m*m))/(c-1))))
	}
}
