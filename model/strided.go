package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// A convolution of stride s meets every s-th pixel of a row with one tap, and
// those of the same remainder with another. Where a vector holds several pixels,
// its input is therefore taken apart into s*s planes by the remainders of row and
// column (spreadOp); within a plane it has stride 1. The input gradient is
// computed plane by plane and put together again. The order of every sum is the
// same; taps on the padding at the sides of a row add zeros.

// phaseGather plans the forward pass on the planes of the input.
func phaseGather(l Layer, s Shape, lanes int) *gather {
	st, o := l.Stride, l.output(s)
	spread := spreadOp(s, lanes, l.Padding, l.Padding, st).shape
	in := Shape{s.C, spread[1], spread[2]} // of one plane of all channels
	all := func(n int) axis {
		a := axis{spans: make([]span, n), tapStep: 1, inStep: 1}
		for i := range a.spans {
			a.spans[i] = span{0, l.Kernel, i}
		}
		return a
	}
	g := newGather(fmt.Sprintf("conv2d by planes %v k%d s%d p%d -> %v x%d", s, l.Kernel, st, l.Padding, o, lanes), in, o, lanes, l.Kernel, false, all(o.H), all(o.W))
	// The taps lie in planes, not side by side, and the input has more of these than
	// channels: it is read where it lies.
	g.plane = g.dense()
	c := &g.classes[0]
	for _, t := range []struct {
		off      []int32
		channels int
	}{{c.off, g.block}, {c.tail, s.C % g.block}} {
		for j := range t.off {
			i, tap := j%t.channels, j/t.channels
			ty, tx := tap/l.Kernel, tap%l.Kernel
			plane := (ty%st*st+tx%st)*s.C + i
			t.off[j] = int32(((plane*in.H+ty/st)*in.W + tx/st) * lanes)
		}
	}
	return g
}

// phaseGradX adds the input gradient, a gather for every plane.
func (b *graph) phaseGradX(l Layer, s Shape, grad, w *gorgonia.Node) *gorgonia.Node {
	st, o := l.Stride, l.output(s)
	spread := spreadOp(s, b.lanes, l.Padding, l.Padding, st).shape
	plane := Shape{s.C, spread[1], spread[2]}
	border := (l.Kernel + st - 1) / st
	wide := Shape{o.C, o.H, o.W + 2*border}
	grad = b.apply(spreadOp(o, b.lanes, 0, border, 1), grad)
	var planes []*gorgonia.Node
	for ry := range st {
		for rx := range st {
			// Taps ry, ry+st, ... of row y of the plane read rows y, y-1, ... of grad.
			ay := axis{spans: make([]span, plane.H), tapStep: st, inStep: -1}
			taps := (l.Kernel - ry + st - 1) / st
			for y := range ay.spans {
				first, last := max(0, y-(o.H-1)), min(taps-1, y)
				ay.spans[y] = span{ry + first*st, max(0, last-first+1), y - first}
			}
			ax := axis{spans: make([]span, plane.W), tapStep: st, inStep: -1}
			for x := range ax.spans {
				ax.spans[x] = span{rx, max(0, (l.Kernel-rx+st-1)/st), x + border}
			}
			id := fmt.Sprintf("conv2d gradient %v k%d s%d p%d -> %v plane %d %d x%d", o, l.Kernel, st, l.Padding, s, ry, rx, b.lanes)
			g := newGather(id, wide, plane, b.lanes, l.Kernel, true, ay, ax)
			planes = append(planes, b.apply(g.op(false, false), grad, b.apply(g.packOp(4), w)))
		}
	}
	return b.apply(unspreadOp(s, plane, b.lanes, l.Padding, st), planes...)
}

// unspreadOp puts planes [C][rows][cols] together to an activation of shape s,
// without the border that spreadOp added.
func unspreadOp(s, plane Shape, lanes, border, stride int) *op {
	o := &op{
		name:  fmt.Sprintf("unspread %v border %d stride %d x%d", s, border, stride, lanes),
		shape: tensor.Shape{s.C, s.H, s.W, lanes}, wrt: make([]bool, stride*stride), inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range s.C {
				for y := range s.H {
					Y := y + border
					for x := range s.W {
						X := x + border
						from := ((c*plane.H+Y/stride)*plane.W + X/stride) * lanes
						copy(out[((c*s.H+y)*s.W+x)*lanes:][:lanes], in[Y%stride*stride+X%stride][from:])
					}
				}
			}
		},
	}
	for range stride * stride {
		o.in = append(o.in, 4)
	}
	return o
}
