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

// Window is a rectangle of pixels in images of one size: Rows by Cols, the first
// at place From, rows Width apart and channels Area. Cols is a multiple of 4.
type Window struct{ From, Rows, Cols, Width, Area int }

// Nearest offers a centre to the pixels of a window: where the distance
//
//	weight*(dy[r]+dx[c]) + sum over channels (x - centre)^2
//
// is below dist, that and the label are replaced by it and id. x has the channels
// of the image one after the other, dist and label are [Area], dy [Rows], dx
// [Cols], centre [channels]. Every operation is rounded. Where a window's width is
// no multiple of 4, dx is infinite behind it; these places may lie in the next
// row, or behind the image, where x, dist and label must have room for them.
func Nearest(w Window, x, centre, dy, dx []float64, weight float64, id int, dist []float64, label []int64) {
	last := w.From + (w.Rows-1)*w.Width + w.Cols
	if w.From < 0 || w.Cols%4 != 0 || len(dy) != w.Rows || len(dx) != w.Cols || len(centre) == 0 || last > len(dist) || last > len(label) || (len(centre)-1)*w.Area+last > len(x) {
		panic("model: a window beyond its image")
	}
	if w.Rows == 0 || w.Cols == 0 {
		return
	}
	set().Nearest64(w.Rows, w.Cols, len(centre), &x[w.From], w.Area, w.Width, &centre[0], &dy[0], &dx[0], weight, id, &dist[w.From], &label[w.From])
}

// Group adds rows of ld values to the sums of their labels: row r of x to row
// label[r] of set r%4 of sums, of which four lie apart values from each other, so
// that rows of one label do not wait for each other. ld is a multiple of 4.
func Group(label []int64, x []float64, ld int, sums []float64, apart int) {
	if ld%4 != 0 || len(x) < len(label)*ld || len(sums) < 4*apart {
		panic("model: rows or sums are too short")
	}
	n := len(label) &^ 3
	if n > 0 {
		set().Group64(n, ld, &label[0], &x[0], &sums[0], apart)
	}
	for r := n; r < len(label); r++ {
		to := sums[r%4*apart+int(label[r])*ld:][:ld]
		for j, v := range x[r*ld:][:ld] {
			to[j] += v
		}
	}
}
