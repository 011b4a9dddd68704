package model

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

var linearKind = kind{
	name: "linear", prefix: "fc", takes: []string{"out", "no_bias"},
	flattens: true, role: ruled, input: 0,
	fits: func(_ Layer, s Shape, flat bool) string {
		if !flat && (s.H != 1 || s.W != 1) {
			return fmt.Sprintf("linear on a %v activation: put a flatten before it", s)
		}
		return ""
	},
	output: func(l Layer, _ Shape) Shape { return Shape{l.Out, 1, 1} },
	params: func(l Layer, s Shape) []Param { return affineParams(l, l.Out, s.C) },
	forward: func(c *preciseLayer, in [][]float64, y []float64) {
		c.startWithBias(y)
		x, w := in[0], c.weight("weight")
		for j := range y {
			sum := y[j]
			for q, v := range w[j*len(x):][:len(x)] {
				sum += float64(float64(v) * x[q])
			}
			y[j] = sum
		}
	},
	back: func(c *preciseLayer, _ Rule) {
		m, w := c.m[0], c.weight("weight")
		for j, v := range c.g {
			if v == 0 {
				continue
			}
			for q, c := range w[j*len(m):][:len(m)] {
				m[q] += float64(float64(c) * v)
			}
		}
	},
}

// affineParams are a weight, outputs first, and a bias.
func affineParams(l Layer, shape ...int) []Param {
	fan := 1
	for _, d := range shape[1:] {
		fan *= d
	}
	ps := []Param{{Name: l.Name + ".weight", Layer: l.Name, Shape: shape, FanIn: fan}}
	if !l.NoBias {
		ps = append(ps, Param{Name: l.Name + ".bias", Layer: l.Name, Shape: shape[:1:1], FanIn: fan})
	}
	return ps
}

func buildLinear(b *graph, c *site) *gorgonia.Node {
	x := c.x
	if len(x.Shape()) == 4 {
		x = b.flatten(c.s, x)
	}
	if slices.Contains(c.linears, c.i) {
		x, c.denses[c.i] = b.dense(c.taps, c.i, c.s, x)
	}
	w, bias := b.affine(c.n, c.i, -1)
	switch {
	case c.moves && c.i == len(c.n.Layers)-1:
		return b.logitsChange(c.l, c.s.Size(), x, w)
	case c.moves:
		bias = b.noBias(w)
	}
	return b.linear(c.l, c.s.Size(), x, w, bias, c.wrtX, c.train)
}
