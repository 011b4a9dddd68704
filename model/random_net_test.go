package model

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// randomNet draws a small network of any layers, with skips.
func randomNet(t *rapid.T) *Net {
	n := &Net{Name: "random", Input: Shape{rapid.IntRange(1, 3).Draw(t, "channels"), rapid.IntRange(2, 8).Draw(t, "rows"), rapid.IntRange(2, 8).Draw(t, "columns")}}
	s := n.Input
	shapes, names := []Shape{s}, []string{imageName}
	flat := false
	for range rapid.IntRange(1, 8).Draw(t, "layers") {
		l := Layer{Kind: rapid.SampledFrom(kindNames).Draw(t, "kind")}
		if flat && kinds[l.Kind].spatial {
			l.Kind = "relu"
		}
		side := min(s.H, s.W)
		switch l.Kind {
		case "conv2d":
			l.Kernel = rapid.IntRange(1, min(3, side)).Draw(t, "kernel")
			l.Stride = rapid.IntRange(1, 3).Draw(t, "stride")
			l.Padding = rapid.IntRange(0, l.Kernel-1).Draw(t, "padding")
			l.Out = rapid.SampledFrom([]int{s.C, 1, 7, 18, 35}).Draw(t, "out")
			l.NoBias = rapid.Bool().Draw(t, "no bias")
		case "max_pool2d", "avg_pool2d":
			l.Kernel = rapid.IntRange(1, min(3, side)).Draw(t, "kernel")
			l.Stride = rapid.IntRange(1, 3).Draw(t, "stride")
		case "adaptive_avg_pool2d":
			l.Out = 1
		case "linear":
			if !flat {
				n.Layers = append(n.Layers, Layer{Kind: "flatten"})
				s, flat = Shape{s.Size(), 1, 1}, true
			}
			l.Out = rapid.IntRange(1, 9).Draw(t, "features")
		case "add":
			var same []string
			for i, other := range shapes {
				if other == s {
					same = append(same, names[i])
				}
			}
			if len(same) == 0 {
				l.Kind = "tanh"
				break
			}
			l.From = rapid.SampledFrom(same).Draw(t, "from")
		}
		flat = flat || l.Kind == "flatten" || l.Kind == "linear"
		n.Layers = append(n.Layers, l)
		if err := n.nameLayers(); err != nil {
			t.Fatal(err)
		}
		s = l.output(s)
		shapes, names = append(shapes, s), append(names, n.lastName())
	}
	if !flat {
		n.Layers = append(n.Layers, Layer{Kind: "flatten"})
	}
	n.Layers = append(n.Layers, Layer{Kind: "linear", Out: 3})
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	return n
}

// nameLayers gives an unfinished network its default names.
func (n *Net) nameLayers() error {
	whole := &Net{Input: n.Input, Layers: append(append([]Layer{}, n.Layers...), Layer{Kind: "flatten", Name: "end"}, Layer{Kind: "linear", Name: "logits", Out: 1})}
	if err := whole.Resolve(); err != nil {
		return err
	}
	copy(n.Layers, whole.Layers)
	return nil
}

// Whatever the layers, the engine agrees with the plain float64 one in logits
// and training gradients, and DeepLift explains the whole difference.
func TestRandomNetworks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := randomNet(rt)
		w := testWeights(n, 3)
		m, err := New(n, w)
		if err != nil {
			rt.Fatal(err)
		}
		const points = 3
		var r ref
		x := make([][]float32, points)
		xs := make([][]float64, points)
		labels := make([]int, points)
		for i, a := range append(evaluate(t, m.Worker(), Rescale, 0, points), evaluate(t, m.Worker(), RevealCancel, 0, points)...) {
			i %= points
			p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			x[i], xs[i], labels[i] = p.X, float64s(p.X), i%3
			acts, _ := r.forward(n, w, xs[i])
			if d := relative(a.logits, acts[len(acts)-1]); d > 1e-5 {
				rt.Errorf("%v\npoint %d: logits off by %.2g", n, i, d)
			}
			sum, largest := 0.0, 1.0
			for j := range p.X {
				c := float64(a.grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j]))
				sum += c
				largest = max(largest, c, -c)
			}
			if want := p.Target.Of(a.logits) - p.Target.Of(a.ref); abs(sum-want) > 2e-5*max(largest, abs(want)) {
				rt.Errorf("%v\npoint %d: multipliers sum to %v, want %v", n, i, sum, want)
			}
		}
		tr, err := NewTrainer(n, w)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := tr.Step(x, labels, SGD{LR: 1}); err != nil {
			rt.Fatal(err)
		}
		tr2 := trainingRef(n)
		tape := tr2.run(n, w, xs)
		_, g := crossEntropy(tape.acts[len(n.Layers)], labels)
		want := map[string][]float64{}
		for _, p := range w.Tensors {
			want[p.Name] = make([]float64, len(p.Data))
		}
		tr2.back(n, w, Gradient, tape, tape, g, func(name string) []float64 { return want[name] })
		for _, v := range tr.Velocity().Tensors {
			// Before a batch norm a gradient may be 0 but for rounding.
			for j, got := range v.Data {
				if d := abs(float64(got) - want[v.Name][j]); d > 2e-4*max(1, abs(want[v.Name][j])) {
					rt.Errorf("%v\ngradient of %s[%d] is %v, want %v", n, v.Name, j, got, want[v.Name][j])
				}
			}
		}
	})
}

// Whatever the layers and the rule, relevance is what the definition gives, and
// has the same bits on every instruction set. Sums of two activations divide by
// what may be nearly 0, so the bound is wider than on networks chosen for the test.
func TestRelevanceOfRandomNetworks(t *testing.T) {
	names := slices.Sorted(maps.Keys(lrpTestRules))
	rapid.Check(t, func(rt *rapid.T) {
		n := randomNet(rt)
		m, err := New(n, testWeights(n, 3))
		if err != nil {
			rt.Fatal(err)
		}
		name := rapid.SampledFrom(names).Draw(rt, "rule")
		r := lrpTestRules[name]
		const points = 2
		var first []relevant
		for _, level := range testLevels() {
			m.level, m.lrp = level, nil
			got := propagate(t, m.Worker(), everywhere(n, r), 0, points)
			if first == nil {
				first = got
			}
			for i, a := range got {
				sameBits(t, fmt.Sprint(n, " ", name, " ", level), a.rel, first[i].rel)
			}
		}
		for i, a := range first {
			p := Point{X: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			want := lrpReference(n, m.weights, r, 0.02, float64s(p.X), p.Target)
			if d := relative(a.rel, want); !(d < 1e-3) {
				rt.Errorf("%v\n%s point %d: relevance off by %.2g", n, name, i, d)
			}
		}
	})
}

func abs(x float64) float64 { return max(x, -x) }
