package model

import (
	"gorgonia.org/gorgonia"

	"assay/model/rng"
)

// The activations other than relu.
var (
	leakyReLUKind = kind{
		name: "leaky_relu", prefix: "leaky_relu", takes: []string{"slope"}, role: passing,
		fill: func(l *Layer) {
			if l.Slope == 0 {
				l.Slope = 0.01
			}
		},
		curve: leaky,
		kink:  func(l Layer, _ Shape, _ Layer) (kink, int) { return signs{float32(l.Slope)}, 1 },
	}
	eluKind = kind{
		name: "elu", prefix: "elu", takes: []string{"alpha"}, role: passing,
		fill: func(l *Layer) {
			if l.Alpha == 0 {
				l.Alpha = 1
			}
		},
		curve: exponential, smooth: true,
	}
	softplusKind = kind{
		name: "softplus", prefix: "softplus", role: passing, sign: notBelow0,
		curve: func(Layer) curve { return curve{softplus, sigmoid} }, smooth: true,
	}
	tanhKind = kind{
		name: "tanh", prefix: "tanh", role: passing,
		curve: func(Layer) curve { return curve{tanh, func(x float64) float64 { return 4 * bell(2*x) }} }, smooth: true,
	}
	sigmoidKind = kind{
		name: "sigmoid", prefix: "sigmoid", role: passing, sign: notBelow0,
		curve: func(Layer) curve { return curve{sigmoid, bell} }, smooth: true,
	}
)

// leaky has at its corner the slope of the left side, as in PyTorch.
func leaky(l Layer) curve {
	return curve{
		func(x float64) float64 {
			if x > 0 {
				return x
			}
			return l.Slope * x
		},
		func(x float64) float64 {
			if x > 0 {
				return 1
			}
			return l.Slope
		},
	}
}

// exponential is the elu, with the slope of the left side at 0, as in PyTorch.
func exponential(l Layer) curve {
	return curve{
		func(x float64) float64 {
			if x > 0 {
				return x
			}
			return l.Alpha * expm1(x)
		},
		func(x float64) float64 {
			if x > 0 {
				return 1
			}
			return l.Alpha * rng.Exp(x)
		},
	}
}

func buildCurve(b *graph, c *site) *gorgonia.Node {
	if c.moves {
		return b.activationChange(c.l, c.dims, c.x, c.base)
	}
	return b.activation(c.l, c.dims, c.x, c.base, c.rule)
}
