package experiments

import (
	"context"
	"slices"
	"testing"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/train/dataset"
)

// All quadratures from one baseline have one integral, computed once.
func TestIntegralsAreShared(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 2, W: 2}, Layers: []model.Layer{
		{Kind: "flatten"},
		{Kind: "linear", Out: 3},
		{Kind: "relu"},
		{Kind: "linear", Out: 2},
	}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := model.New(n, model.Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{ctx: context.Background(), data: &dataset.Dataset{Shape: n.Input, Mean: []float32{0.5}, Std: []float32{0.5}}, own: m.Worker()}
	if w.integral(&attr.Saliency{}) != nil {
		t.Error("saliency has an integral, want none")
	}
	cases := []metrics.Case{
		{Index: 3, X: []float32{1, -2, 3, 0.5}, Target: model.Target{Class: 0, Minus: -1}},
		{Index: 4, X: []float32{-1, 2, 1, 0}, Target: model.Target{Class: 1, Minus: 0}},
	}
	ig := func(steps int, baseline float32) attr.Method {
		return &attr.IntegratedGradients{NSteps: steps, Quadrature: "riemann_middle", MultiplyByInputs: true, Baseline: attr.ConstantBaseline(baseline)}
	}
	maps := func(m attr.Method, cases []metrics.Case) (out [][]float32) {
		t.Helper()
		err := w.integral(m)(cases, func(_ int, m []float32) { out = append(out, slices.Clone(m)) })
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := maps(ig(5, 0), cases)
	for _, r := range []struct {
		name string
		got  [][]float32
		same bool
	}{
		{"more steps", maps(ig(50, 0), cases), true},
		{"another baseline", maps(ig(5, 1), cases), false},
		{"the first baseline again", maps(ig(9, 0), cases), true},
		{"the images the other way round", maps(ig(5, 0), []metrics.Case{cases[1], cases[0]}), false},
	} {
		if same := slices.EqualFunc(r.got, first, slices.Equal[[]float32]); same != r.same {
			t.Errorf("%s: same maps %v, want %v", r.name, same, r.same)
		}
	}
	if got := len(w.exact); got != 3 {
		t.Errorf("%d sets of maps are kept, want 3", got)
	}
	for b := range 10 {
		maps(ig(5, float32(b)+2), cases)
	}
	if got := len(w.exact); got != maxIntegrals {
		t.Errorf("%d sets of maps are kept, want %d", got, maxIntegrals)
	}
}
