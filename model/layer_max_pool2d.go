package model

import (
	"slices"

	"gorgonia.org/gorgonia"
)

var maxPool2dKind = kind{
	name: "max_pool2d", prefix: "pool", takes: []string{"kernel", "stride"},
	spatial: true, role: moving, sign: asInput,
	fill: strideOfKernel, fits: fitsKernel, output: pooled,
	kink: func(l Layer, s Shape, next Layer) (kink, int) {
		if next.Kind == "relu" {
			return newWinners(l, s, true), 2
		}
		return newWinners(l, s, false), 1
	},
	forward: func(c *preciseLayer, in [][]float64, y []float64) {
		c.taken(func(out, at, t, _ int) {
			if v := in[0][at]; t == 0 || v > y[out] {
				y[out] = v
			}
		})
	},
	back: func(c *preciseLayer, _ Rule) {
		r, x, yr, y := c.in[atBaseline][0], c.in[atInput][0], c.out[atBaseline], c.out[atInput]
		// The first place of the maximum, by which the pool gains or loses.
		place := slices.Repeat([]int{-1}, len(y))
		c.taken(func(out, at, _, _ int) {
			if place[out] < 0 && (y[out] > yr[out] && x[at] == y[out] || y[out] < yr[out] && r[at] == yr[out]) {
				place[out] = at
			}
		})
		for j, at := range place {
			if at >= 0 {
				c.m[0][at] += float64(c.g[j] * ((y[j] - yr[j]) / (x[at] - r[at])))
			}
		}
	},
}

// taken visits the values of a max-pool's windows.
func (c *preciseLayer) taken(visit func(out, in, t, size int)) {
	ys, xs := sideBySide(c.l, c.s, c.o)
	c.windows(ys, xs, visit)
}

// sideBySide are the windows of a pool by rows and columns, every one whole.
func sideBySide(l Layer, s, o Shape) (ys, xs []span) {
	return forwardAxis(l.Kernel, l.Stride, 0, s.H, o.H).spans, forwardAxis(l.Kernel, l.Stride, 0, s.W, o.W).spans
}

// strideOfKernel is the default of pools: windows side by side.
func strideOfKernel(l *Layer) {
	if l.Stride == 0 {
		l.Stride = l.Kernel
	}
}

// pooled is the shape of the windows that fit whole.
func pooled(l Layer, s Shape) Shape {
	return Shape{s.C, (s.H-l.Kernel)/l.Stride + 1, (s.W-l.Kernel)/l.Stride + 1}
}

func buildMaxPool2d(b *graph, c *site) *gorgonia.Node {
	fold := c.in > 0 && c.folds(c.in-1, c.rule)
	if c.moves {
		return b.maxPoolChange(c.l, c.s, c.x, c.base, c.ref[c.i+1], fold)
	}
	h := b.maxPool(c.l, c.s, c.x, fold)
	if b.lrp != nil {
		b.lrp.folded[h] = fold
	}
	return h
}
