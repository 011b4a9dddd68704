package model

import "assay/model/internal/kernel"

// Separable is a linear map of images [C,H,W] that mixes the rows of every
// channel by one matrix and its columns by another, such as a convolution with a
// Gaussian. It is not safe for concurrent use.
//
// An output is a chain of float32 fused multiply-adds over the inputs from the
// first to the last, rows before columns, so that it has the same bits at every
// level. Of a banded matrix only the band is multiplied.
type Separable struct {
	shape      Shape
	rows, cols banded

	in, mixed []float32 // [C,H,W'], with rows of a multiple of 4
	across    []float32 // [W,C,H'], the same on its side
	out       []float32
	rowAt     []int32 // where the rows of in are
	colAt     []int32 // and those of across
}

// banded is a square matrix in the order that the kernels read it.
type banded struct {
	bands []band
	w     []float32
}

// band is six rows or fewer of a matrix without the columns where all are 0.
type band struct {
	row, m int // the first, and how many
	lo, k  int // the first column, and how many
	w      int // where its weights are
}

// NewSeparable returns a map of images of a shape. It needs its matrices, by Set.
func NewSeparable(s Shape) *Separable {
	w, h := pad4(s.W), pad4(s.H)
	o := &Separable{
		shape: s,
		in:    make([]float32, s.C*s.H*w), mixed: make([]float32, s.C*s.H*w),
		across: make([]float32, s.W*s.C*h), out: make([]float32, s.W*s.C*h),
		rowAt: make([]int32, s.H), colAt: make([]int32, s.W),
	}
	for i := range o.rowAt {
		o.rowAt[i] = int32(i * w)
	}
	for i := range o.colAt {
		o.colAt[i] = int32(i * s.C * h)
	}
	return o
}

// Set makes the matrices rows [H,H] and cols [W,W], of which row i makes output
// i. They are rounded to float32.
func (o *Separable) Set(rows, cols []float64) {
	if len(rows) != o.shape.H*o.shape.H || len(cols) != o.shape.W*o.shape.W {
		panic("model: separable: matrices of another size than the image")
	}
	o.rows.set(rows, o.shape.H)
	o.cols.set(cols, o.shape.W)
}

// set packs a matrix [n,n].
func (p *banded) set(m []float64, n int) {
	const most = 6 // rows that a kernel takes
	p.bands, p.w = p.bands[:0], p.w[:0]
	for first := 0; first < n; first += most {
		b := band{row: first, m: min(most, n-first), w: len(p.w)}
		lo, hi := n, 0
		for i := first; i < first+b.m; i++ {
			row := m[i*n : (i+1)*n]
			for j := 0; j < lo; j++ {
				if float32(row[j]) != 0 {
					lo = j
				}
			}
			for j := n - 1; j >= hi; j-- {
				if float32(row[j]) != 0 {
					hi = j + 1
				}
			}
		}
		if lo < hi {
			b.lo, b.k = lo, hi-lo
		}
		for t := b.lo; t < b.lo+b.k; t++ {
			for i := first; i < first+b.m; i++ {
				p.w = append(p.w, float32(m[i*n+t]))
			}
		}
		p.bands = append(p.bands, b)
	}
}

// pad4 rounds up to a multiple of 4.
func pad4(n int) int { return (n + 3) &^ 3 }

// Apply writes the map of x into dst, both [C*H*W] of finite numbers; they may be
// the same.
func (o *Separable) Apply(x, dst []float32) { o.apply(set(), x, dst) }

func (o *Separable) apply(k *kernel.Set, x, dst []float32) {
	s := o.shape
	if len(x) != s.Size() || len(dst) != s.Size() {
		panic("model: separable: image of another size")
	}
	w, h := pad4(s.W), pad4(s.H)
	if w != s.W {
		for r := range s.C * s.H {
			copy(o.in[r*w:], x[r*s.W:(r+1)*s.W])
		}
		x = o.in
	}
	for c := range s.C {
		at := c * s.H * w
		o.rows.mix(k, o.rowAt, x[at:], w, o.mixed[at:], w)
		k.Transpose(s.H, s.W, &o.mixed[at], w, &o.across[c*h], s.C*h)
	}
	o.cols.mix(k, o.colAt, o.across, s.C*h, o.out, s.C*h)
	for c := range s.C {
		k.Transpose(s.W, s.H, &o.out[c*h], s.C*h, &dst[c*s.H*s.W], s.W)
	}
}

// mix multiplies rows of n values of x, which lie at the given places, by the
// matrix. The rows of dst are ld apart.
func (p *banded) mix(k *kernel.Set, at []int32, x []float32, n int, dst []float32, ld int) {
	for _, b := range p.bands {
		if b.k == 0 {
			for r := range b.m {
				clear(dst[(b.row+r)*ld:][:n])
			}
			continue
		}
		k.Gemm(b.m, n, b.k, &at[b.lo], &x[0], &p.w[b.w], &noBias[0], &dst[b.row*ld], ld)
	}
}
