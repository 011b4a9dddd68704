package model

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

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
