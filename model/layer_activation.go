package model

import "gorgonia.org/gorgonia"

// The activations other than relu. What they compute is Layer.curve.
var (
	leakyReLUKind = kind{
		name: "leaky_relu", prefix: "leaky_relu", takes: []string{"slope"}, role: passing,
		fill: func(l *Layer) {
			if l.Slope == 0 {
				l.Slope = 0.01
			}
		},
	}
	eluKind = kind{
		name: "elu", prefix: "elu", takes: []string{"alpha"}, smooth: true, role: passing,
		fill: func(l *Layer) {
			if l.Alpha == 0 {
				l.Alpha = 1
			}
		},
	}
	softplusKind = kind{name: "softplus", prefix: "softplus", smooth: true, role: passing, sign: notBelow0}
	tanhKind     = kind{name: "tanh", prefix: "tanh", smooth: true, role: passing}
	sigmoidKind  = kind{name: "sigmoid", prefix: "sigmoid", smooth: true, role: passing, sign: notBelow0}
)

func buildCurve(b *graph, c *site) *gorgonia.Node {
	if c.moves {
		return b.activationChange(c.l, c.dims, c.x, c.base)
	}
	return b.activation(c.l, c.dims, c.x, c.base, c.rule)
}
