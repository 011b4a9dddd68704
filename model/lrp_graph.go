package model

import (
	"fmt"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// relevance is the rule under which network builds an LRP graph: nothing is
// folded, and every layer's derivative is replaced by its LRP rule.
const relevance Rule = -2

// lrpGraph is what an LRP graph knows beyond its layers. What travels backward
// through it is relevance, not a gradient.
type lrpGraph struct {
	layers []Layer
	rules  []LRPRule // of every layer; the zero value for layers without weights
	norm   float64   // stabiliser of sums without weights: average pools, additions
	captum bool
	// nonNegative are the activations that are never below 0.
	nonNegative map[*gorgonia.Node]bool
	layer       map[*gorgonia.Node]int              // that made the activation
	readers     map[*gorgonia.Node][]*gorgonia.Node // of activations, in the forward half
	shares      []*gorgonia.Node                    // [4, lanes] relevance: of the outputs, inputs, bias, z; output to input
	sharers     []int                               // layers that shares belong to
}

// attachLRP gives layer i, whose input has shape s and whose output is h, its
// rule in place of its derivative. Gorgonia then carries relevance from the
// logits to the input as it would a gradient, and adds up what comes from the
// branches of a network.
func (b *graph) attachLRP(i int, l Layer, s Shape, h *gorgonia.Node) {
	if _, done := b.lrp.layer[h]; done {
		return // a flatten of what is flat
	}
	o := h.Op().(*op)
	b.lrp.layer[h] = i
	switch l.Kind {
	case "flatten", "dropout":
	case "conv2d":
		o.diff = b.lrpWeighted(i, l, s, o.diff, 4)
	case "linear":
		o.diff = b.lrpWeighted(i, l, s, o.diff, 0)
	case "max_pool2d": // the winner takes all: its gradient
		if b.lrp.captum {
			o.diff = b.lrpNorm(i, o.diff, 0)
		}
	case "avg_pool2d", "adaptive_avg_pool2d", "add":
		o.diff = b.lrpNorm(i, o.diff, 0)
	case "batch_norm2d": // one that no convolution takes over: x, scale, shift
		o.diff = b.lrpNorm(i, o.diff, 2)
	default: // activations
		o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			ds := make([]*gorgonia.Node, len(in))
			ds[0] = grad
			return ds
		}
	}
	switch l.Kind {
	case "relu", "sigmoid", "softplus":
		b.lrp.nonNegative[h] = true
	case "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "flatten", "dropout", "add":
		all := true
		for _, x := range b.operands[h] {
			all = all && b.nonNegative(x)
		}
		b.lrp.nonNegative[h] = b.lrp.nonNegative[h] || all
	}
}

// nonNegative reports whether an activation is known not to be below 0. A
// linear layer flattens its input by itself where that is an image, and what
// several layers read is copied.
func (b *graph) nonNegative(x *gorgonia.Node) bool {
	if b.lrp.nonNegative[x] {
		return true
	}
	o, isOp := x.Op().(*op)
	return isOp && (strings.HasPrefix(o.name, "flatten") || strings.HasPrefix(o.name, "copy")) && b.nonNegative(b.operands[x][0])
}

// listReaders notes who reads what; to be called when the forward half is there.
func (b *graph) listReaders() {
	b.lrp.readers = map[*gorgonia.Node][]*gorgonia.Node{}
	for n, operands := range b.operands {
		for _, x := range operands {
			b.lrp.readers[x] = append(b.lrp.readers[x], n)
		}
	}
}

// dead reports whether an activation has no relevance wherever it is 0 or below:
// a relu follows, and what reads the relu hands relevance out in proportion to
// its inputs. Rules need not look at such outputs.
func (b *graph) dead(x *gorgonia.Node) bool { return b.allReaders(x, b.deadFor) }

func (b *graph) allReaders(x *gorgonia.Node, ok func(reader *gorgonia.Node) bool) bool {
	for _, r := range b.lrp.readers[x] {
		if !ok(r) {
			return false
		}
	}
	return len(b.lrp.readers[x]) > 0
}

// kind returns the kind of the layer that a node is, "" for reshapings, copies
// and what belongs to no layer.
func (b *graph) kind(x *gorgonia.Node) string {
	if i, ok := b.lrp.layer[x]; ok {
		return b.lrp.layers[i].Kind
	}
	return ""
}

// passes reports whether a node hands relevance to values of its input that are
// values of its output.
func (b *graph) passes(x *gorgonia.Node) bool {
	name := x.Op().(*op).name
	return b.kind(x) == "max_pool2d" && !b.lrp.captum || strings.HasPrefix(name, "flatten") || strings.HasPrefix(name, "copy")
}

