package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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
// What else reads the linear layer finds its own way back through it. Forward,
// changes are carried as they are by Rescale.

// dense is a linear layer that relus under RevealCancel read.
type dense struct {
	layer Layer
	in    Shape
	x     *gorgonia.Node // how its input changes, [features, lanes]
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
// layer itself is to read. h is the change of its input, flat.
func (b *graph) dense(t *taps, j int, s Shape, h *gorgonia.Node) (*gorgonia.Node, *dense) {
	l := t.n.Layers[j]
	d := &dense{layer: l, in: Shape{s.Size(), 1, 1}, w: b.weight(t.n, l.Name+".weight"), copied: t.shared(j)}
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

// revealCancel adds by how much the relu of d's output changes when that does by
// dz from ref.
func (b *graph) revealCancel(d *dense, dz, ref *gorgonia.Node) *gorgonia.Node {
	if d.copied {
		d.x = b.same(d.x)
	}
	shape := dz.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("relu reveal cancel %v", shape), in: []int{2, 2, 2, 2}, shape: shape, wrt: []bool{false, false, true, false}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) {
			k.ReLUChange(n, &in[0][0], &in[1][0], &y[0])
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			dz, ref, x, w := in[0], in[1], in[2], in[3]
			own, other := namedVariant("w+"), namedVariant("w-")
			dx := b.changesBySign(x)
			parts := b.forwardBlocks(d.layer, dx, w, [][]variant{{own, other}, {other, own}})
			m := b.revealed(dz, ref, parts, grad)
			y := b.backwardBlocks(d.layer, d.in, m, w, [][]variant{{own, other}, {other, own}})
			return []*gorgonia.Node{nil, nil, b.bySign(dx, y), nil}
		},
	}, dz, ref, d.x, d.w)
}

// changesBySign is what of a change is above 0 and, behind that, what is below.
func (b *graph) changesBySign(x *gorgonia.Node) *gorgonia.Node {
	n := x.Shape().TotalSize()
	shape := tensor.Shape{2 * x.Shape()[0], b.lanes}
	return b.apply(&op{
		name: fmt.Sprintf("changes by sign %v", x.Shape()), in: []int{2}, shape: shape, wrt: make([]bool, 1), inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			k.ReLU(n, &in[0][0], &out[0])
			k.AddScaled(n, -1, &out[0], &in[0][0], &out[n]) // exact: one of the two is 0
		},
	}, x)
}

// revealed is grad times a relu's multipliers for the two parts of its input's
// change by dz from ref, up and, behind it, down; one result behind the other.
func (b *graph) revealed(dz, ref, parts, grad *gorgonia.Node) *gorgonia.Node {
	shape := parts.Shape().Clone()
	return b.apply(&op{
		name: fmt.Sprintf("reveal cancel %v", shape), in: []int{2, 2, 2, 2}, shape: shape, wrt: make([]bool, 4), inPlace: 2,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			n := len(in[3])
			dz, ref, up, down := in[0][:n], in[1][:n], in[2][:n], in[2][n:][:n]
			ofUp, ofDown := out[:n], out[n:][:n]
			for i, g := range in[3] {
				r := float64(ref[i])
				mUp, mDown := revealCancel(r+float64(dz[i]), r, float64(up[i]), float64(down[i]))
				ofUp[i], ofDown[i] = float32(float64(g)*mUp), float32(float64(g)*mDown)
			}
		},
	}, dz, ref, parts, grad)
}

// revealCancel gives for either part of a change of a relu's input from r what
// relu gains by it, once without the other part and once with it, the mean of the
// two, over the part; the mean slope where the part's size is at most 1e-10. They
// lie between 0 and 1. z is r+up+down but for rounding: that of an input that is 0
// is 0.
func revealCancel(z, r, up, down float64) (ofUp, ofDown float64) {
	atR, withUp, withDown := above0(r), above0(r+up), above0(r+down)
	ofUp = ((withUp - atR) + (above0((r+down)+up) - withDown)) / (2 * up)
	ofDown = ((withDown - atR) + (above0((r+up)+down) - withUp)) / (2 * down)
	if math.Abs(up) <= 1e-10 {
		ofUp = (step01(r) + step01(z)) / 2
	}
	if math.Abs(down) <= 1e-10 {
		ofDown = (step01(r) + step01(z)) / 2
	}
	return ofUp, ofDown
}

// above0 is max(x, 0) of a number, without a branch that nothing could predict.
func above0(x float64) float64 {
	b := int64(math.Float64bits(x))
	return math.Float64frombits(uint64(b &^ (b >> 63)))
}

// step01 is relu's slope, 0 at 0.
func step01(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// bySign is the first half of y where x is above 0, the second where it is below,
// and the mean of the two where it is 0. dx has what of x is above 0 and, behind
// it, what is below.
func (b *graph) bySign(dx, y *gorgonia.Node) *gorgonia.Node {
	shape := dx.Shape().Clone()
	shape[0] /= 2
	n := shape.TotalSize()
	const size = chunk * Lanes
	halves := slices.Repeat([]float32{0.5}, size)
	return b.apply(&op{
		name: fmt.Sprintf("by sign %v", shape), in: []int{2, 2}, shape: shape, wrt: make([]bool, 2), inPlace: -1, scratch: 2 * size,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			p, q, half := &scratch[0], &scratch[size], &halves[0]
			for from := 0; from < n; from += size {
				m := min(size, n-from)
				k.AddScaled(m, -1, &in[0][n+from], &in[0][from], q) // |x|
				k.ReLUGrad(m, q, half, q)                           // 1/2 but where x is 0
				k.ReLUGrad(m, &in[0][from], half, p)                // 1/2 where it is above 0
				// The share of the first is 1/2 + p - (q - p): 1, 0 or 1/2.
				k.AddScaled(m, -1, q, half, q)
				k.AddScaled(m, 2, p, q, p)
				k.AddScaled(m, -1, p, half, q)
				k.Add(m, q, half, q) // that of the second
				k.Mul(m, p, &in[1][from], p)
				k.Mul(m, q, &in[1][n+from], q)
				k.Add(m, p, q, &out[from])
			}
		},
	}, dx, y)
}
