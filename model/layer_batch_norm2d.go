package model

import "gorgonia.org/gorgonia"

var batchNorm2dKind = kind{
	name: "batch_norm2d", prefix: "bn",
	spatial: true, role: sharing, shift: 2,
	params: func(l Layer, s Shape) []Param {
		one := []int{s.C}
		return []Param{
			{Name: l.Name + ".weight", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Start: 1},
			{Name: l.Name + ".bias", Layer: l.Name, Shape: one, FanIn: 1, Norm: true},
			{Name: l.Name + ".running_mean", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Statistic: true},
			{Name: l.Name + ".running_var", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Statistic: true, Start: 1},
		}
	},
}

func buildBatchNorm2d(b *graph, c *site) *gorgonia.Node {
	return b.batchNorm(c.n, c.l, c.s, c.x, c.train, c.moves)
}
