package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
)

var avgPool2dKind = kind{
	name: "avg_pool2d", prefix: "avgpool", takes: []string{"kernel", "stride"},
	spatial: true, role: sharing, sign: asInput,
	fill: strideOfKernel, fits: fitsKernel, output: pooled,
}

var adaptiveAvgPool2dKind = kind{
	name: "adaptive_avg_pool2d", prefix: "adaptive", takes: []string{"out"},
	spatial: true, role: sharing, sign: asInput,
	fits: func(l Layer, s Shape, _ bool) string {
		if s.H%l.Out != 0 || s.W%l.Out != 0 {
			return fmt.Sprintf("out %d does not divide the %dx%d pixels of its input", l.Out, s.H, s.W)
		}
		return ""
	},
	output: func(l Layer, s Shape) Shape { return Shape{s.C, l.Out, l.Out} },
}

func buildAvgPool(b *graph, c *site) *gorgonia.Node { return b.avgPool(c.l, c.s, c.x) }
