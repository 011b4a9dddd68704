package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

var conv2dKind = kind{
	name: "conv2d", prefix: "conv", takes: []string{"out", "kernel", "stride", "padding", "no_bias"},
	spatial: true, role: ruled, input: 4,
	fill: func(l *Layer) {
		if l.Stride == 0 {
			l.Stride = 1
		}
	},
	fits: fitsKernel,
	output: func(l Layer, s Shape) Shape {
		return Shape{l.Out, (s.H+2*l.Padding-l.Kernel)/l.Stride + 1, (s.W+2*l.Padding-l.Kernel)/l.Stride + 1}
	},
	params: func(l Layer, s Shape) []Param { return affineParams(l, l.Out, s.C, l.Kernel, l.Kernel) },
}

// fitsKernel refuses inputs smaller than the kernel.
func fitsKernel(l Layer, s Shape, _ bool) string {
	if s.H+2*l.Padding < l.Kernel || s.W+2*l.Padding < l.Kernel {
		return fmt.Sprintf("kernel %d does not fit the %v input", l.Kernel, s)
	}
	return ""
}

func buildConv2d(b *graph, c *site) *gorgonia.Node {
	w, bias := b.affine(c.n, c.i, c.norm[c.i])
	if c.moves {
		bias = b.noBias(w)
	}
	return b.conv2d(c.l, c.s, c.x, w, bias, c.wrtX, c.train)
}