func (b *graph) deadFor(r *gorgonia.Node) bool {
	switch {
	case b.passes(r):
		return b.dead(r)
	case b.kind(r) == "relu":
		return b.allReaders(r, b.proportionalFor)
	}
	return false
}

// proportionalFor reports whether reader r gives 0 to an input that is 0.
func (b *graph) proportionalFor(r *gorgonia.Node) bool {
	switch b.kind(r) {
	case "conv2d", "linear":
		k := b.lrp.rules[b.lrp.layer[r]].Kind
		return k == "epsilon" || k == "gamma" || k == "z_plus" || k == "alpha_beta"
	case "add", "avg_pool2d", "adaptive_avg_pool2d", "batch_norm2d":
		return true
	}
	return b.passes(r) && b.allReaders(r, b.proportionalFor)
}

// lrpNorm is the epsilon rule of an operation that is linear in its operands:
// each gets in proportion to what it adds to the output. Operand bias, if not 0,
// is what is added per channel.
func (b *graph) lrpNorm(i int, gradient func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node, bias int) func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
	return func(in []*gorgonia.Node, out, rel *gorgonia.Node) []*gorgonia.Node {
		s := b.divide(rel, out, nil, 1, 0, b.lrp.norm)
		ds := gradient(in, out, s)
		var rs []*gorgonia.Node
		for j, d := range ds {
			if d != nil {
				ds[j] = b.times(d, in[j])
				rs = append(rs, ds[j])
			}
		}
		var biases []*gorgonia.Node
		if bias > 0 {
			biases = append(biases, in[bias])
		}
		b.share(i, rel, rs, []*gorgonia.Node{s}, []*gorgonia.Node{out}, biases)
		return ds
	}
}

// lrpWeighted is the rule of a convolution or linear layer. Operand x of the
// layer's operation is its input, 2 the bias, 3 the weight.
func (b *graph) lrpWeighted(i int, l Layer, s Shape, gradient func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node, x int) func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
	r := b.lrp.rules[i]
	return func(in []*gorgonia.Node, out, rel *gorgonia.Node) []*gorgonia.Node {
		ds := make([]*gorgonia.Node, len(in))
		if r.Kind == "pass" {
			ds[x] = rel
			return ds
		}
		var ss, zs, biases []*gorgonia.Node
		back := map[string]*gorgonia.Node{} // sum of W'^T s, by input variant
		var order []string
		dead := b.dead(out)
		for _, g := range r.groups(b.nonNegative(in[x])) {
			if dead && g.sign < 0 {
				continue
			}
			if dead {
				g.sign = 0
			}
			var z, bias *gorgonia.Node
			for _, t := range g.terms {
				y := out
				var own *gorgonia.Node
				if t.bias != "" {
					own = b.biasAs(in[2], t.bias, r.Gamma)
					bias = own
				}
				if t != (lrpTerm{"x", "w", "w"}) {
					y = b.lrpForward(l, s, b.inputAs(in[x], in[2], t.input, r), in[3], own, t.weight, r.Gamma)
				}
				z = b.plus(z, y)
			}
			q := b.divide(rel, z, out, g.scale, g.sign, r.Epsilon)
			for _, t := range g.terms {
				if back[t.input] == nil {
					order = append(order, t.input)
				}
				back[t.input] = b.plus(back[t.input], b.lrpBackward(l, s, q, in[3], t.weight, r.Gamma))
			}
			ss, zs, biases = append(ss, q), append(zs, z), append(biases, bias)
		}
		for _, name := range order {
			d := back[name]
			if name != "1" {
				d = b.times(d, b.inputAs(in[x], in[2], name, r))
			}
			ds[x] = b.plus(ds[x], d)
		}
		b.share(i, rel, ds[x:x+1], ss, zs, biases)
		return ds
	}
}

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
			each := (len(out) + len(values) - 1) / len(values)
			for i := range out {
				out[i] = values[i/each]
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

// plus adds two nodes, of which the first may be nil.
func (b *graph) plus(x, y *gorgonia.Node) *gorgonia.Node {
	if x == nil {
		return y
	}
	return b.binary("plus", x, y, func(k *kernel.Set, n int, x, y, out *float32) { k.Add(n, x, y, out) })
}

func (b *graph) times(x, y *gorgonia.Node) *gorgonia.Node {
	return b.binary("times", x, y, func(k *kernel.Set, n int, x, y, out *float32) { k.Mul(n, x, y, out) })
}

func (b *graph) binary(name string, x, y *gorgonia.Node, f func(k *kernel.Set, n int, x, y, out *float32)) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("%s %v", name, shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{false, false}, inPlace: 0,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			f(k, n, &in[0][0], &in[1][0], &out[0])
		},
	}, x, y)
}

