package model

import "gorgonia.org/gorgonia"

var reluKind = kind{name: "relu", prefix: "relu", role: passing, sign: notBelow0}

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
