package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// linear adds y = w x + b on a flat activation of n features.
//
// With 4 lanes, a lane is a quarter of a vector, so vectors run over the inputs
// (over the outputs for the input gradient). With more it is a 1x1 convolution of
// one pixel.
func (b *graph) linear(l Layer, n int, x, w, bias *gorgonia.Node, needX, train bool) *gorgonia.Node {
	out := l.Out
	var o *op
	var packed *gorgonia.Node
	wide := b.lanes > 4
	if wide {
		g := linearGather(n, out, b.lanes)
		o, packed = g.op(true, true), b.apply(g.packOp(2), w)
	} else {
		o, packed = linear4(n, out), b.widened(n, out, w)
	}
	o.in = append(o.in, 2)
	o.wrt = []bool{needX, false, train && !l.NoBias, train}
	o.name += fmt.Sprint(" by ", o.wrt)
	o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		ds := make([]*gorgonia.Node, 4)
		switch {
		case needX && wide:
			g := linearGradGather(n, out, b.lanes)
			ds[0] = b.apply(g.op(false, true), grad, b.apply(g.packOp(2), in[3]))
		case needX:
			ds[0] = b.apply(linear4GradX(n, out), grad, b.widened(n, out, in[3]))
		}
		if train {
			if wide {
				ds[3] = b.apply(linearGradW(n, out, b.lanes), grad, in[0])
			} else {
				ds[3] = b.apply(linear4GradW(n, out), grad, in[0])
			}
			if !l.NoBias {
				s := sumOp(Shape{out, 1, 1}, b.lanes)
				s.in[0], s.name = 2, "flat "+s.name
				ds[2] = b.apply(s, grad)
			}
		}
		return ds
	}
	return b.apply(o, x, packed, bias, w)
}

// offsets is 0, step, 2 step, ... for n rows.
func offsets(n, step int) []int32 {
	off := make([]int32, max(n, 1))
	for i := range off {
		off[i] = int32(i * step)
	}
	return off
}

// widened returns the weight [out][n] with rows of a multiple of 4 floats.
func (b *graph) widened(n, out int, w *gorgonia.Node) *gorgonia.Node {
	if n%4 == 0 {
		return w
	}
	return b.apply(widenOp(out, n, (n+3)&^3), w)
}

// linear4 computes four images at once from [n][4] activations and weights
// [out][n], rows widened to a multiple of 4: eight partial sums over the inputs
// and a fixed tree (kernel.Set.WGrad), then the bias.
func linear4(n, out int) *op {
	ld := (n + 3) &^ 3
	off := offsets(4, ld)
	return &op{
		name: fmt.Sprintf("linear %d -> %d x4", n, out), in: []int{2, 2, 1}, shape: tensor.Shape{out, 4}, inPlace: -1, scratch: 4 * ld,
		run: func(k *kernel.Set, y []float32, in [][]float32, rows []float32) {
			rows4(k, n, in[0], rows, ld)
			k.WGrad(out, 4, 1, ld, &in[1][0], 0, ld, &rows[0], 0, &off[0], &y[0], 4, false)
			for o, b := range in[2] {
				for l := range 4 {
					y[o*4+l] += b
				}
			}
		},
	}
}

// linear4GradX computes the input gradient [n][4] from [out][4] and weights
// [out][n], rows widened to a multiple of 4.
func linear4GradX(n, out int) *op {
	ld := (n + 3) &^ 3
	off := offsets(out, ld)
	return &op{
		name: fmt.Sprintf("linear gradient %d -> %d x4", out, n), in: []int{2, 2}, shape: tensor.Shape{n, 4}, wrt: []bool{false, false}, inPlace: -1, scratch: 4 * ld,
		run: func(k *kernel.Set, dx []float32, in [][]float32, rows []float32) {
			k.Gemm(4, ld, out, &off[0], &in[1][0], &in[0][0], &noBias[0], &rows[0], ld)
			lanes4(k, n, rows, ld, dx)
		},
	}
}

