package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// relu adds max(x, 0). Its backward rule:
//
//	Gradient   passes where the output is above 0
//	Rescale    DeepLift's multiplier (y-yr)/(x-xr); where |x-xr| <= 1e-10, the gradient
//
// ref is the same activation of the baseline, nil but for the Rescale rules.
func (b *graph) relu(shape tensor.Shape, x, ref *gorgonia.Node) *gorgonia.Node {
	n := shape.TotalSize()
	if ref != nil {
		return b.apply(&op{
			name: fmt.Sprintf("relu rescale %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{true, false}, inPlace: -1,
			run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) { k.ReLU(n, &in[0][0], &y[0]) },
			diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
				return []*gorgonia.Node{b.apply(&op{
					name: fmt.Sprintf("relu rescale gradient %v", shape), in: []int{len(shape), len(shape), len(shape)}, shape: shape, wrt: []bool{false, false, false}, inPlace: 2,
					run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
						k.ReLURescale(n, &in[0][0], &in[1][0], &in[2][0], &d[0])
					},
				}, in[0], in[1], grad), nil}
			},
		}, x, ref)
	}
	return b.apply(&op{
		name: fmt.Sprintf("relu %v", shape), in: []int{len(shape)}, shape: shape, wrt: []bool{true}, inPlace: 0,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) { k.ReLU(n, &in[0][0], &y[0]) },
		diff: func(_ []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("relu gradient %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{false, false}, inPlace: 1,
				run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
					k.ReLUGrad(n, &in[0][0], &in[1][0], &d[0])
				},
			}, out, grad)}
		},
	}, x)
}
