package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// linear adds y = w x + b on a flat activation of n features.
//
// With 16 lanes it is a 1x1 convolution of one pixel. With 4, a lane is a
// quarter of a vector, so vectors run over the outputs instead and the four
// images are the rows; the order of every sum is the same.
func (b *graph) linear(n, out int, x, w, bias *gorgonia.Node, needX, train bool) *gorgonia.Node {
	var o *op
	var packed *gorgonia.Node
	wide := b.lanes == Lanes
	if wide {
		g := linearGather(n, out, b.lanes)
		o, packed = g.op(true, true), b.apply(g.packOp(2), w)
	} else {
		ld := (out + 7) &^ 7
		o, packed = linear4(n, out, ld), b.apply(transposeOp(n, out, ld), w)
	}
	o.in = append(o.in, 2)
	o.wrt = []bool{needX, false, train, train}
	o.name += fmt.Sprint(" by ", o.wrt)
	o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		ds := make([]*gorgonia.Node, 4)
		switch {
		case needX && wide:
			g := linearGradGather(n, out, b.lanes)
			ds[0] = b.apply(g.op(false, true), grad, b.apply(g.packOp(2), in[3]))
		case needX:
			wide := in[3]
			if n%4 != 0 {
				wide = b.apply(widenOp(out, n, (n+3)&^3), wide)
			}
			ds[0] = b.apply(linear4GradX(n, out), grad, wide)
		}
		if train {
			ds[3] = b.apply(linear4GradW(n, out), grad, in[0])
			s := sumOp(Shape{out, 1, 1}, b.lanes)
			s.in[0], s.name = 2, "flat "+s.name
			ds[2] = b.apply(s, grad)
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

// linear4 computes four images at once from [n][4] activations and transposed
// weights [n][ld].
func linear4(n, out, ld int) *op {
	off := offsets(n, ld)
	return &op{
		name: fmt.Sprintf("linear %d -> %d x4", n, out), in: []int{2, 1, 1}, shape: tensor.Shape{out, 4}, inPlace: -1, scratch: 4 * ld,
		run: func(k *kernel.Set, y []float32, in [][]float32, rows []float32) {
			for l := range 4 {
				copy(rows[l*ld:], in[2])
				clear(rows[l*ld+out : (l+1)*ld])
			}
			k.Gemm(4, ld, n, &off[0], &in[1][0], &in[0][0], nil, &rows[0], ld)
			lanes4(k, out, rows, ld, y)
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
// multiply-adds over the images.
func linear4GradW(n, out int) *op {
	whole := n &^ 3
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
					var s float32
					for l := range 4 {
						s = kernel.FMA(g[o*4+l], x[i*4+l], s)
					}
					dw[o*n+i] = s
				}
			}
		},
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

// transposeOp turns a weight [out][n] into [n][ld], the rest of each row zero.
func transposeOp(n, out, ld int) *op {
	return &op{
		name: fmt.Sprintf("transpose %d x %d to %d", out, n, ld), in: []int{2}, shape: tensor.Shape{n * ld}, wrt: []bool{false}, inPlace: -1,
		run: func(k *kernel.Set, t []float32, in [][]float32, _ []float32) {
			k.Transpose(out, n, &in[0][0], n, &t[0], ld)
			for i := range n {
				clear(t[i*ld+out : (i+1)*ld])
			}
		},
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
