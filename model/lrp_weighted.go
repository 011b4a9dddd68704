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

// part is the sum of the terms above 0 (x+ with w+, b+ and x- with w-), or of
// those below.
func (c *weighted) part(above bool) *gorgonia.Node {
	b := c.b
	same, other, v := "w+", "w-", way{0, 1}
	if !above {
		same, other, v = "w-", "w+", way{1, 0}
	}
	if c.positive { // there is no x-, input 1
		v = map[bool]way{true: {0, -1}, false: {-1, 0}}[above]
	}
	bias := c.variantBias(same)
	if g := newSigned(c.l, c.s, b.lanes, false, v); g != nil {
		return g.apply(b, b.signs(c.s, c.x, c.positive, g.layout), c.w, bias)
	}
	if c.positive {
		return b.lrpForward(c.l, c.s, c.x, c.w, bias, same, 0)
	}
	z := b.lrpForward(c.l, c.s, b.inputAs(c.x, nil, "x+", c.r), c.w, bias, same, 0)
	return b.plus(z, b.lrpForward(c.l, c.s, b.inputAs(c.x, nil, "x-", c.r), c.w, nil, other, 0))
}

// bySign is z_plus, alpha_beta, and gamma with biases.
//
// Passes can be spared without harm to precision where it matters only what an
// output z above 0 has: the sum of its terms above 0 is z less that of those
// below, a sum of two numbers above 0; and it is half of z plus the sum of the
// terms' sizes, |x| with |w| and |b|, of which it is at least a half. For z below 0
// it is the same with signs exchanged.
func (c *weighted) bySign() *gorgonia.Node {
	b, r := c.b, c.r
	short := c.dead && !r.ZeroBias
	var groups []divisor
	switch {
	case r.Kind == "gamma":
		groups = c.gamma()
	case r.Kind == "alpha_beta" && r.Beta != 0:
		below := only(c.part(false), c.variantBias("w-"))
		above := only(c.out, c.variantBias("w+")).with(-1, below.nodes[0])
		if !short {
			above = only(c.part(true), above.bias)
		}
		above.scale, below.scale = r.Alpha, -r.Beta
		groups = []divisor{above, below}
	default:
		d := only(nil, c.variantBias("w+"))
		if short && !c.positive {
			d.nodes[0] = c.out
			d = d.with(1, c.sizes())
			d.factor = 0.5
		} else {
			d.nodes[0] = c.part(true)
		}
		if r.Kind == "alpha_beta" {
			d.scale = r.Alpha
		}
		groups = []divisor{d}
	}

	// Back: a way for x+ and, if there is one, for x-.
	var ways []way
	var dense [][]string // variants of the weights by group and way
	switch {
	case r.Kind == "gamma":
		dense = [][]string{{"w+gamma w+", "w+gamma w-"}, {"w+gamma w-", "w+gamma w+"}}[:len(groups)]
	case len(groups) == 1:
		ways, dense = []way{{0, -1}, {-1, 0}}, [][]string{{"w+", "w-"}}
	default:
		ways, dense = []way{{0, 1}, {1, 0}}, [][]string{{"w+", "w-"}, {"w-", "w+"}}
	}
	if c.positive {
		for i := range dense {
			dense[i] = dense[i][:1]
		}
		ways = ways[:min(1, len(ways))]
	}
	var s, d *gorgonia.Node
	if g := newSigned(c.l, c.s, b.lanes, true, ways...); g != nil && ways != nil {
		s = b.handOut(c.rel, c.out, groups, r.Epsilon, &g.layout)
		d = g.apply(b, s, c.w, nil)
	} else {
		s = b.handOut(c.rel, c.out, groups, r.Epsilon, nil)
		blocks := make([][]variant, len(dense))
		for i := range dense {
			for _, name := range dense[i] {
				f := weightVariant(name, float32(r.Gamma))
				blocks[i] = append(blocks[i], variant{fmt.Sprint(name, " gamma ", r.Gamma), func(w float32, _ int) float32 { return f(w) }})
			}
		}
		d = b.backwardBlocks(c.l, c.s, s, c.w, blocks)
	}
	if c.positive {
		return c.done(b.times(d, c.x), s)
	}
	return c.done(b.timesBySign(c.x, d), s)
}

// sizes is the sum of the sizes of all terms.
func (c *weighted) sizes() *gorgonia.Node {
	b := c.b
	return b.lrpForward(c.l, c.s, b.absolute(c.x), c.w, b.biasAs(c.c, "|w|", 0), "|w|", 0)
}

// gamma is the groups of the rule gamma. Its sum is z and gamma times the sum of
// the terms of z's own sign: for z above 0 part(true), p, or half of z plus sizes;
// for z below 0 z less p, or half of z less sizes.
func (c *weighted) gamma() []divisor {
	g := c.r.Gamma
	up := only(c.out, c.variantBias("w+gamma w+"))
	down := only(c.out, c.variantBias("w+gamma w-"))
	up.sign, down.sign = 1, -1
	if c.positive {
		p := c.part(true)
		up = up.with(float32(g), p)
		down = down.with(float32(-g/(1+g)), p)
		down.factor = 1 + g
	} else {
		sizes := c.sizes()
		up = up.with(float32(g/(2+g)), sizes)
		down = down.with(float32(-g/(2+g)), sizes)
		up.factor, down.factor = 1+g/2, 1+g/2
	}
	if c.dead {
		up.sign = 0
		return []divisor{up}
	}
	return []divisor{up, down}
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

// absolute adds |x|.
func (b *graph) absolute(x *gorgonia.Node) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("absolute %v", shape), in: []int{len(shape)}, shape: shape, wrt: []bool{false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for from := 0; from < n; from += chunk * Lanes {
				m := min(chunk*Lanes, n-from)
				x, y := &in[0][from], &out[from]
				k.ReLU(m, x, y)
				k.AddScaled(m, -1, y, x, y) // min(x, 0)
				k.AddScaled(m, -2, y, x, y) // exact, as all of these
			}
		},
	}, x)
}

// timesBySign is x times y where x is above 0, times the second half of y where
// it is below.
func (b *graph) timesBySign(x, y *gorgonia.Node) *gorgonia.Node {
	shape := x.Shape().Clone()
	n := shape.TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("times by sign %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: make([]bool, 2), inPlace: -1, scratch: chunk * Lanes,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			for from := 0; from < n; from += chunk * Lanes {
				m := min(chunk*Lanes, n-from)
				x, part, y := &in[0][from], &scratch[0], &out[from]
				k.ReLU(m, x, part)
				k.Mul(m, part, &in[1][from], y)
				k.AddScaled(m, -1, part, x, part)
				k.Mul(m, part, &in[1][n+from], part)
				k.Add(m, part, y, y)
			}
		},
	}, x, y)
}