// divide is scale*rel / (z + epsilon sign z), 0 where the divisor is 0; with a
// sign, 0 too where the layer's output is not of that sign.
func (b *graph) divide(rel, z, out *gorgonia.Node, scale float64, sign int, epsilon float64) *gorgonia.Node {
	shape := rel.Shape().Clone()
	n, dims := shape.TotalSize(), len(shape)
	eps, c := float32(epsilon), float32(scale)
	name := fmt.Sprintf("lrp divide %v scale %v sign %d epsilon %v", shape, scale, sign, epsilon)
	if sign == 0 {
		return b.apply(&op{
			name: name, in: []int{dims, dims}, shape: shape, wrt: []bool{false, false}, inPlace: 0,
			run: func(k *kernel.Set, s []float32, in [][]float32, _ []float32) {
				k.Divide(n, &in[1][0], &in[0][0], &s[0], c, eps)
			},
		}, rel, z)
	}
	return b.apply(&op{
		name: name, in: []int{dims, dims, dims}, shape: shape, wrt: []bool{false, false, false}, inPlace: 0,
		run: func(k *kernel.Set, s []float32, in [][]float32, scratch []float32) {
			k.Divide(n, &in[1][0], &in[0][0], &s[0], c, eps)
			y := in[2]
			if sign < 0 {
				k.AddScaled(n, -2, &y[0], &y[0], &scratch[0]) // -y, exact
				y = scratch
			}
			k.ReLUGrad(n, &y[0], &s[0], &s[0])
		},
		scratch: n,
	}, rel, z, out)
}

// share adds the account of a layer: the relevance of its outputs, of its
// inputs, of its bias, and what the outputs handed on in all, s*z. The groups'
// s, z and (perhaps nil) biases correspond.
func (b *graph) share(layer int, rel *gorgonia.Node, inputs, s, z, biases []*gorgonia.Node) {
	all := append([]*gorgonia.Node{rel}, inputs...)
	at := make([]int, len(s)) // operand of the group's bias, 0 for none
	for i := range s {
		all = append(all, s[i], z[i])
	}
	for i, n := range biases {
		if n != nil {
			at[i], all = len(all), append(all, n)
		}
	}
	dims := make([]int, len(all))
	for i, n := range all {
		dims[i] = n.Dims()
	}
	L := b.lanes
	shape := rel.Shape()
	n, first := shape.TotalSize(), 1+len(inputs)
	most := n
	for _, x := range inputs {
		most = max(most, x.Shape().TotalSize())
	}
	sum := newPixelSum(L)
	b.lrp.sharers = append(b.lrp.sharers, layer)
	b.lrp.shares = append(b.lrp.shares, b.apply(&op{
		name: fmt.Sprintf("lrp shares of layer %d %v", layer, dims), in: dims, shape: tensor.Shape{4, L}, wrt: make([]bool, len(all)), inPlace: -1, scratch: n,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			var acc [4][Lanes]float64
			sum.add(k, in[0], acc[0][:])
			for j := range inputs {
				sum.add(k, in[1+j], acc[1][:])
			}
			for j := range s {
				sj, zj := in[first+2*j], in[first+2*j+1]
				if at[j] > 0 {
					bias := in[at[j]]
					each := n / len(bias)
					for c, v := range bias {
						var part [Lanes]float64
						sum.add(k, sj[c*each:(c+1)*each], part[:])
						for l := range L {
							acc[2][l] += float64(float64(v) * part[l])
						}
					}
				}
				k.Mul(n, &sj[0], &zj[0], &scratch[0])
				sum.add(k, scratch[:n], acc[3][:])
			}
			for j := range acc {
				for l := range L {
					out[j*L+l] = float32(acc[j][l])
				}
			}
		},
	}, all...))
}

// pixelSum adds up an activation lane by lane: chains of at most 64 pixels in
// float32, every fourth pixel in one, and chain by chain in float64.
type pixelSum struct {
	lanes int
	off   []int32
	ones  []float32
}

func newPixelSum(lanes int) *pixelSum {
	s := &pixelSum{lanes: lanes, off: offsets(64, 4*lanes), ones: make([]float32, 64)}
	for i := range s.ones {
		s.ones[i] = 1
	}
	return s
}

func (s *pixelSum) add(k *kernel.Set, x []float32, acc []float64) {
	var part [4 * Lanes]float32
	for len(x) > 0 {
		chains := min(4, len(x)/s.lanes)
		n := 1 // the last pixels, each by itself
		if chains == 4 {
			n = min(len(x)/(4*s.lanes), len(s.off))
		}
		k.Gemm(1, chains*s.lanes, n, &s.off[0], &x[0], &s.ones[0], &noBias[0], &part[0], 0)
		for j, v := range part[:chains*s.lanes] {
			acc[j%s.lanes] += float64(v)
		}
		x = x[chains*n*s.lanes:]
	}
}
