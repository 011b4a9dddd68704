package model

import (
	"context"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// biased is the program of a pass that also gives the biases' terms.
const biased Rule = -2

// BiasTerm is what the biases of one layer give to a target: for every output
// value of the layer, the target's derivative by it times its bias.
type BiasTerm struct {
	Layer  string
	Shape  Shape     // of the layer's output; H and W are 1 behind a flattening
	Values []float32 // [C*H*W]
}

// BiasGradients is Gradients by the plain rule, and gives the term of every
// layer with a bias too, input to output; a batch norm that is folded into the
// convolution before it is part of that one's. On a piecewise linear network the
// terms and gradient times input sum to the target's value (Srinivas & Fleuret,
// "Full-Gradient Representation for Neural Network Visualization", NeurIPS
// 2019, proposition 1).
func (w *Worker) BiasGradients(ctx context.Context, n int, fill func(i int, p *Point), fold func(i int, r Result, terms []BiasTerm)) error {
	p := w.pass(biased)
	net := w.m.net
	layers := net.biasedLayers()
	shapes := net.Shapes()
	values := make([]rows, len(layers))
	terms := make([]BiasTerm, len(layers))
	for k, i := range layers {
		values[k] = newRows(shapes[i].Size(), Lanes)
		terms[k] = BiasTerm{Layer: net.Layers[i].Name, Shape: shapes[i]}
	}
	return w.evaluate(ctx, p, false, n, fill, func(i int, r Result) {
		lane := i % Lanes // blocks begin at multiples of Lanes
		for k := range terms {
			if lane == 0 {
				p.store(values[k].n, p.out[2+k], values[k])
			}
			terms[k].Values = values[k].row(lane)
		}
		fold(i, r, terms)
	})
}

// biasedLayers lists the layers that add a bias: convolutions, linear layers,
// and batch norms that stand alone.
func (n *Net) biasedLayers() []int {
	t := newTaps(nil, n, false)
	var out []int
	for i, l := range n.Layers {
		if kinds[l.Kind].params != nil && t.alias[i+1] == i+1 {
			out = append(out, i)
		}
	}
	return out
}

// biasGraph computes [logits, gradient, term of a layer...].
func biasGraph(n *Net) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	in := n.Input
	x := b.leaf("x", in.C, in.H, in.W, Lanes)
	acts := b.network(n, x, nil, true, false, Gradient)
	logits := acts[len(acts)-1]
	seed := b.leaf("seed", logits.Shape()...)
	wrt := []*gorgonia.Node{x}
	for _, i := range n.biasedLayers() {
		if h := acts[i+1]; h != logits { // whose derivative is the seed itself
			wrt = append(wrt, h)
		}
	}
	ds := b.differentiate(logits, seed, wrt...)
	outs := []*gorgonia.Node{logits, ds[0]}
	next := 1
	for _, i := range n.biasedLayers() {
		h, grad := acts[i+1], seed
		if h != logits {
			grad = ds[next]
			next++
		}
		// Convolutions, linear layers and batch norms read their bias third.
		outs = append(outs, b.biasTerm(grad, b.operands[h][2]))
	}
	return b, outs
}

// biasTerm adds the product of a derivative [C,...,lanes] and a bias [C].
func (b *graph) biasTerm(grad, bias *gorgonia.Node) *gorgonia.Node {
	shape := grad.Shape().Clone()
	row := shape.TotalSize() / shape[0]
	return b.apply(&op{
		name: fmt.Sprintf("bias term %v", shape), in: []int{len(shape), 1}, shape: tensor.Shape(shape), wrt: []bool{false, false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range shape[0] {
				v := in[1][c]
				for j, g := range in[0][c*row : (c+1)*row] {
					out[c*row+j] = g * v
				}
			}
		},
	}, grad, bias)
}
