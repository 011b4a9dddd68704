package model

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// The Rescale rule compares an input with a baseline. Two rounded activations
// that are nearly the same leave little of their difference: the logits of a
// deep network of which two images are told apart in the fourth digit would
// have it to three. So the engine does not run the input beside the baseline
// and subtract. It runs the baseline, and then carries the change from it
// through the network: affine layers take it without their bias, and every other
// layer says how much its output changes from that at the baseline when its
// input does by so much. The multipliers are quotients of these very changes, so
// that multiplier times change is passed on from layer to layer up to rounding of
// each product by itself, and sums to the change of the logits, whatever is left
// of that change beside the logits.

// carries reports whether the rule takes changes from the baseline instead of
// the input's own activations. Captum's pools look at the input alone.
func (r Rule) carries() bool { return r == Rescale || r == RevealCancel }

// change adds x - ref, of which the derivative by x is what comes back.
func (b *graph) change(x, ref *gorgonia.Node) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("change %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{true, false}, inPlace: -1,
		run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
			k.AddScaled(n, -1, &in[1][0], &in[0][0], &d[0])
		},
		diff: func(_ []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{grad, nil}
		},
	}, x, ref)
}

// noBias adds the bias 0 of every output of a weight.
func (b *graph) noBias(w *gorgonia.Node) *gorgonia.Node {
	out := w.Shape()[0]
	return b.apply(&op{
		name: fmt.Sprintf("no bias %d", out), in: []int{w.Dims()}, shape: tensor.Shape{out}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, _ [][]float32, _ []float32) { clear(out) },
	}, w)
}

// logitsChange adds the change of the last linear layer, sums in float64 that are
// rounded once. Of the roundings of a wide layer's outputs most cancel in what
// the map sums to, but here there is one output alone, and its rounding would be
// most of what the map is off.
func (b *graph) logitsChange(l Layer, n int, x, w *gorgonia.Node) *gorgonia.Node {
	out := l.Out
	return b.apply(&op{
		name: fmt.Sprintf("linear change %d -> %d x%d", n, out, b.lanes), in: []int{2, 2}, shape: tensor.Shape{out, b.lanes}, wrt: []bool{true, false}, inPlace: -1, scratch: 2 * b.lanes,
		run: func(k *kernel.Set, y []float32, in [][]float32, scratch []float32) {
			sums := doubles(scratch[:2*b.lanes])
			for o := range out {
				clear(sums)
				for i, v := range in[1][o*n:][:n] {
					k.Acc64(b.lanes, float64(v), &in[0][i*b.lanes], &sums[0])
				}
				rounded(sums, y[o*b.lanes:])
			}
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			g := linearGradGather(n, out, b.lanes)
			return []*gorgonia.Node{b.apply(g.op(false, true), grad, b.apply(g.packOp(2), in[1])), nil}
		},
	}, x, w)
}

// reluChange adds by how much relu changes from ref when its input does by d.
// Backward it is the multiplier of the Rescale rule, change over change, and
// where nothing changes the gradient.
func (b *graph) reluChange(shape tensor.Shape, d, ref *gorgonia.Node) *gorgonia.Node {
	n, dims := shape.TotalSize(), len(shape)
	return b.apply(&op{
		name: fmt.Sprintf("relu change %v", shape), in: []int{dims, dims}, shape: shape, wrt: []bool{true, false}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) {
			k.ReLUChange(n, &in[0][0], &in[1][0], &y[0])
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("relu change rescale %v", shape), in: []int{dims, dims, dims}, shape: shape, wrt: make([]bool, 3), inPlace: 2,
				run: func(k *kernel.Set, m []float32, in [][]float32, _ []float32) {
					k.ReLUChangeRescale(n, &in[0][0], &in[1][0], &in[2][0], &m[0])
				},
			}, in[0], in[1], grad), nil}
		},
	}, d, ref)
}

// activationChange is reluChange for the elementwise functions, in float64 on
// one value and rounded once. Changes up to 1e-10, of which a float64 difference
// of the function would have few digits, are those of its derivative.
func (b *graph) activationChange(l Layer, shape tensor.Shape, d, ref *gorgonia.Node) *gorgonia.Node {
	c, dims := l.curve(), len(shape)
	name := fmt.Sprintf("%s %v %v change %v", l.Kind, l.Slope, l.Alpha, shape)
	slope := func(d, r float32) float64 {
		if math.Abs(float64(d)) > 1e-10 {
			return (c.f(float64(r)+float64(d)) - c.f(float64(r))) / float64(d)
		}
		return c.slope(float64(r) + float64(d))
	}
	return b.apply(&op{
		name: name, in: []int{dims, dims}, shape: shape, wrt: []bool{true, false}, inPlace: -1,
		run: func(_ *kernel.Set, y []float32, in [][]float32, _ []float32) {
			for i, d := range in[0] {
				y[i] = float32(float64(d) * slope(d, in[1][i]))
			}
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: name + " rescale", in: []int{dims, dims, dims}, shape: shape, wrt: make([]bool, 3), inPlace: 2,
				run: func(_ *kernel.Set, m []float32, in [][]float32, _ []float32) {
					for i, g := range in[2] {
						m[i] = float32(float64(g) * slope(in[0][i], in[1][i]))
					}
				},
			}, in[0], in[1], grad), nil}
		},
	}, d, ref)
}

// maxPoolChange adds by how much a max-pool changes from refOut, its output at
// ref, when its input does by d. Backward it is DeepLift's cross-maximum rule:
// what the pool gains over its reference goes to the maximum of the input, what
// it loses to the maximum of the reference, the first of several. With relu the
// relu before the pool is folded into it: where the pool changes, the place that
// it goes by is above 0 before or after, and the product of the two multipliers is
// change over change again.
func (b *graph) maxPoolChange(l Layer, s Shape, d, ref, refOut *gorgonia.Node, relu bool) *gorgonia.Node {
	p := newPool(l, s, b.lanes, relu)
	return b.apply(&op{
		name: p.id + " change", in: []int{4, 4, 4}, shape: p.tensor(p.out), wrt: []bool{true, false, false}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) {
			p.calls(func(i, o, n, lanes int) {
				k.MaxPoolChange(n, lanes, len(p.off), &p.off[0], &in[0][i], &in[1][i], p.step*p.lanes, &in[2][o], p.floor, &y[o])
			})
		},
		diff: func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: p.id + " change rescale", in: []int{4, 4, 4, 4, 4}, shape: p.tensor(p.in), wrt: make([]bool, 5), inPlace: -1,
				run: func(k *kernel.Set, m []float32, in [][]float32, _ []float32) {
					clear(m)
					p.calls(func(i, o, n, lanes int) {
						k.MaxPoolChangeRescale(n, lanes, len(p.off), &p.off[0], &in[0][i], &in[1][i], p.step*p.lanes, &in[2][o], &in[3][o], &in[4][o], &p.off[0], &m[i], p.step*p.lanes)
					})
				},
			}, in[0], in[1], out, in[2], grad), nil, nil}
		},
	}, d, ref, refOut)
}
