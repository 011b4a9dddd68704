package metrics

import (
	"context"
	"fmt"
	"math"
	"testing"

	"assay/model"
)

func TestConservationOfKnownAccounts(t *testing.T) {
	shares := []model.RelevanceShare{
		{Layer: "conv1", Out: 3, In: 1.5, Bias: 1, Stabiliser: 0.5},
		{Layer: "fc1", Out: 4, In: 3, Bias: -1, Stabiliser: 1.75}, // 0.25 is missing
	}
	for _, r := range []struct {
		name string
		c    Case
		want []float64
	}{
		{"all there", Case{Map: []float32{1, 0.75}, FX: 4, Relevance: shares}, []float64{0, 2.25, 0, 0.25}},
		{"something lost", Case{Map: []float32{1, 0.25}, FX: 4, Relevance: shares}, []float64{0, 2.25, 0.5, 0.25}},
		{"no account", Case{Map: []float32{1, 0.25}, FX: 4}, []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
	} {
		got, err := new(Conservation).Score(nil, []Case{r.c})
		if err != nil || fmt.Sprint(got[0]) != fmt.Sprint(r.want) {
			t.Errorf("%s: got %v, %v, want %v", r.name, got[0], err, r.want)
		}
	}
}

// The engine's accounts close on the network of the oracle.
func TestConservationOfTheEngine(t *testing.T) {
	o := openOutside(t, false)
	cases := relevance(t, o, o.cases(t, "saliency"))
	got, err := new(Conservation).Score(nil, cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v[0] == 0 || v[2] > 1e-5 || v[3] > 1e-5 {
			t.Errorf("image %d: %v, want a share of the biases and errors below 1e-5", i, v)
		}
	}
}

// relevance gives cases the maps and accounts of LRP with the rule z_plus.
func relevance(t *testing.T, o *outside, cases []Case) []Case {
	t.Helper()
	net := o.worker.Model().Net()
	l := &model.LRP{Norm: 1e-6}
	for range net.Layers {
		l.Rules = append(l.Rules, model.LRPRule{Kind: "z_plus", Epsilon: 1e-6})
	}
	out := append([]Case(nil), cases...)
	err := o.worker.Relevance(context.Background(), l, len(cases), func(i int, p *model.Point) {
		copy(p.X, cases[i].X)
		p.Target = cases[i].Target
	}, func(i int, r model.Relevance) {
		c := &out[i]
		c.Map, c.FX, c.FB, c.Summed = append([]float32(nil), r.Map...), c.Target.Of(r.Logits), 0, true
		c.Relevance = append([]model.RelevanceShare(nil), r.Layers...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