// linear4GradW computes the weight gradient [out][n], a chain of four fused
// multiply-adds over the images, or takes a step of SGD by it: writing and
// reading a gradient as large as the weights costs more than computing it.
func linear4GradW(n, out int) *op {
	whole := n &^ 3
	// rest is the gradient of a weight beyond the last whole vector.
	rest := func(g, x []float32, o, i int) float32 {
		var s float32
		for l := range 4 {
			s = kernel.FMA(g[o*4+l], x[i*4+l], s)
		}
		return s
	}
	return &op{
		name: fmt.Sprintf("linear weight gradient %d x %d x4", out, n), in: []int{2, 2}, shape: tensor.Shape{out, n}, wrt: []bool{false, false}, inPlace: -1, scratch: 4 * (whole + 4),
		run: func(k *kernel.Set, dw []float32, in [][]float32, rows []float32) {
			g, x := in[0], in[1]
			if whole > 0 {
				k.Rows4(whole, &x[0], &rows[0], whole)
				k.Outer4(out, whole, &g[0], &rows[0], whole, &dw[0], n, false)
			}
			for o := range out {
				for i := whole; i < n; i++ {
					dw[o*n+i] = rest(g, x, o, i)
				}
			}
		},
		sgd: func(k *kernel.Set, w, v []float32, in [][]float32, rows []float32, s SGD) {
			g, x := in[0], in[1]
			if whole > 0 {
				k.Rows4(whole, &x[0], &rows[0], whole)
				k.Outer4SGD(out, whole, &g[0], &rows[0], whole, &w[0], &v[0], n, s.LR, s.Momentum, s.WeightDecay)
			}
			for o := range out {
				for i := whole; i < n; i++ {
					s.one(&w[o*n+i], &v[o*n+i], rest(g, x, o, i))
				}
			}
		},
	}
}

// linearGradW computes the weight gradient [out][n] of any number of images, a
// multiple of 4: one chain of fused multiply-adds over them.
func linearGradW(n, out, lanes int) *op {
	ld := (n + 3) &^ 3
	return &op{
		name: fmt.Sprintf("linear weight gradient %d x %d x%d", out, n, lanes), in: []int{2, 2}, shape: tensor.Shape{out, n}, wrt: []bool{false, false}, inPlace: -1,
		scratch: 4*ld + 4*out + out*ld,
		run: func(k *kernel.Set, dw []float32, in [][]float32, scratch []float32) {
			rows, g, sum := scratch[:4*ld], scratch[4*ld:4*ld+4*out], scratch[4*ld+4*out:]
			clear(rows)
			for from := 0; from < lanes; from += 4 {
				for l := range 4 {
					for i := range n {
						rows[l*ld+i] = in[1][i*lanes+from+l]
					}
					for o := range out {
						g[o*4+l] = in[0][o*lanes+from+l]
					}
				}
				k.Outer4(out, ld, &g[0], &rows[0], ld, &sum[0], ld, from > 0)
			}
			for o := range out {
				copy(dw[o*n:(o+1)*n], sum[o*ld:])
			}
		},
	}
}

// rows4 transposes [n][4] into four rows with stride ld, the rest of each zero.
func rows4(k *kernel.Set, n int, src, rows []float32, ld int) {
	whole := n &^ 3
	if whole > 0 {
		k.Rows4(whole, &src[0], &rows[0], ld)
	}
	for l := range 4 {
		for i := whole; i < ld; i++ {
			rows[l*ld+i] = 0
			if i < n {
				rows[l*ld+i] = src[i*4+l]
			}
		}
	}
}

// lanes4 transposes four rows with stride ld into [n][4].
func lanes4(k *kernel.Set, n int, rows []float32, ld int, dst []float32) {
	whole := n &^ 3
	if whole > 0 {
		k.Lanes4(whole, &rows[0], ld, &dst[0])
	}
	for i := whole; i < n; i++ {
		for l := range 4 {
			dst[i*4+l] = rows[l*ld+i]
		}
	}
}

// widenOp copies a weight [out][n] to rows of ld floats, the rest zero.
func widenOp(out, n, ld int) *op {
	return &op{
		name: fmt.Sprintf("widen %d x %d to %d", out, n, ld), in: []int{2}, shape: tensor.Shape{out, ld}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, t []float32, in [][]float32, _ []float32) {
			for o := range out {
				copy(t[o*ld:], in[0][o*n:][:n])
				clear(t[o*ld+n : (o+1)*ld])
			}
		},
	}
}
