package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// lrpForward is a layer's forward pass with a variant of its weights; bias may
// be nil.
func (b *graph) lrpForward(l Layer, s Shape, x, w, bias *gorgonia.Node, variant string, gamma float64) *gorgonia.Node {
	g, dims := linearGather(s.Size(), l.Out, b.lanes), 2
	if l.Kind == "conv2d" {
		g, dims = convGather(l, s, b.lanes), 4
	}
	packed := b.apply(packAs(g.packOp(dims), variant, gamma), w)
	if bias == nil {
		return b.apply(g.op(false, dims == 2), x, packed)
	}
	return b.apply(g.op(true, dims == 2), x, packed, bias)
}

// lrpBackward is its transpose.
func (b *graph) lrpBackward(l Layer, s Shape, y, w *gorgonia.Node, variant string, gamma float64) *gorgonia.Node {
	g, dims := linearGradGather(s.Size(), l.Out, b.lanes), 2
	if l.Kind == "conv2d" {
		g, dims = convGradGather(l, s, b.lanes), 4
	}
	return b.apply(g.op(false, dims == 2), y, b.apply(packAs(g.packOp(dims), variant, gamma), w))
}

// packAs makes o, which packs weights, pack a variant of them.
func packAs(o *op, variant string, gamma float64) *op {
	if variant == "w" {
		return o
	}
	f, pack := weightVariant(variant, float32(gamma)), o.run
	o.name += fmt.Sprintf(" lrp %s gamma %v", variant, gamma)
	o.run = func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
		pack(k, out, in, scratch)
		for i, v := range out {
			out[i] = f(v)
		}
	}
	return o
}

// biasAs is a variant of a bias.
func (b *graph) biasAs(bias *gorgonia.Node, variant string, gamma float64) *gorgonia.Node {
	if variant == "w" {
		return bias
	}
	f := weightVariant(variant, float32(gamma))
	shape := bias.Shape().Clone()
	return b.apply(&op{
		name: fmt.Sprintf("lrp bias %s gamma %v %v", variant, gamma, shape), in: []int{len(shape)}, shape: shape, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for i, v := range in[0] {
				out[i] = f(v)
			}
		},
	}, bias)
}

// inputAs is a variant of a layer's input. Constants hang on the bias, like
// all that does not depend on the image.
func (b *graph) inputAs(x, bias *gorgonia.Node, name string, r LRPRule) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	unary := func(operand *gorgonia.Node, values any, run func(k *kernel.Set, x, out []float32)) *gorgonia.Node {
		return b.apply(&op{
			name: fmt.Sprintf("lrp input %s %v %v", name, values, shape), in: []int{operand.Dims()}, shape: shape, wrt: []bool{false}, inPlace: -1,
			run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) { run(k, in[0], out) },
		}, operand)
	}
	fill := func(values []float32) *gorgonia.Node {
		return unary(bias, values, func(_ *kernel.Set, _, out []float32) {
			n := each(len(out), values)
			for i := range out {
				out[i] = values[i/n]
			}
		})
	}
	switch name {
	case "x":
		return x
	case "x+":
		return unary(x, "", func(k *kernel.Set, x, out []float32) { k.ReLU(n, &x[0], &out[0]) })
	case "x-":
		return unary(x, "", func(k *kernel.Set, x, out []float32) {
			k.ReLU(n, &x[0], &out[0])
			k.AddScaled(n, -1, &out[0], &x[0], &out[0]) // exact: one of the two is 0
		})
	case "1":
		return fill([]float32{1})
	case "low":
		return fill(r.Low)
	case "high":
		return fill(r.High)
	}
	panic("model: LRP input " + name)
}

// each is how many of n places one of the values is for.
func each(n int, values []float32) int { return (n + len(values) - 1) / len(values) }

// plus adds two nodes, of which the first may be nil.
func (b *graph) plus(x, y *gorgonia.Node) *gorgonia.Node {
	if x == nil {
		return y
	}
	return b.binary("plus", x, y, 0, func(k *kernel.Set, n int, x, y, out *float32) { k.Add(n, x, y, out) })
}

func (b *graph) times(x, y *gorgonia.Node) *gorgonia.Node {
	return b.binary("times", x, y, 0, func(k *kernel.Set, n int, x, y, out *float32) { k.Mul(n, x, y, out) })
}

// binary adds an elementwise operation, of the shape of x; y may hold more behind
// it. inPlace is the operand whose memory the result may take, -1 for none.
func (b *graph) binary(name string, x, y *gorgonia.Node, inPlace int, f func(k *kernel.Set, n int, x, y, out *float32)) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("%s %v", name, shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{false, false}, inPlace: inPlace,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			f(k, n, &in[0][0], &in[1][0], &out[0])
		},
	}, x, y)
}
