package model

import (
	"sync"

	"assay/model/internal/kernel"
)

// The functions below are the inner loops of attribution methods on rows of
// values. They run on the SIMD kernels; every level gives the same bits.

// set is the kernels in use, for vector work outside a pass.
var set = sync.OnceValue(func() *kernel.Set { return kernel.For(activeLevel()) })

// Lerp writes the point at alpha between base (0) and x (1) into dst: base +
// alpha*(x-base), the difference rounded, then one fused multiply-add. All three
// have one length; dst may be x or base.
func Lerp(alpha float32, x, base, dst []float32) {
	n := sameLength(len(dst), len(x), len(base))
	if n > 0 {
		set().Lerp(n, alpha, &x[0], &base[0], &dst[0])
	}
	for i := n; i < len(dst); i++ {
		dst[i] = kernel.FMA(alpha, x[i]-base[i], base[i])
	}
}

// AddScaled writes x + s*z into dst, each a fused multiply-add. All three have
// one length; dst may be x or z.
func AddScaled(s float32, z, x, dst []float32) {
	n := sameLength(len(dst), len(z), len(x))
	if n > 0 {
		set().AddScaled(n, s, &z[0], &x[0], &dst[0])
	}
	for i := n; i < len(dst); i++ {
		dst[i] = kernel.FMA(s, z[i], x[i])
	}
}

// Accumulate adds w*g to acc in float64, product and sum rounded each.
func Accumulate(w float64, g []float32, acc []float64) {
	n := sameLength(len(acc), len(g))
	if n > 0 {
		set().Acc64(n, w, &g[0], &acc[0])
	}
	for i := n; i < len(acc); i++ {
		acc[i] += float64(w * float64(g[i]))
	}
}

// AccumulateSquares adds g*g to acc in float64.
func AccumulateSquares(g []float32, acc []float64) {
	n := sameLength(len(acc), len(g))
	if n > 0 {
		set().Sq64(n, &g[0], &acc[0])
	}
	for i := n; i < len(acc); i++ {
		acc[i] += float64(float64(g[i]) * float64(g[i]))
	}
}

// sameLength panics unless all lengths are equal, and returns how much of it
// the kernels can do: the multiple of 4.
func sameLength(n int, others ...int) int {
	for _, o := range others {
		if o != n {
			panic("model: vectors of different lengths")
		}
	}
	return n &^ 3
}
