package model

import (
	"errors"
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// DeepLift's RevealCancel rule (Shrikumar, Greenside & Kundaje 2017, sections
// 3.5.1 and 3.5.3). A linear layer's change z-zr is the sum of its inputs'
// contributions w*(x-xr), those above 0 (up) and those below (down). A relu has
// a multiplier for either: what it gains by the one, once before and once after
// the other has had its effect, the mean of the two, over the one. An input then
// has the multiplier
//
//	sum over outputs of w * (multiplier of up where w*(x-xr) > 0, of down where it is < 0)
//
// and where x is xr, the mean of what either sign would give it.
//
// The two multipliers live between a relu and the linear layer in front of it
// only, so the relu takes the linear layer's derivative over: it is an operation
// on the linear layer's output whose derivative is by the linear layer's input.
// What else reads the linear layer finds its own way back through it.

// dense is a linear layer that relus under RevealCancel read.
type dense struct {
	layer Layer
	in    Shape
	x     *gorgonia.Node // input, [features, lanes]
	base  *gorgonia.Node // the baseline's
	w     *gorgonia.Node
	// copied says that relus read the input through copies, as others read the
	// layer too: every sum of derivatives stays one of two (see taps).
	copied bool
}

// revealed returns, by layer, the linear layer whose output a relu reads, with
// nothing between them but dropouts and flattens of what is flat; -1 for none.
func (n *Net) revealed() []int {
	reads := n.reads()
	out := make([]int, len(n.Layers))
	for i, l := range n.Layers {
		out[i] = -1
		if l.Kind != "relu" {
			continue
		}
		j := reads[i][0] - 1
		for j >= 0 && (n.Layers[j].Kind == "dropout" || n.Layers[j].Kind == "flatten") {
			j = reads[j][0] - 1
		}
		if j >= 0 && n.Layers[j].Kind == "linear" {
			out[i] = j
		}
	}
	return out
}

// supportsRevealCancel reports that no relu reads a linear layer.
func (n *Net) supportsRevealCancel() error {
	for _, j := range n.revealed() {
		if j >= 0 {
			return nil
		}
	}
	return errors.New("model: RevealCancel acts on a relu behind a linear layer, and there is none; it would be the Rescale rule")
}

// shared reports whether anything but a single relu reads layer j's output.
func (t *taps) shared(j int) bool {
	at := j + 1
	for {
		if t.uses[at] != 1 {
			return true
		}
		for i, r := range t.reads {
			if t.alias[i+1] == i+1 && (t.alias[r[0]] == at || len(r) > 1 && t.alias[r[1]] == at) {
				if t.n.Layers[i].Kind != "flatten" {
					return t.n.Layers[i].Kind != "relu"
				}
				at = i + 1
				break
			}
		}
	}
}

// dense notes linear layer j for the relus that read it and returns what the
// layer itself is to read. h and base are its inputs, flat.
func (b *graph) dense(t *taps, j int, s Shape, h, base *gorgonia.Node) (*gorgonia.Node, *dense) {
	l := t.n.Layers[j]
	d := &dense{layer: l, in: Shape{s.Size(), 1, 1}, base: base, w: b.weight(t.n, l.Name+".weight"), copied: t.shared(j)}
	if d.copied {
		h = b.apply(named("for "+l.Name, copyOp(h.Shape().Clone())), h)
	}
	d.x = h
	return h, d
}

// named adds to the name of an operation.
func named(name string, o *op) *op {
	o.name += " " + name
	return o
}

// revealCancel adds the relu of d's output z, whose baseline's is ref.
func (b *graph) revealCancel(d *dense, z, ref *gorgonia.Node) *gorgonia.Node {
	if d.copied {
		d.x = b.same(d.x)
	}
	shape := z.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("relu reveal cancel %v", shape), in: []int{2, 2, 2, 2, 2}, shape: shape, wrt: []bool{false, false, true, false, false}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) { k.ReLU(n, &in[0][0], &y[0]) },
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			z, ref, x, base, w := in[0], in[1], in[2], in[3], in[4]
			forward := func(x *gorgonia.Node, weights string) *gorgonia.Node {
				return b.lrpForward(d.layer, d.in, x, w, nil, weights, 0)
			}
			back := func(y *gorgonia.Node, weights string) *gorgonia.Node {
				return b.lrpBackward(d.layer, d.in, y, w, weights, 0)
			}
			dx := b.minus(x, base)
			dp, dn := b.inputAs(dx, nil, "x+", LRPRule{}), b.inputAs(dx, nil, "x-", LRPRule{})
			up := b.plus(forward(dp, "w+"), forward(dn, "w-"))
			down := b.plus(forward(dp, "w-"), forward(dn, "w+"))
			mUp, mDown := b.revealed(z, ref, up, down, grad), b.revealed(z, ref, down, up, grad)
			above := b.plus(back(mUp, "w+"), back(mDown, "w-"))
			below := b.plus(back(mUp, "w-"), back(mDown, "w+"))
			return []*gorgonia.Node{nil, nil, b.bySign(dx, above, below), nil, nil}
		},
	}, z, ref, d.x, d.base, d.w)
}

// minus subtracts.
func (b *graph) minus(x, y *gorgonia.Node) *gorgonia.Node {
	return b.binary("minus", x, y, 0, func(k *kernel.Set, n int, x, y, out *float32) { k.AddScaled(n, -1, y, x, out) })
}

// revealed is grad times a relu's multiplier for the part one of its input's
// change from ref to z, beside the part other.
func (b *graph) revealed(z, ref, one, other, grad *gorgonia.Node) *gorgonia.Node {
	shape := grad.Shape().Clone()
	return b.apply(&op{
		name: fmt.Sprintf("reveal cancel %v", shape), in: []int{2, 2, 2, 2, 2}, shape: shape, wrt: make([]bool, 5), inPlace: 4,
		run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
			for i, g := range in[4] {
				d[i] = float32(float64(g) * revealCancel(float64(in[0][i]), float64(in[1][i]), float64(in[2][i]), float64(in[3][i])))
			}
		},
	}, z, ref, one, other, grad)
}

// revealCancel is what relu gains by a change of one from r, once without the
// other change and once with it, the mean of the two, over one; the mean slope
// where |one| <= 1e-10. It lies between 0 and 1. z is r+one+other but for
// rounding: that of an input that is 0 is 0.
func revealCancel(z, r, one, other float64) float64 {
	if math.Abs(one) <= 1e-10 {
		return (step01(r) + step01(z)) / 2
	}
	gain := func(from float64) float64 { return max(from+one, 0) - max(from, 0) }
	return (gain(r) + gain(r+other)) / (2 * one)
}

// step01 is relu's slope, 0 at 0.
func step01(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// bySign is above where x is above 0, below where it is below, and the mean of
// the two where it is 0.
func (b *graph) bySign(x, above, below *gorgonia.Node) *gorgonia.Node {
	shape := x.Shape().Clone()
	return b.apply(&op{
		name: fmt.Sprintf("by sign %v", shape), in: []int{2, 2, 2}, shape: shape, wrt: make([]bool, 3), inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			above, below := in[1], in[2]
			for i, v := range in[0] {
				switch {
				case v > 0:
					out[i] = above[i]
				case v < 0:
					out[i] = below[i]
				default:
					out[i] = (above[i] + below[i]) / 2
				}
			}
		},
	}, x, above, below)
}
