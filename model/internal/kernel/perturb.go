package kernel

// Perturbing is the part of a Set that perturbation methods ask for: it writes
// perturbed inputs straight into the sixteen lanes that the network runs on, and
// sums up over samples.
type Perturbing struct {
	// Select16 writes value j of n of all lanes from the first that keep has no
	// bit for on, and leaves those below: for j < n, l < 16 with keep>>l&1 == 0
	//
	//	out[j*16+l] = x[j] if present[of[j]]>>l&1 == 1, else b[j]
	//
	// keep is 0 or 2^k-1, k < 16.
	Select16 func(n int, of *int32, present *uint32, x, b, out *float32, keep int)
	// Fade16 does it with shares: for the same j and l
	//
	//	out[j*16+l] = share[of[j]*16+l]*d[j] + b[j]
	Fade16 func(n int, of *int32, share, d, b, out *float32, keep int)
	// Mix writes rows between two others: for r < rows, j < n
	//
	//	out[r*n+j] = x[lo[r]+j] + s[r]*(x[hi[r]+j]-x[lo[r]+j])
	//
	// n is a multiple of 4.
	Mix func(rows, n int, s *float32, lo, hi *int32, x, out *float32)
	// Moments64 adds weighted rows and their squares to float64 sums: for j < n
	// and then for r < rows, with v = x[r*ld+j],
	//
	//	sum[j] = sum[j] + w[r]*float64(v)
	//	sq[j] = sq[j] + (w[r]*w[r])*float64(v*v)
	//
	// where v*v is rounded to float32, and every other product and sum to float64.
	Moments64 func(n, rows int, w *float64, x *float32, ld int, sum, sq *float64)
	// SumRows64 adds rows of float64 to a sum: for j < n
	//
	//	for r < rows: out[j] = out[j] + x[at[r]*ld+j]
	//
	// n is a multiple of 4.
	SumRows64 func(n, rows int, at *int32, x *float64, ld int, out *float64)
	// Nearest64 offers a centre to the pixels of a window: for r < rows, j < cols
	//
	//	d = weight*(dy[r]+dx[j])
	//	for c < chans: v = x[c*plane+r*ld+j]-centre[c]; d = d + v*v
	//	if d < dist[r*ld+j]: dist[r*ld+j] = d; label[r*ld+j] = id
	//
	// every operation rounded to float64. cols is a multiple of 4: what a window
	// has not is infinitely far in dx. chans is at least 1.
	Nearest64 func(rows, cols, chans int, x *float64, plane, ld int, centre, dy, dx *float64, weight float64, id int, dist *float64, label *int64)
	// Group64 adds rows to the sums of their labels, of which there are four sets:
	// for r < n, j < ld
	//
	//	s = sum[(r%4)*apart+label[r]*ld+j]; s = s + x[r*ld+j]
	//
	// n and ld are multiples of 4.
	Group64 func(n, ld int, label *int64, x, sum *float64, apart int)
}

var portablePerturbing = Perturbing{
	Select16:  select16Go,
	Fade16:    fade16Go,
	Mix:       mixGo,
	Moments64: moments64Go,
	SumRows64: sumRows64Go,
	Nearest64: nearest64Go,
	Group64:   group64Go,
}
