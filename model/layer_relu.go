package model

import "gorgonia.org/gorgonia"

var reluKind = kind{
	name: "relu", prefix: "relu", role: passing, sign: notBelow0,
	// What a max-pool behind it hides does not switch.
	kink: func(_ Layer, s Shape, next Layer) (kink, int) {
		if next.Kind == "max_pool2d" {
			return newWinners(next, s, true), 2
		}
		return signs{0}, 1
	},
	forward: func(_ *preciseLayer, in [][]float64, y []float64) {
		for j, v := range in[0] {
			y[j] = max(v, 0)
		}
	},
	back: func(c *preciseLayer, rule Rule) {
		if rule == RevealCancel && c.dense != nil {
			c.reveal()
			return
		}
		c.elementwise(0, step01)
	},
}

// reveal leads the multipliers of a relu's output past it and the linear layer in
// front of it.
func (c *preciseLayer) reveal() {
	d := c.dense
	from, to, m := d.in[atBaseline][0], d.in[atInput][0], d.m[0]
	r, x, all := c.in[atBaseline][0], c.in[atInput][0], d.weight("weight")
	for i, v := range c.g {
		w := all[i*len(m):][:len(m)]
		var up, down float64
		for q, c := range w {
			part := float64(c) * (to[q] - from[q])
			up, down = up+max(part, 0), down+min(part, 0)
		}
		ofUp, ofDown := revealCancel(x[i], r[i], up, down)
		for q, c := range w {
			by := (ofUp + ofDown) / 2
			switch part := float64(c) * (to[q] - from[q]); {
			case part > 0:
				by = ofUp
			case part < 0:
				by = ofDown
			}
			m[q] += float64(float64(float64(c)*by) * v)
		}
	}
}

func buildReLU(b *graph, c *site) *gorgonia.Node {
	switch {
	case c.folds(c.i, c.rule): // the pool that follows does it
		return c.x
	case c.linears != nil && c.linears[c.i] >= 0:
		return b.revealCancel(c.denses[c.linears[c.i]], c.x, c.base)
	case c.moves:
		return b.reluChange(c.dims, c.x, c.base)
	}
	return b.relu(c.dims, c.x, c.base, c.rule)
}
