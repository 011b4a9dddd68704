package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// conv2d adds a convolution y = w*x + b. needX asks for a derivative by x,
// train for those by w and b.
//
// In the attribution layout (16 points side by side) a pixel is a full vector,
// so the taps that meet the padding are left out exactly. In the training
// layout (4 images) a vector holds several pixels of a row, so rows are widened
// by zeros on both sides and every pixel of a row has all tap columns; with a
// stride, the pixels that one tap meets are first put side by side (strided.go).
func (b *graph) conv2d(l Layer, s Shape, x, w, bias *gorgonia.Node, needX, train bool) *gorgonia.Node {
	fwd := convGather(l, s, b.lanes)
	in := x
	if b.lanes < Lanes && l.Padding > 0 && l.Stride == 1 {
		in = b.apply(spreadOp(s, b.lanes, 0, l.Padding, 1), x)
		wide := Shape{s.C, s.H, s.W + 2*l.Padding}
		o := l.output(s)
		fwd = newGather("wide "+fwd.id, wide, o, b.lanes, l.Kernel, false,
			forwardAxis(l.Kernel, 1, l.Padding, s.H, o.H), forwardAxis(l.Kernel, 1, 0, wide.W, o.W))
	}
	if b.lanes < Lanes && l.Stride > 1 {
		in = b.apply(spreadOp(s, b.lanes, l.Padding, l.Padding, l.Stride), x)
		fwd = phaseGather(l, s, b.lanes)
	}
	o := fwd.op(true, false)
	o.in = append(o.in, 4) // the weight itself, for its derivative; x where it was widened
	o.in = append(o.in, 4)
	o.wrt = []bool{false, false, train && !l.NoBias, train, needX}
	o.name += fmt.Sprint(" by ", o.wrt)
	o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		ds := make([]*gorgonia.Node, 5)
		if needX {
			ds[4] = b.convGradX(l, s, grad, in[3])
		}
		if train {
			ds[3] = b.convGradW(l, s, grad, in[4])
			if !l.NoBias {
				ds[2] = b.apply(sumOp(l.output(s), b.lanes), grad)
			}
		}
		return ds
	}
	return b.apply(o, in, b.apply(fwd.packOp(4), w), bias, w, x)
}

func (b *graph) convGradX(l Layer, s Shape, grad, w *gorgonia.Node) *gorgonia.Node {
	if b.lanes < Lanes && l.Stride > 1 {
		return b.phaseGradX(l, s, grad, w)
	}
	g := convGradGather(l, s, b.lanes)
	if border := l.Kernel - 1 - l.Padding; b.lanes < Lanes && l.Stride == 1 && border > 0 {
		o := l.output(s)
		grad = b.apply(spreadOp(o, b.lanes, 0, border, 1), grad)
		wide := Shape{o.C, o.H, o.W + 2*border}
		ax := axis{spans: make([]span, s.W), tapStep: 1, inStep: -1}
		for x := range ax.spans {
			ax.spans[x] = span{0, l.Kernel, x + l.Kernel - 1}
		}
		g = newGather("wide "+g.id, wide, s, b.lanes, l.Kernel, true, backwardAxis(l.Kernel, 1, l.Padding, s.H, o.H), ax)
	}
	return b.apply(g.op(false, false), grad, b.apply(g.packOp(4), w))
}

// convGradW adds the weight gradient: for every weight the sum over rows,
// columns and images of output gradient times input, in eight partial sums by
// position in the row and a fixed tree (kernel.Set.WGrad).
func (b *graph) convGradW(l Layer, s Shape, grad, x *gorgonia.Node) *gorgonia.Node {
	o, L, st := l.output(s), b.lanes, l.Stride
	rows, cols := s.H, s.W // of one plane of x
	if l.Padding > 0 || st > 1 {
		sp := spreadOp(s, L, l.Padding, l.Padding, st)
		rows, cols = sp.shape[1], sp.shape[2]
		x = b.apply(sp, x)
	}
	off := make([]int32, 0, s.C*l.Kernel*l.Kernel)
	for i := range s.C {
		for ty := range l.Kernel {
			for tx := range l.Kernel {
				plane := (ty%st*st+tx%st)*s.C + i
				off = append(off, int32(((plane*rows+ty/st)*cols+tx/st)*L))
			}
		}
	}
	return b.apply(&op{
		name: fmt.Sprintf("conv2d weight gradient %v k%d s%d p%d x%d", s, l.Kernel, st, l.Padding, L), in: []int{4, 4},
		shape: tensor.Shape{o.C, s.C, l.Kernel, l.Kernel}, wrt: []bool{false, false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			k.WGrad(o.C, len(off), o.H, o.W*L, &in[0][0], o.W*L, o.H*o.W*L, &in[1][0], cols*L, &off[0], &out[0], len(off), false)
		},
	}, grad, x)
}

// sumOp adds up a gradient over pixels and lanes: the bias gradient.
func sumOp(s Shape, lanes int) *op {
	return &op{
		name: fmt.Sprintf("bias gradient %v x%d", s, lanes), in: []int{4},
		shape: tensor.Shape{s.C}, wrt: []bool{false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			k.SumRows(s.C, 1, s.H*s.W*lanes, &in[0][0], 0, s.H*s.W*lanes, &out[0], false)
		},
	}
}

// spreadOp writes an activation with borders of zeros, py above and below, px
// left and right, as stride*stride planes per channel: pixel (y, x) goes to
// plane (y%stride)*stride + x%stride, so that a strided walk is contiguous.
// The result is [stride*stride*C][rows][columns][lanes].
func spreadOp(s Shape, lanes, py, px, stride int) *op {
	rows, cols := (s.H+2*py+stride-1)/stride, (s.W+2*px+stride-1)/stride
	return &op{
		name: fmt.Sprintf("spread %v border %d %d stride %d x%d", s, py, px, stride, lanes), in: []int{4},
		shape: tensor.Shape{stride * stride * s.C, rows, cols, lanes}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			clear(out)
			for c := range s.C {
				for y := range s.H {
					src := in[0][(c*s.H+y)*s.W*lanes:][:s.W*lanes]
					Y := y + py
					if stride == 1 {
						copy(out[((c*rows+Y)*cols+px)*lanes:], src)
						continue
					}
					for x := range s.W {
						X := x + px
						plane := (Y%stride*stride+X%stride)*s.C + c
						copy(out[((plane*rows+Y/stride)*cols+X/stride)*lanes:][:lanes], src[x*lanes:])
					}
				}
			}
		},
	}
}
