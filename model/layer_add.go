package model

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

var addKind = kind{
	name: "add", prefix: "add", takes: []string{"from"}, role: sharing, sign: asInput,
	forward: func(_ *preciseLayer, in [][]float64, y []float64) {
		for j, v := range in[1] {
			y[j] = in[0][j] + v
		}
	},
	back: func(c *preciseLayer, _ Rule) {
		for j, v := range c.g {
			c.m[0][j] += v
			c.m[1][j] += v
		}
	},
}

func buildAdd(b *graph, c *site) *gorgonia.Node {
	return b.add(c.s, c.x, c.take(c.reads[c.i][1]))
}

// add adds the sum of two activations. Its derivative by either is what comes
// back, whatever the rule: the sum is linear.
func (b *graph) add(s Shape, x, y *gorgonia.Node) *gorgonia.Node {
	if len(x.Shape()) != len(y.Shape()) { // [C] beside [C][1][1]
		if len(x.Shape()) == 4 {
			x = b.flatten(s, x)
		} else {
			y = b.flatten(s, y)
		}
	}
	o := addOp(x.Shape().Clone())
	o.wrt = []bool{true, true}
	o.diff = func(_ []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		return []*gorgonia.Node{grad, grad}
	}
	return b.apply(o, x, y)
}

func addOp(shape tensor.Shape) *op {
	n := shape.TotalSize()
	whole := n &^ 3
	return &op{
		name: fmt.Sprintf("add %v", shape), in: []int{len(shape), len(shape)}, shape: shape, wrt: []bool{false, false}, inPlace: 0,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			if whole > 0 {
				k.Add(whole, &in[0][0], &in[1][0], &out[0])
			}
			for i := whole; i < n; i++ {
				out[i] = in[0][i] + in[1][i]
			}
		},
	}
}

// op returns the node's operation: this package's own, or addOp for a sum of
// Gorgonia's. It is nil for a leaf.
func (b *graph) op(n *gorgonia.Node) *op {
	if o, ok := n.Op().(*op); ok {
		return o
	}
	return b.sums[n]
}

// adoptSums finds the sums that Gorgonia put between this package's operations
// when it differentiated, for the executor. Their two operands may come in
// either order: a sum of two has the same bits.
func (b *graph) adoptSums() {
	for _, n := range b.g.AllNodes() {
		if n.Op() == nil || b.op(n) != nil {
			continue
		}
		var in []*gorgonia.Node
		for it := b.g.From(n.ID()); it.Next(); {
			in = append(in, it.Node().(*gorgonia.Node))
		}
		switch {
		case len(in) == 1: // x + x
			in = append(in, in[0])
		case len(in) != 2 || !slices.Equal(in[0].Shape(), in[1].Shape()):
			panic(fmt.Sprintf("model: Gorgonia put %v into the graph, want a sum of two", n.Op()))
		}
		b.operands[n], b.sums[n] = in, addOp(n.Shape().Clone())
	}
}
