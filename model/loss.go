package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// crossEntropy adds the loss of each lane, -log softmax(logits)[label], from
// logits and one-hot labels [classes][lanes]. The softmax is computed in
// float64 with the row's maximum taken off, so large logits are no danger.
func (b *graph) crossEntropy(classes int, logits, onehot *gorgonia.Node) *gorgonia.Node {
	L := b.lanes
	return b.apply(&op{
		name: fmt.Sprintf("cross entropy %d x%d", classes, L), in: []int{2, 2}, shape: tensor.Shape{L}, wrt: []bool{true, false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for l := range L {
				top, sum := softmaxLane(in[0], classes, L, l)
				var z float64
				for c := range classes {
					z += float64(float64(in[1][c*L+l]) * (float64(in[0][c*L+l]) - top))
				}
				out[l] = float32(rng.Log(sum) - z)
			}
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("cross entropy gradient %d x%d", classes, L), in: []int{2, 2, 1}, shape: tensor.Shape{classes, L}, wrt: make([]bool, 3), inPlace: -1,
				run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
					for l := range L {
						top, sum := softmaxLane(in[0], classes, L, l)
						for c := range classes {
							p := rng.Exp(float64(in[0][c*L+l])-top) / sum
							d[c*L+l] = float32((p - float64(in[1][c*L+l])) * float64(in[2][l]))
						}
					}
				},
			}, in[0], in[1], grad), nil}
		},
	}, logits, onehot)
}

// softmaxLane returns the largest logit of a lane and the sum of exp(logit - largest).
func softmaxLane(logits []float32, classes, lanes, l int) (top, sum float64) {
	top = float64(logits[l])
	for c := 1; c < classes; c++ {
		top = max(top, float64(logits[c*lanes+l]))
	}
	for c := range classes {
		sum += rng.Exp(float64(logits[c*lanes+l]) - top)
	}
	return top, sum
}
