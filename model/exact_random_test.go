package model

import (
	"context"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/model/rng"
)

// A path's integral is its own, whatever is beside it: also where 16 paths fill
// the lanes of a network with a single non-linear layer, and the next one gets the
// memory of the last.
func TestPathsOfShallowNetworksStayApart(t *testing.T) {
	for name, layers := range map[string][]Layer{
		"linear":        {{Kind: "flatten"}, {Kind: "linear", Out: 8}, {Kind: "relu"}, {Kind: "linear", Out: 3}},
		"convolution":   {{Kind: "conv2d", Out: 4, Kernel: 3}, {Kind: "relu"}, {Kind: "flatten"}, {Kind: "linear", Out: 3}},
		"pool":          {{Kind: "max_pool2d", Kernel: 2}, {Kind: "flatten"}, {Kind: "linear", Out: 3}},
		"two beside it": {{Kind: "flatten"}, {Kind: "relu", Name: "a"}, {Kind: "leaky_relu", Input: "flatten1"}, {Kind: "add", From: "a"}, {Kind: "linear", Out: 3}},
	} {
		n := &Net{Name: name, Input: Shape{1, 4, 4}, Layers: layers}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		m := testModel(t, n)
		run := func(from, count int) (grads [][]float32) {
			err := m.Worker().PathGradients(context.Background(), count, func(i int, p *Path) {
				q := pointOf(n, from+i)
				copy(p.X, q.X)
				copy(p.Baseline, q.Baseline)
				p.Target = q.Target
			}, func(_ int, r PathResult) { grads = append(grads, slices.Clone(r.Grad)) })
			if err != nil {
				t.Fatal(err)
			}
			return grads
		}
		together := run(0, 50)
		for i := range together {
			sameBits(t, name, together[i], run(i, 1)[0])
		}
	}
}

// Kinks one behind the other that meet in the same place, but for rounding, are
// told apart by which of them goes first.
func TestPathGradientsOfKinksInOnePlace(t *testing.T) {
	n := &Net{Input: Shape{1, 1, 1}, Layers: []Layer{{Kind: "leaky_relu"}, {Kind: "relu"}, {Kind: "relu"}, {Kind: "linear", Out: 1, NoBias: true}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := New(n, &Weights{Tensors: []Tensor{{"fc1.weight", []int{1, 1}, []float32{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	draw := func(i int) (ends [2]float32) {
		rng.New(1, "ends", i).Normals(ends[:])
		return ends
	}
	err = m.Worker().PathGradients(context.Background(), 500, func(i int, p *Path) {
		p.Baseline[0], p.X[0] = draw(i)[0], draw(i)[1]
	}, func(i int, r PathResult) {
		ends := draw(i)
		if want := float64(max(0, ends[1])-max(0, ends[0])) / float64(ends[1]-ends[0]); math.Abs(float64(r.Grad[0])-want) > 1e-6 {
			t.Errorf("from %v to %v: got %v, want %v", ends[0], ends[1], r.Grad[0], want)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever the piecewise linear layers, the integral explains the whole
// difference.
func TestPathGradientsOfRandomNetworks(t *testing.T) {
	linear := slices.DeleteFunc(slices.Clone(kindNames), func(kind string) bool { return kinds[kind].smooth })
	rapid.Check(t, func(rt *rapid.T) {
		m := randomModel(rt, linear)
		n := m.net
		w := m.Worker()
		value := func(x []float32, target Target) (v float64) {
			err := w.Logits(context.Background(), 1, func(_ int, to []float32) { copy(to, x) }, func(_ int, l []float32) { v = target.Of(l) })
			if err != nil {
				rt.Fatal(n, err)
			}
			return v
		}
		err := m.Worker().PathGradients(context.Background(), 18, func(i int, p *Path) {
			q := pointOf(n, i)
			copy(p.X, q.X)
			copy(p.Baseline, q.Baseline)
			p.Target = q.Target
		}, func(i int, r PathResult) {
			p := pointOf(n, i)
			sum, largest := 0.0, 1.0
			for j, g := range r.Grad {
				v := float64(g) * (float64(p.X[j]) - float64(p.Baseline[j]))
				sum += v
				largest = max(largest, math.Abs(v))
			}
			if want := value(p.X, p.Target) - value(p.Baseline, p.Target); math.Abs(sum-want) > 1e-4*max(largest, math.Abs(want)) {
				rt.Errorf("%v\npath %d: the map sums to %v, want %v", n, i, sum, want)
			}
		})
		if err != nil {
			rt.Fatal(n, err)
		}
	})
}
