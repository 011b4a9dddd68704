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
	// Cube64 and Fourth64 add powers of float64(g) to acc, multiplied from the left
	// and rounded to float64 each time; the square is exact. n is a multiple of 4.
	Cube64, Fourth64 func(n int, g *float32, acc *float64)
	// MeanError64 tells mean and standard error from sums of count values and their
	// squares: for j < n, a multiple of 4,
	//
	//	m = sum[j]/count; mean[j] = float32(m)
	//	stderr[j] = float32(sqrt(max(0, (sq[j]/count-m*m)/(count-1))))
	//
	// every operation rounded to float64.
	MeanError64 func(n int, count float64, sum, sq *float64, mean, stderr *float32)
	// Lab64 turns n pixels of three planes of normalised sRGB into planes of CIELAB:
	// for j < n, c < 3, with Curve's formulas and NaN taken for 0
	//
	//	light[c] = Gamma of x[c*plane+j]*Scale[c]+Shift[c], which is cut to 0..Top
	//	f[c] = Root of Matrix[3c]*light[0] + Matrix[3c+1]*light[1] + Matrix[3c+2]*light[2]
	//	lab[j] = f[1]*Lab[0]+Lab[1]; lab[plane+j] = (f[0]-f[1])*Lab[2]; lab[2*plane+j] = (f[1]-f[2])*Lab[3]
	//
	// each with Grain added and subtracted, and every operation rounded to float64.
	// n is a multiple of 4.
	Lab64 func(n int, x *float32, plane int, c *Colours, lab *float64)
	// Nearest64 offers k centres to the pixels of their windows, one after the
	// other: for i < k and the pixels j at row r and column q of the window from row
	// window[4i] on, window[4i+1] rows, from column window[4i+2], window[4i+3] columns,
	// all at least 1, where c = centre[i*(chans+2):] has colour, row and column
	//
	//	d = weight*((place[q]-c[chans+1])^2 + (place[r]-c[chans])^2)
	//	for h < chans: v = x[h*plane+j]-c[h]; d = d + v*v
	//	if d < dist[j]: dist[j] = d; label[j] = i
	//
	// with j = r*ld+q, and every operation rounded to float64. place is 0, 1, 2 and so
	// on. x, dist, label and place have room for three numbers more than the image
	// has, which stay, and room is for a row's up to a multiple of 4. chans is at least 1.
	Nearest64 func(k, chans int, x *float64, plane, ld int, centre *float64, window *int32, place *float64, weight float64, dist *float64, label *int64, room *float64)
}

var portablePerturbing = Perturbing{
	Select16:  select16Go,
	Fade16:    fade16Go,
	Mix:       mixGo,
	Moments64: moments64Go,
	SumRows64: sumRows64Go,
	Nearest64: nearest64Go,

	Cube64: cube64Go, Fourth64: fourth64Go, MeanError64: meanError64Go,

	Lab64: lab64Go,
}
