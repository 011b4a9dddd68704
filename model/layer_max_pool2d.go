package model

import "gorgonia.org/gorgonia"

var maxPool2dKind = kind{
	name: "max_pool2d", prefix: "pool", takes: []string{"kernel", "stride"},
	spatial: true, role: moving, sign: asInput,
	fill: strideOfKernel, fits: fitsKernel, output: pooled,
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
