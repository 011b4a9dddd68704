package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// dropout adds x times a mask that the trainer draws (drawMask). Outside
// training the layer is not in the graph.
func (b *graph) dropout(l Layer, shape tensor.Shape, x *gorgonia.Node) *gorgonia.Node {
	dims := len(shape)
	o := &op{
		name: fmt.Sprintf("dropout %v", shape), in: []int{dims, dims}, shape: shape, inPlace: 0,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			k.Mul(len(out), &in[0][0], &in[1][0], &out[0]) // lanes come in fours
		},
	}
	back := *o
	back.name, back.wrt = "gradient of "+o.name, []bool{false, false}
	o.wrt = []bool{true, false}
	o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		return []*gorgonia.Node{b.apply(&back, grad, in[1]), nil}
	}
	return b.apply(o, x, b.leaf(maskLeaf(l.Name), shape...))
}

// maskLeaf names the leaf that holds a dropout layer's mask.
func maskLeaf(layer string) string { return "dropout/" + layer }

// drawMask writes lane l of a mask [size][lanes]: 0 with probability p, else
// 1/(1-p). The stream is named by the layer, the step and the image's place in
// the batch, so a mask depends on nothing else.
func drawMask(mask []float32, lanes, l int, p float64, seed uint64, layer string, step, image int) {
	s := rng.New(seed, "dropout/"+layer, step, image)
	keep := float32(1 / (1 - p))
	for i := l; i < len(mask); i += lanes {
		mask[i] = 0
		if s.Float64() >= p {
			mask[i] = keep
		}
	}
}
