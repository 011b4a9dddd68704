package model

import "gorgonia.org/gorgonia"

// PyTorch's defaults.
const (
	normEps      = 1e-5
	normMomentum = 0.1
)

var batchNorm2dKind = kind{
	name: "batch_norm2d", prefix: "bn", takes: []string{"eps", "momentum"},
	spatial: true, role: sharing, shift: 2,
	fill: func(l *Layer) { // one way to write a default
		if l.Eps == normEps {
			l.Eps = 0
		}
		if l.Momentum == normMomentum {
			l.Momentum = 0
		}
	},
	params: func(l Layer, s Shape) []Param {
		one := []int{s.C}
		return []Param{
			{Name: l.Name + ".weight", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Start: 1},
			{Name: l.Name + ".bias", Layer: l.Name, Shape: one, FanIn: 1, Norm: true},
			{Name: l.Name + ".running_mean", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Statistic: true},
			{Name: l.Name + ".running_var", Layer: l.Name, Shape: one, FanIn: 1, Norm: true, Statistic: true, Start: 1},
		}
	},
	forward: func(c *preciseLayer, in [][]float64, y []float64) {
		beta, mean := c.weight("bias"), c.weight("running_mean")
		c.scaled(func(ch, from, to int, scale float64) {
			shift := float64(beta[ch]) - float64(float64(mean[ch])*scale)
			for j, v := range in[0][from:to] {
				y[from+j] = float64(scale*v) + shift
			}
		})
	},
	back: func(c *preciseLayer, _ Rule) {
		c.scaled(func(_, from, to int, scale float64) { addTimes(scale, c.g[from:to], c.m[0][from:to]) })
	},
}

// scaled visits a batch norm's channels: the pixels from one on and below another,
// and what they are multiplied by.
func (c *preciseLayer) scaled(visit func(channel, from, to int, scale float64)) {
	gamma, variance, pixels := c.weight("weight"), c.weight("running_var"), c.s.H*c.s.W
	for ch := range gamma {
		visit(ch, ch*pixels, (ch+1)*pixels, normScale(gamma[ch], variance[ch], c.l.eps()))
	}
}

// eps is what is added to a variance before its root is taken.
func (l Layer) eps() float64 {
	if l.Eps == 0 {
		return normEps
	}
	return l.Eps
}

// momentum is what a training batch weighs in the running mean and variance.
func (l Layer) momentum() float64 {
	if l.Momentum == 0 {
		return normMomentum
	}
	return l.Momentum
}

func buildBatchNorm2d(b *graph, c *site) *gorgonia.Node {
	return b.batchNorm(c.n, c.l, c.s, c.x, c.train, c.moves)
}
