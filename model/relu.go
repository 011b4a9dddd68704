package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// relu adds max(x, 0). Its backward rule:
//
//	Gradient        passes where the output is above 0
//	RescaleCaptum   DeepLift's multiplier (y-yr)/(x-xr); where |x-xr| <= 1e-10, the gradient
//	GuidedBackprop, Deconvolution   what is positive; the former where the output is above 0
//
// Rescale is reluChange, and so is RevealCancel but behind a linear layer
// (revealCancel). ref is the same activation of the baseline, nil but for
// RescaleCaptum.
func (b *graph) relu(shape tensor.Shape, x, ref *gorgonia.Node, rule Rule) *gorgonia.Node {
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
	if rule.baselined() {
		rule = Gradient // the reference's own pass, of which no derivative is taken
	}
	return b.apply(&op{
		name: fmt.Sprintf("relu %v rule %d", shape, rule), in: []int{len(shape)}, shape: shape, wrt: []bool{true}, inPlace: 0,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) { k.ReLU(n, &in[0][0], &y[0]) },
		diff: func(_ []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("relu gradient %v rule %d", shape, rule), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{false, false}, inPlace: 1,
				run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
					g := in[1]
					if rule != Gradient {
						k.ReLU(n, &g[0], &d[0])
						g = d
					}
					if rule != Deconvolution {
						k.ReLUGrad(n, &in[0][0], &g[0], &d[0])
					}
				},
			}, out, grad)}
		},
	}, x)
}
