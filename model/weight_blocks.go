package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// variant is a function of a weight and its place in the weight's second
// dimension: the channel, or of a linear layer the feature.
type variant struct {
	name string
	f    func(w float32, j int) float32
}

// namedVariant is the variant of weightVariant without a gamma.
func namedVariant(name string) variant {
	f := weightVariant(name, 0)
	return variant{name, func(w float32, _ int) float32 { return f(w) }}
}

// forwardBlocks is a linear layer's forward pass, without its bias, for several
// sets of outputs, one behind the other in the result, of several inputs, one
// behind the other in x: blocks holds the weights' variants by output and input.
func (b *graph) forwardBlocks(l Layer, x, w *gorgonia.Node, blocks [][]variant) *gorgonia.Node {
	all := b.weightBlocks(w, blocks)
	g := linearGather(all.Shape()[1], all.Shape()[0], b.lanes)
	return b.apply(g.op(false, true), x, b.apply(g.packOp(2), all))
}

// backwardBlocks is a layer's input gradient of several outputs, one behind the
// other in y, for several sets of inputs, one behind the other in the result, in
// one pass: blocks holds the weights' variants by output and input.
func (b *graph) backwardBlocks(l Layer, s Shape, y, w *gorgonia.Node, blocks [][]variant) *gorgonia.Node {
	groups, ways := len(blocks), len(blocks[0])
	all := b.weightBlocks(w, blocks)
	O, C := w.Shape()[0], w.Shape()[1]
	if l.Kind == "linear" {
		g := linearGradGather(ways*C, groups*O, b.lanes)
		return b.apply(g.op(false, true), y, b.apply(g.packOp(2), all))
	}
	o := l.output(s)
	o.C *= groups
	in := Shape{ways * s.C, s.H, s.W}
	g := newGather(fmt.Sprintf("conv2d gradient %v k%d s%d p%d -> %v x%d", o, l.Kernel, l.Stride, l.Padding, in, b.lanes),
		o, in, b.lanes, l.Kernel, true,
		backwardAxis(l.Kernel, l.Stride, l.Padding, s.H, o.H),
		backwardAxis(l.Kernel, l.Stride, l.Padding, s.W, o.W))
	return b.apply(g.op(false, false), y, b.apply(g.packOp(4), all))
}

// weightBlocks is a block of variants of a weight [O][C][taps], [groups*O][ways*C][taps].
func (b *graph) weightBlocks(w *gorgonia.Node, blocks [][]variant) *gorgonia.Node {
	groups, ways := len(blocks), len(blocks[0])
	var names string
	for _, g := range blocks {
		for _, v := range g {
			names += " [" + v.name + "]"
		}
		names += ";"
	}
	dims := w.Dims()
	O, C := w.Shape()[0], w.Shape()[1]
	taps := w.Shape().TotalSize() / (O * C)
	shape := w.Shape().Clone()
	shape[0], shape[1] = groups*O, ways*C
	return b.apply(&op{
		name: fmt.Sprintf("weights %v in blocks%s", w.Shape(), names), in: []int{dims}, shape: shape, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for g := range blocks {
				for o := range O {
					for h, v := range blocks[g] {
						for j := range C {
							to := out[(((g*O+o)*ways+h)*C+j)*taps:]
							for t, w := range in[0][(o*C+j)*taps:][:taps] {
								to[t] = v.f(w, j)
							}
						}
					}
				}
			}
		},
	}, w)
}
