package kernel

// Set is one level's kernels. All fields are set. The functions allocate
// nothing and keep no pointer; they are safe for concurrent use on disjoint
// outputs. The formulas below are exact: fma rounds once, every other
// operation rounds to float32 by itself, in the order written.
type Set struct {
	// Name is the level's name.
	Name string

	// Gemm computes m rows of n outputs from k gathered input rows: for i < m,
	// j < n
	//
	//	acc = bias[i], or out[i*om+j] if bias is nil
	//	for t < k: acc = fma(w[t*m+i], x[off[t]+j], acc)
	//	out[i*om+j] = acc
	//
	// 1 <= m <= 6, k >= 0. With an offset table it is a convolution, with
	// off[t] = t*ld a matrix product. Work is tiled by m rows, so m = 6 is the
	// fastest, and full speed wants n a multiple of 16 (avx2) or 64 (avx512).
	Gemm func(m, n, k int, off *int32, x, w, bias, out *float32, om int)

	// Conv computes m channels of n pixels of 16 floats from windows of an input
	// that has the channels of a pixel side by side: for i < m, p < n, l < 16
	//
	//	acc = bias[i], or out[i*OutChannel+p*OutPixel+l] if bias is nil
	//	for all steps of the window: acc = fma(w[i], x[p*XPixel+l], acc)
	//	out[i*OutChannel+p*OutPixel+l] = acc
	//
	// where x and w move on by 16 and by m after every step, and as Window says
	// between rows and between blocks. 1 <= m <= 6.
	Conv func(m, n int, win *Window, x, w, bias, out *float32)

	// Regroup moves pixels of 16 floats, whose channels are srcM apart, to where
	// these are dstM apart: for j < n, i < m, l < 16
	//
	//	dst[j*dstN+i*dstM+l] = src[j*srcN+i*srcM+l]
	Regroup func(n, m int, src *float32, srcN, srcM int, dst *float32, dstN, dstM int)

	// WGrad correlates m rows of output gradients with t shifted inputs: for
	// i < m, q < t
	//
	//	s = sum over r < rows, j < n of dy[i*dyChan+r*dyRow+j] * x[off[q]+r*xRow+j]
	//	out[i*outChan+q] = s, or out[i*outChan+q] + s if add
	//
	// The sum is eight chains: lane l starts at +0 and takes the j with
	// j%8 == l as fma(dy, x, lane), in order of r, then j; a row whose n is not
	// a multiple of 8 is continued by four zero terms in lanes 4 to 7. Then
	// s = ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7)).
	WGrad func(m, t, rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool)

	// SumRows is WGrad with x = 1 and t = 1: out[i] (+)= sum over r < rows,
	// j < n of dy[i*dyChan+r*dyRow+j], with the lanes and the tree of WGrad.
	SumRows func(m, rows, n int, dy *float32, dyRow, dyChan int, out *float32, add bool)

	// Outer4 adds four outer products: for i < o, j < k (a multiple of 4)
	//
	//	acc = out[i*ldo+j] if add, else +0
	//	for s < 4: acc = fma(g[i*4+s], xt[s*ldx+j], acc)
	//	out[i*ldo+j] = acc
	Outer4 func(o, k int, g, xt *float32, ldx int, out *float32, ldo int, add bool)
	// Outer4SGD is a step of SGD by four outer products, for i < o, j < k (a
	// multiple of 4), which are nowhere written down: with acc of Outer4 from
	// +0, as SGD does with g = acc, w and v having rows of ldo floats.
	Outer4SGD func(o, k int, g, xt *float32, ldx int, w, v *float32, ldo int, lr, mu, wd float32)

	// Transpose writes dst[j*ldd+i] = src[i*lds+j] for i < r, j < c; any r, c.
	// Full speed wants r a multiple of 8 and c of 4.
	Transpose func(r, c int, src *float32, lds int, dst *float32, ldd int)
	// Lanes16 interleaves 16 rows: dst[p*16+l] = src[l*ld+p] for p < rows.
	Lanes16 func(rows int, src *float32, ld int, dst *float32)
	// Rows16 is the inverse: dst[l*ld+p] = src[p*16+l] for p < rows.
	Rows16 func(rows int, src, dst *float32, ld int)
	// Lanes4 interleaves 4 rows: dst[p*4+l] = src[l*ld+p] for p < rows.
	Lanes4 func(rows int, src *float32, ld int, dst *float32)
	// Rows4 is the inverse: dst[l*ld+p] = src[p*4+l] for p < rows.
	Rows4 func(rows int, src, dst *float32, ld int)

	// ReLU: out = x if x > 0, else +0 (so -0 and NaN give +0).
	ReLU func(n int, x, out *float32)
	// ReLUGrad: out = g if x > 0, else +0.
	ReLUGrad func(n int, x, g, out *float32)
	// ReLURescale is DeepLift's Rescale rule for ReLU with the reference
	// activation xr: with d = x-xr,
	//
	//	out = g * ((ReLU(x)-ReLU(xr)) / d)  if |d| > 1e-10
	//	out = g if x > 0, else +0           otherwise
	ReLURescale func(n int, x, xr, g, out *float32)
	// Add: out = a + b.
	Add func(n int, a, b, out *float32)
	// Mul: out = a * b.
	Mul func(n int, a, b, out *float32)
	// Divide: with v = z, or +0 where z is -0, and d = v + eps with v's sign,
	//
	//	out = (scale*g) / d, or +0 where d is 0
	//
	// eps >= 0. It is the step of layer-wise relevance propagation that divides
	// relevance by a stabilised sum.
	Divide func(n int, z, g, out *float32, scale, eps float32)
	// Lerp: out = fma(alpha, x-b, b), the point at alpha between b and x.
	Lerp func(n int, alpha float32, x, b, out *float32)
	// AddScaled: out = fma(s, z, x).
	AddScaled func(n int, s float32, z, x, out *float32)
	// Acc64: acc = acc + w*float64(g) in float64, product and sum rounded each.
	Acc64 func(n int, w float64, g *float32, acc *float64)
	// Sq64: acc = acc + float64(g)*float64(g) in float64; the square is exact.
	Sq64 func(n int, g *float32, acc *float64)
	// SGD is one step of momentum mu, weight decay wd and learning rate lr in
	// PyTorch's convention (no dampening):
	//
	//	d = fma(wd, w, g); v = fma(mu, v, d); w = fma(-lr, v, w)
	SGD func(n int, w, v, g *float32, lr, mu, wd float32)
	// NotFinite reports whether x holds a NaN or an infinity.
	NotFinite func(n int, x *float32) bool

	// MaxPool takes the maximum over taps of pixels of `lanes` floats (4 or
	// 16): for p < nOut, l < lanes
	//
	//	y = floor
	//	for t < taps: v = x[off[t]+p*step+l]; if v > y { y = v }
	//	out[p*lanes+l] = y
	//
	// floor 0 fuses a ReLU before the pool; -Inf is the plain maximum. NaN is
	// never larger, so it is skipped.
	MaxPool func(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, out *float32)
	// MaxPoolGrad routes g to the maximum: for p < nOut ascending, l < lanes,
	// where y[p*lanes+l] > floor or floor is -Inf, at the first tap t with
	// x[off[t]+p*step+l] == y:
	//
	//	dx[offDx[t]+p*stepDx+l] += g[p*lanes+l]
	//
	// The caller clears dx first.
	MaxPoolGrad func(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, y, g *float32, offDx *int32, dx *float32, stepDx int)
	// MaxPoolGrad2x2 is MaxPoolGrad for windows of 2x2 pixels that tile x: the
	// taps of window p lie at 2*p*lanes, (2*p+1)*lanes and row floats after
	// those, in x as in dx. It writes every pixel of the windows, so the
	// caller clears nothing:
	//
	//	dx = g + 0 at the first tap that equals y, where y > floor or floor is -Inf; else 0
	MaxPoolGrad2x2 func(nOut, lanes int, x *float32, row int, floor float32, y, g, dx *float32)

	// ReLUChange is by how much ReLU changes from its value at r when d is added
	// to r, without the rounding of ReLU(r+d)-ReLU(r): with low = r if r < 0, else
	// +0, and high = r if r > 0, else +0,
	//
	//	c = d + low
	//	out = c if c > 0-high, else 0-high
	//
	// so it is d itself where r and r+d are above 0.
	ReLUChange func(n int, d, r, out *float32)
	// ReLUChangeRescale is DeepLift's Rescale rule for ReLU with that change c:
	//
	//	out = g * (c / d)          if d != 0
	//	out = g if r > 0, else +0  otherwise
	ReLUChangeRescale func(n int, d, r, g, out *float32)
	// MaxPoolChange is by how much a maximum changes from its value yr at r when
	// d is added to r: for p < nOut, l < lanes (4 or 16)
	//
	//	y = floor - yr
	//	for t < taps: v = (r_t-yr) + d_t; if v > y { y = v }
	//	out[p*lanes+l] = y
	//
	// with r_t = r[off[t]+p*step+l], d likewise, and yr addressed like out. Where
	// the maximum stays at its place that is d_t itself, not a difference of two
	// rounded sums. floor is MaxPool's for yr.
	MaxPoolChange func(nOut, lanes, taps int, off *int32, d, r *float32, step int, yr *float32, floor float32, out *float32)
	// MaxPoolChangeRescale is DeepLift's Rescale rule for max-pooling by the
	// cross-maximum (Shrikumar et al. 2017, as published with the authors' code)
	// with that change c: for p < nOut ascending, l < lanes
	//
	//	c > 0: at the first tap t with (r_t-yr) + d_t == c  dx_t += g * (c/d_t)
	//	c < 0: at the first tap t with r_t == yr            dx_t += g * (c/d_t)
	//
	// and nothing if it is 0. c, yr and g are addressed alike. 0 <= c/d_t <= 1,
	// since rounding is monotonic.
	MaxPoolChangeRescale func(nOut, lanes, taps int, off *int32, d, r *float32, step int, c, yr, g *float32, offDx *int32, dx *float32, stepDx int)

	Perturbing

	// PeakFMA runs n rounds of independent fused multiply-adds in registers
	// at the level's full width and returns the floating-point operations
	// done, two per multiply-add: the measure of a core's float32 peak.
	PeakFMA func(n int) int
}

// Window says what the pixels of a call of Conv read, and where they lie. All
// distances count floats.
type Window struct {
	Blocks int // of rows
	Rows   int // of steps, in a block; 0 for a window without steps
	Quads  int // a row has 4*Quads + Rest steps
	Rest   int
	XRow   int // from behind a row of x to the next one of the block
	XBlock int // from behind a block to the next one
	WRow   int // the same of w
	WBlock int
	WAhead int // to the weights that are needed some time after, which are fetched
	XPixel int // from a pixel's window to the next one's

	OutPixel, OutChannel int // from one output to the next
}

// rescaleFloor is the |x-xr| up to which ReLURescale takes the plain
// gradient, Captum's eps of 1e-10 rounded to float32.
const rescaleFloor float32 = 1e-10

// maxRows is the largest m of Gemm.
const maxRows = 6
