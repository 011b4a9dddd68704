package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// taps hands out the activations of a network under construction to the layers
// that read them.
//
// Where an activation is read twice, Gorgonia adds the two derivatives that
// come back, a sum of two that has one value in either order. Of more it would
// add in the order of its own walk, so the third reader and all after it read
// through copies: every sum is again one of two, and the order is that of the
// layers.
type taps struct {
	b     *graph
	n     *Net
	reads [][]int
	acts  []*gorgonia.Node // the image, then the output of every layer
	alias []int            // the activation that this one is: its own, or that of another layer
	norm  []int            // by layer: the batch norm that the convolution takes over, -1 for none
	uses  []int            // how many layers read an activation
	taken []int            // and how many of them have it
	rest  []*gorgonia.Node // what the next reader gets
}

func newTaps(b *graph, n *Net, train bool) *taps {
	size := len(n.Layers) + 1
	t := &taps{
		b: b, n: n, reads: n.reads(), acts: make([]*gorgonia.Node, size), alias: make([]int, size),
		norm: make([]int, size), uses: make([]int, size), taken: make([]int, size), rest: make([]*gorgonia.Node, size),
	}
	readers := make([]int, size)
	for _, r := range t.reads {
		for _, j := range r {
			readers[j]++
		}
	}
	for i, l := range n.Layers {
		t.alias[i+1], t.norm[i] = i+1, -1
		in := t.reads[i][0]
		switch {
		case train:
		case l.Kind == "dropout" && !b.asked(i):
			t.alias[i+1] = t.alias[in]
		case l.Kind == "batch_norm2d" && in > 0 && n.Layers[in-1].Kind == "conv2d" && readers[in] == 1:
			t.alias[i+1], t.norm[in-1] = in, i
		}
	}
	for i, r := range t.reads {
		if t.alias[i+1] != i+1 {
			continue
		}
		for _, j := range r {
			t.uses[t.alias[j]]++
		}
	}
	return t
}

// take returns an activation for one more layer to read.
func (t *taps) take(j int) *gorgonia.Node {
	j = t.alias[j]
	t.taken[j]++
	if t.rest[j] == nil {
		t.rest[j] = t.acts[j]
	} else if t.taken[j] < t.uses[j] {
		t.rest[j] = t.b.same(t.rest[j])
	}
	return t.rest[j]
}

// folds reports whether layer i is a relu that a max-pool, its only reader,
// takes over; that halves the traffic on the largest activations. Under Rescale
// and RevealCancel the pool's multiplier then is that of both: where the pool gains or
// loses, the place that it goes by has the pool's value before the relu too.
func (t *taps) folds(i int, rule Rule) bool {
	if rule == relevance {
		return t.b.foldsRelevance(t, i)
	}
	if rule != Gradient && !rule.carries() || t.n.Layers[i].Kind != "relu" || t.uses[i+1] != 1 {
		return false
	}
	for j, r := range t.reads {
		if t.alias[r[0]] == i+1 && t.alias[j+1] == j+1 {
			return t.n.Layers[j].Kind == "max_pool2d"
		}
	}
	return false
}

// readers lists the layers that read an activation.
func (t *taps) readers(activation int) []int {
	var out []int
	for j, r := range t.reads {
		for _, from := range r {
			if t.alias[j+1] == j+1 && t.alias[from] == activation {
				out = append(out, j)
			}
		}
	}
	return out
}

// same adds a copy, a node of its own with the same values.
func (b *graph) same(x *gorgonia.Node) *gorgonia.Node {
	return b.apply(copyOp(x.Shape().Clone()), x)
}

func copyOp(shape tensor.Shape) *op {
	return &op{
		name: fmt.Sprintf("copy %v", shape), in: []int{len(shape)}, shape: shape, wrt: []bool{true}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) { copy(out, in[0]) },
		diff: func(_ []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{grad}
		},
	}
}
