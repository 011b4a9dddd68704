package model

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// weighted is a layer with weights on the way back: its operands, its output and
// that one's relevance.
type weighted struct {
	b   *graph
	i   int // layer
	l   Layer
	s   Shape // of its input
	r   LRPRule
	x   *gorgonia.Node // input
	w   *gorgonia.Node
	c   *gorgonia.Node // bias
	out *gorgonia.Node
	rel *gorgonia.Node
	// positive says that no input is below 0, dead that no output that is not
	// above 0 has relevance.
	positive, dead bool
}

// lrpWeighted is the rule of a convolution or linear layer. Operand x of the
// layer's operation is its input, 2 the bias, 3 the weight.
func (b *graph) lrpWeighted(i int, l Layer, s Shape, x int) func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
	r := b.lrp.rules[i]
	return func(in []*gorgonia.Node, out, rel *gorgonia.Node) []*gorgonia.Node {
		ds := make([]*gorgonia.Node, len(in))
		c := &weighted{b: b, i: i, l: l, s: s, r: r, x: in[x], w: in[3], c: in[2], out: out, rel: rel, positive: b.nonNegative(in[x]), dead: b.dead(out)}
		switch {
		case r.Kind == "pass":
			ds[x] = rel
		case r.Kind == "flat":
			ds[x] = c.flat()
		case r.Kind == "z_box":
			ds[x] = c.box()
		case !r.Captum && (r.Kind == "z_plus" || r.Kind == "alpha_beta" || r.Kind == "gamma" && !r.ZeroBias):
			ds[x] = c.bySign()
		default:
			ds[x] = c.terms()
		}
		return ds
	}
}

// terms is any rule as LRPRule.groups spells it out, a pass forward and one back
// for every term but the layer's own.
func (c *weighted) terms() *gorgonia.Node {
	b := c.b
	var handed []*gorgonia.Node
	back := map[string]*gorgonia.Node{} // sum of W'^T s, by input variant
	var order []string
	for _, g := range c.r.groups(c.positive) {
		if c.dead && g.sign < 0 {
			continue
		}
		if c.dead {
			g.sign = 0
		}
		var z, bias *gorgonia.Node
		for _, t := range g.terms {
			y := c.out
			var own *gorgonia.Node
			if t.bias != "" {
				own = b.biasAs(c.c, t.bias, c.r.Gamma)
				bias = own
			}
			if t != (lrpTerm{"x", "w", "w"}) {
				y = b.lrpForward(c.l, c.s, b.inputAs(c.x, c.c, t.input, c.r), c.w, own, t.weight, c.r.Gamma)
			}
			z = b.plus(z, y)
		}
		d := only(z, bias)
		d.scale, d.sign = g.scale, g.sign
		q := c.pooled(d)
		if q == nil {
			q = b.handOut(c.rel, c.out, []divisor{d}, c.r.Epsilon, nil)
			handed = append(handed, q)
		} else {
			handed = append(handed, b.operands[q][2])
		}
		for _, t := range g.terms {
			if back[t.input] == nil {
				order = append(order, t.input)
			}
			back[t.input] = b.plus(back[t.input], b.lrpBackward(c.l, c.s, q, c.w, t.weight, c.r.Gamma))
		}
	}
	var r *gorgonia.Node
	for _, name := range order {
		d := back[name]
		if name != "1" {
			d = b.times(d, b.inputAs(c.x, c.c, name, c.r))
		}
		r = b.plus(r, d)
	}
	return c.done(r, handed...)
}

// pooled is handOut where the divisor is the layer's own output and the relevance
// comes through a max-pool that took a relu over and whose windows lie side by
// side: the winner's output is what the pool has, so the division is done there,
// on a fraction of the values, and the quotients take the pool's way back. nil
// elsewhere.
func (c *weighted) pooled(d divisor) *gorgonia.Node {
	b := c.b
	if len(d.nodes) != 1 || d.nodes[0] != c.out || d.sign != 0 || len(b.lrp.readers[c.out]) != 1 {
		return nil
	}
	pool := b.lrp.readers[c.out][0]
	back := b.operands[c.rel] // of the pool's gradient: what it reads, what it has, relevance
	if !b.lrp.folded[pool] || len(back) != 3 || back[0] != c.out || back[1] != pool {
		return nil
	}
	if l := b.lrp.layers[b.lrp.layer[pool]]; l.Stride < l.Kernel {
		return nil
	}
	d.nodes = []*gorgonia.Node{pool}
	return b.apply(c.rel.Op().(*op), c.out, pool, b.handOut(back[2], pool, []divisor{d}, c.r.Epsilon, nil))
}

