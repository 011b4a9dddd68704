package attr

import (
	"math"
	"testing"

	"assay/model"
)

// hiddenRule is reveal_cancel where the network has a hidden linear layer.
func hiddenRule(e *Env) string {
	if e.Worker.Model().Net().Supports(model.RevealCancel) != nil {
		return "rescale"
	}
	return revealCancel
}

// min(x1, x2) = x1 - relu(x1-x2), the example by which the paper motivates the
// rule: Rescale gives everything to the smaller input.
func TestRevealCancelSharesAMinimum(t *testing.T) {
	n := &model.Net{Name: "minimum", Input: model.Shape{C: 2, H: 1, W: 1}, Layers: []model.Layer{
		{Kind: "flatten"}, {Kind: "linear", Name: "fc1", Out: 2}, {Kind: "relu"}, {Kind: "linear", Name: "fc2", Out: 2},
	}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	w := model.Init(n, 1)
	for _, p := range w.Tensors {
		clear(p.Data)
	}
	copy(w.Get("fc1.weight"), []float32{1, 0, 1, -1})
	copy(w.Get("fc2.weight"), []float32{1, -1, 0, 1}) // the minimum, and relu(x1-x2)
	e := envOf(t, n, w)
	for _, r := range []struct {
		rule   string
		target model.Target
		want   [2]float32
	}{
		{"rescale", model.Target{Class: 0, Minus: -1}, [2]float32{0, 1}},
		{revealCancel, model.Target{Class: 0, Minus: -1}, [2]float32{0.5, 0.5}},
		{"rescale", model.Target{Class: 1, Minus: -1}, [2]float32{3, -1}},
		{revealCancel, model.Target{Class: 1, Minus: -1}, [2]float32{2.5, -0.5}},
		{"rescale", model.Target{Class: 0, Minus: 1}, [2]float32{-3, 2}},
		{revealCancel, model.Target{Class: 0, Minus: 1}, [2]float32{-2, 1}},
	} {
		in := []Input{{X: []float32{3, 1}, Target: r.target}}
		for _, m := range []Method{
			&DeepLift{MultiplyByInputs: true, Rule: r.rule},
			&DeepLiftSHAP{MultiplyByInputs: true, Rule: r.rule},
			&LayerDeepLift{AtLayer: AtLayer{Layer: "flatten1"}, DeepLift: DeepLift{MultiplyByInputs: true, Rule: r.rule}},
		} {
			for _, a := range attribute(t, e, m, in) {
				for j, want := range r.want {
					if math.Abs(float64(a.Map[j]-want)) > 1e-6 {
						t.Errorf("%s %s %+v: input %d gets %v, want %v", Name(m), r.rule, r.target, j, a.Map[j], want)
					}
				}
			}
		}
	}
}

// A map has the same bits in any company, and sums to the difference at the
// input, at a layer and for a neuron.
func TestRevealCancelIsComplete(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 7}), 5)
	in := images(e, 19)
	for _, m := range []Method{
		&DeepLift{MultiplyByInputs: true, Rule: revealCancel},
		&DeepLiftSHAP{MultiplyByInputs: true, Rule: revealCancel, Baseline: Baseline{kind: "train", count: 3}},
		&LayerDeepLift{AtLayer: AtLayer{Layer: "pool1"}, DeepLift: DeepLift{MultiplyByInputs: true, Rule: revealCancel}},
		&NeuronDeepLift{AtNeuron: AtNeuron{Layer: "fc2", Neuron: []int{1}}, DeepLift: DeepLift{MultiplyByInputs: true, Rule: revealCancel}},
	} {
		all := attribute(t, e, m, in)
		for i, a := range all {
			if d := a.delta(); math.Abs(d) > 1e-5*max(1, math.Abs(a.FX), math.Abs(a.FB)) {
				t.Errorf("%s image %d: delta %v of %v", Name(m), i, d, a.FX-a.FB)
			}
		}
		same(t, Name(m), attribute(t, e, m, in[17:18])[0], all[17])
	}
}

func TestRevealCancelRefuses(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	shallow := &model.Net{Name: "shallow", Input: n.Input, Layers: []model.Layer{{Kind: "conv2d", Out: 2, Kernel: 3}, {Kind: "relu"}, {Kind: "flatten"}, {Kind: "linear", Out: 3}}}
	if err := shallow.Resolve(); err != nil {
		t.Fatal(err)
	}
	const none = "rule is reveal_cancel: RevealCancel acts on a relu behind a linear layer, and there is none; it would be the Rescale rule"
	for _, r := range []struct {
		name string
		n    *model.Net
		m    Method
		want string
	}{
		{"another word", n, &DeepLift{Rule: "revealcancel"}, `rule is "revealcancel", want one of "rescale", "reveal_cancel"; did you mean "reveal_cancel"?`},
		{"Captum", n, &DeepLift{Rule: revealCancel, Compat: "captum"}, "rule is reveal_cancel, which Captum has not; want rescale with compat captum"},
		{"of a distribution", n, &DeepLiftSHAP{Rule: revealCancel, Compat: "captum"}, "rule is reveal_cancel, which Captum has not; want rescale with compat captum"},
		{"no hidden linear layer", shallow, &DeepLift{Rule: revealCancel}, none},
		{"none behind the layer", n, &LayerDeepLift{AtLayer: AtLayer{Layer: "fc1"}, DeepLift: DeepLift{Rule: revealCancel}}, none},
	} {
		ps := Problems(r.m.Check(r.n))
		if len(ps) != 1 || ps[0].Error() != r.want {
			t.Errorf("%s: got %v, want %s", r.name, ps, r.want)
		}
	}
}
