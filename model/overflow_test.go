package model

import (
	"context"
	"math"
	"strings"
	"testing"
)

// What overflows on the way is refused, also where a relu or a max-pool would
// make a 0 of NaN and the logits be finite; and only where it does.
func TestOverflowOnTheWayIsRefused(t *testing.T) {
	for name, layers := range map[string][]Layer{
		"relu":        {{Kind: "conv2d", Out: 2, Kernel: 1}, {Kind: "relu"}, {Kind: "conv2d", Name: "lost", Out: 1, Kernel: 1}, {Kind: "relu"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}},
		"max-pool":    {{Kind: "conv2d", Out: 2, Kernel: 1}, {Kind: "relu"}, {Kind: "conv2d", Name: "lost", Out: 1, Kernel: 1}, {Kind: "relu"}, {Kind: "max_pool2d", Kernel: 1}, {Kind: "flatten"}, {Kind: "linear", Out: 2}},
		"linear":      {{Kind: "flatten"}, {Kind: "linear", Out: 2}, {Kind: "relu"}, {Kind: "linear", Name: "lost", Out: 1}, {Kind: "relu"}, {Kind: "linear", Out: 2}},
		"a sum of it": {{Kind: "flatten"}, {Kind: "linear", Out: 2}, {Kind: "relu", Name: "r"}, {Kind: "linear", Name: "lost", Out: 1}, {Kind: "add", From: "lost"}, {Kind: "sigmoid"}, {Kind: "linear", Out: 2}},
	} {
		n := &Net{Name: name, Input: Shape{1, 1, 1}, Layers: layers}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		w := Init(n, 1)
		for _, x := range w.Tensors {
			for i := range x.Data {
				x.Data[i] = 0
				if strings.HasSuffix(x.Name, ".weight") {
					x.Data[i] = 2
				}
				if x.Name == "lost.weight" && i == 1 {
					x.Data[i] = -2 // infinity less infinity
				}
			}
		}
		m, err := New(n, w)
		if err != nil {
			t.Fatal(err)
		}
		worker := m.Worker()
		var huge float32
		refused := func(what string, err error) {
			t.Helper()
			switch {
			case huge == 0 && err != nil:
				t.Errorf("%s, %s: %v", name, what, err)
			case huge > 0 && (err == nil || !strings.Contains(err.Error(), "not finite for point 17") && !strings.Contains(err.Error(), "diverges") && !strings.Contains(err.Error(), "the loss is NaN")):
				t.Errorf("%s, %s: got %v, want a refusal of point 17", name, what, err)
			}
		}
		tr, err := NewTrainer(n, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, huge = range []float32{0, math.MaxFloat32, 0} {
			for _, rule := range rules {
				refused("gradients", worker.Gradients(context.Background(), rule, 20, func(i int, p *Point) {
					p.X[0] = 1
					if i == 17 {
						p.X[0] += huge
					}
					clear(p.Baseline)
				}, func(int, Result) {}))
			}
			refused("logits", worker.Logits(context.Background(), 20, func(i int, x []float32) {
				x[0] = 1
				if i == 17 {
					x[0] += huge
				}
			}, func(int, []float32) {}))
			refused("relevance", worker.Relevance(context.Background(), everywhere(n, LRPRule{Kind: "z_plus", Epsilon: 1e-6}), 20, func(i int, p *Point) {
				p.X[0] = 1
				if i == 17 {
					p.X[0] += huge
				}
			}, func(int, Relevance) {}))
			_, err := tr.Step([][]float32{{1}, {1 + huge}}, []int{0, 1}, SGD{})
			refused("training", err)
		}
	}
}
