package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

var flattenKind = kind{
	name: "flatten", prefix: "flatten", flattens: true, role: moving, sign: asInput,
	output:  func(_ Layer, s Shape) Shape { return Shape{s.Size(), 1, 1} },
	forward: same, back: sameBack,
}

func buildFlatten(b *graph, c *site) *gorgonia.Node {
	if len(c.x.Shape()) == 2 {
		return c.x
	}
	return b.flatten(c.s, c.x)
}

// flatten reshapes [C,H,W] to features: the same values in the same order.
func (b *graph) flatten(s Shape, x *gorgonia.Node) *gorgonia.Node {
	flat, full := tensor.Shape{s.Size(), b.lanes}, tensor.Shape{s.C, s.H, s.W, b.lanes}
	reshape := func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
		if &out[0] != &in[0][0] {
			copy(out, in[0])
		}
	}
	return b.apply(&op{
		name: fmt.Sprintf("flatten %v", full), in: []int{4}, shape: flat, wrt: []bool{true}, inPlace: 0, run: reshape,
		diff: func(_ []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("unflatten %v", full), in: []int{2}, shape: full, wrt: []bool{false}, inPlace: 0, run: reshape,
			}, grad)}
		},
	}, x)
}
