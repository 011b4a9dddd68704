package model

import "gorgonia.org/gorgonia"

var dropoutKind = kind{
	name: "dropout", prefix: "dropout", takes: []string{"p"}, role: moving, sign: asInput,
	fill: func(l *Layer) {
		if l.P == 0 {
			l.P = 0.5
		}
	},
	forward: same, back: sameBack,
}

func buildDropout(b *graph, c *site) *gorgonia.Node {
	if !c.train {
		return c.x
	}
	return b.dropout(c.l, c.dims, c.x)
}
