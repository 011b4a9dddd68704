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
	forward: func(c *preciseLayer, in [][]float64, y []float64) {
		c.startWithBias(y)
		c.rows(func(w float64, out, from, n int) {
			to := y[out : out+n]
			if c.l.Stride == 1 {
				addTimes(w, in[0][from:from+n], to)
				return
			}
			for j := range to {
				to[j] += float64(w * in[0][from+j*c.l.Stride])
			}
		})
	},
	back: func(c *preciseLayer, _ Rule) {
		m := c.m[0]
		c.rows(func(w float64, out, in, n int) {
			from := c.g[out : out+n]
			if c.l.Stride == 1 {
				addTimes(w, from, m[in:in+n])
				return
			}
			for j, v := range from {
				m[in+j*c.l.Stride] += float64(w * v)
			}
		})
	},
}

// addTimes adds w times x to y, which are of one length.
func addTimes(w float64, x, y []float64) {
	x = x[:len(y)]
	for j, v := range x {
		y[j] += float64(w * v)
	}
}

// rows visits a convolution by weights and rows: n outputs from out on, which lie
// side by side, read inputs from in on, a stride apart, times w.
func (c *preciseLayer) rows(visit func(w float64, out, in, n int)) {
	l, s, o := c.l, c.s, c.o
	ys := forwardAxis(l.Kernel, l.Stride, l.Padding, s.H, o.H).spans
	for t, w := range c.weight("weight") {
		tx, ty, ic, oc := t%l.Kernel, t/l.Kernel%l.Kernel, t/(l.Kernel*l.Kernel)%s.C, t/(l.Kernel*l.Kernel*s.C)
		first := max(0, (l.Padding-tx+l.Stride-1)/l.Stride)
		n := min(o.W, (s.W-1+l.Padding-tx)/l.Stride+1) - first
		if n <= 0 || s.W-1+l.Padding < tx {
			continue
		}
		for y, span := range ys {
			if row := span.at + ty - span.first; ty >= span.first && ty < span.first+span.count {
				visit(float64(w), (oc*o.H+y)*o.W+first, (ic*s.H+row)*s.W+first*l.Stride+tx-l.Padding, n)
			}
		}
	}
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
