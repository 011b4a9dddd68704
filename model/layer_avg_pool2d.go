package model

import "gorgonia.org/gorgonia"

var avgPool2dKind = kind{
	name: "avg_pool2d", prefix: "avgpool", takes: []string{"kernel", "stride"},
	spatial: true, role: sharing, sign: asInput,
	fill: strideOfKernel, fits: fitsKernel, output: pooled,
	forward: averageForward, back: averageBack,
}

var adaptiveAvgPool2dKind = kind{
	name: "adaptive_avg_pool2d", prefix: "adaptive", takes: []string{"out"},
	spatial: true, role: sharing, sign: asInput,
	output:  func(l Layer, s Shape) Shape { return Shape{s.C, l.Out, l.Out} },
	forward: averageForward, back: averageBack,
}

func averageForward(c *preciseLayer, in [][]float64, y []float64) {
	clear(y)
	ys, xs := averaged(c.l, c.s, c.o)
	c.windows(ys, xs, func(out, at, _, size int) { y[out] += in[0][at] / float64(size) })
}

func averageBack(c *preciseLayer, _ Rule) {
	ys, xs := averaged(c.l, c.s, c.o)
	c.windows(ys, xs, func(out, at, _, size int) { c.m[0][at] += c.g[out] / float64(size) })
}

// averaged are the windows of an average pool by rows and columns.
func averaged(l Layer, s, o Shape) (ys, xs []span) {
	if l.Kind == "adaptive_avg_pool2d" {
		return evenly(s.H, o.H), evenly(s.W, o.W)
	}
	return sideBySide(l, s, o)
}

// evenly are the windows of an adaptive pool: window i of out reaches from
// floor(i*in/out) to ceil((i+1)*in/out), as in PyTorch. Where out does not divide
// in, neighbours overlap by one or differ in size.
func evenly(in, out int) []span {
	windows := make([]span, out)
	for i := range windows {
		first, end := i*in/out, ((i+1)*in+out-1)/out
		windows[i] = span{at: first, count: end - first}
	}
	return windows
}

func buildAvgPool(b *graph, c *site) *gorgonia.Node { return b.avgPool(c.l, c.s, c.x) }