// done gives the account of the layer and returns the relevance of its input.
func (c *weighted) done(r *gorgonia.Node, handed ...*gorgonia.Node) *gorgonia.Node {
	c.b.account(c.i, []*gorgonia.Node{r}, handed)
	return r
}

// variantBias is a variant of the layer's bias, nil for a rule that leaves it out.
func (c *weighted) variantBias(variant string) *gorgonia.Node {
	if c.r.ZeroBias {
		return nil
	}
	return c.b.biasAs(c.c, variant, c.r.Gamma)
}

// box is the rule z_box. Its sum is the layer's output and a constant of every
// output, and since the bounds are constants too, what they take is a pass with
// weights that hold them.
func (c *weighted) box() *gorgonia.Node {
	b, r := c.b, c.r
	constant := b.lrpForward(c.l, c.s, b.inputAs(c.x, c.c, "low", r), c.w, b.biasAs(c.c, "-w", 0), "-w+", 0)
	constant = b.plus(constant, b.lrpForward(c.l, c.s, b.inputAs(c.x, c.c, "high", r), c.w, nil, "-w-", 0))
	s := b.handOut(c.rel, c.out, []divisor{only(c.out, nil).with(1, constant)}, r.Epsilon, nil)
	size, per := c.s.Size()*b.lanes, c.s.H*c.s.W*b.lanes // of the input, and of a channel
	if c.l.Kind == "linear" {
		per = b.lanes
	}
	bound := func(values []float32, j int) float32 { return values[j*per/each(size, values)] }
	d := b.backwardBlocks(c.l, c.s, s, c.w, [][]variant{{
		{"w", func(w float32, _ int) float32 { return w }},
		{fmt.Sprint("box ", r.Low, r.High), func(w float32, j int) float32 {
			if w > 0 {
				return bound(r.Low, j) * w
			}
			return bound(r.High, j) * w
		}},
	}})
	shape := c.x.Shape().Clone()
	n := shape.TotalSize()
	return c.done(b.apply(&op{
		name: fmt.Sprintf("lrp box %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: make([]bool, 2), inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for from := 0; from < n; from += chunk * Lanes {
				m := min(chunk*Lanes, n-from)
				k.Mul(m, &in[0][from], &in[1][from], &out[from])
				k.AddScaled(m, -1, &in[1][n+from], &out[from], &out[from])
			}
		},
	}, c.x, d), s)
}

// flat is the rule flat. All the inputs that an output reads get the same of it:
// the outputs are summed over the channels and spread over the taps, once for all
// channels of the input.
func (c *weighted) flat() *gorgonia.Node {
	b, L := c.b, c.b.lanes
	z := b.lrpForward(c.l, c.s, b.inputAs(c.x, c.c, "1", c.r), c.w, nil, "1", 0)
	s := b.handOut(c.rel, c.out, []divisor{only(z, nil)}, c.r.Epsilon, nil)
	o := c.l.output(c.s)
	plane := o.H * o.W * L
	off := offsets(o.C, plane)
	ones := slices.Repeat([]float32{1}, o.C)
	sum := b.apply(&op{
		name: fmt.Sprintf("sum of channels %v", o), in: []int{s.Dims()}, shape: tensor.Shape{1, o.H, o.W, L}, wrt: []bool{false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for from := 0; from < plane; from += chunk * Lanes {
				k.Gemm(1, min(chunk*Lanes, plane-from), o.C, &off[0], &in[0][from], &ones[0], &noBias[0], &out[from], 0)
			}
		},
	}, s)
	if c.l.Kind == "conv2d" {
		l := c.l
		l.Out = 1
		g := convGradGather(l, Shape{1, c.s.H, c.s.W}, L)
		packed := b.apply(&op{
			name: "ones of " + g.id, in: []int{1}, shape: tensor.Shape{max(1, len(g.index))}, wrt: []bool{false}, inPlace: -1,
			run: func(_ *kernel.Set, out []float32, _ [][]float32, _ []float32) { fill(out, 1) },
		}, c.c)
		sum = b.apply(g.op(false, false), sum, packed)
	}
	shape := c.x.Shape().Clone()
	return c.done(b.apply(&op{
		name: fmt.Sprintf("repeat for every channel %v", shape), in: []int{4}, shape: shape, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for len(out) > 0 {
				out = out[copy(out, in[0]):]
			}
		},
	}, sum), s)
}
