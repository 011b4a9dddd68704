package model

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
