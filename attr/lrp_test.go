package attr

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

func lrpRules(t testing.TB, text string) LRPRules {
	t.Helper()
	var r LRPRules
	if err := r.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return r
}

// Presets give the layers of the tiny network the rules that they promise.
func TestLRPPresets(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8}) // conv1, conv2, fc1, fc2
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	half := []float32{0.5, 0.5, 0.5}
	for _, r := range []struct {
		preset, rules string
		want          string
	}{
		{"epsilon", "", "epsilon epsilon epsilon epsilon"},
		{"epsilon_plus", "", "z_plus z_plus epsilon epsilon"},
		{"epsilon_alpha2_beta1", "", "alpha_beta z2_1 alpha_beta z2_1 epsilon epsilon"},
		{"epsilon_gamma_box", "", "z_box gamma epsilon epsilon"},
		{"epsilon_plus_flat", "", "flat z_plus epsilon epsilon"},
		{"epsilon_alpha2_beta1_flat", "", "flat alpha_beta z2_1 epsilon epsilon"},
		{"deep_taylor", "", "z_box z_plus z_plus z_plus"},
		{"excitation_backprop", "", "z_plus z_plus z_plus z_plus"},
		{"epsilon_plus", "conv1=w_square, linear=gamma(0.5)", "w_square z_plus gamma gamma"},
		{"epsilon", "conv2=flat, conv*=z_plus, fc2=alpha_beta(3, 2)", "z_plus flat epsilon alpha_beta z3_2"},
	} {
		o := newLRP()
		o.Preset, o.Rules = r.preset, lrpRules(t, r.rules)
		if err := o.Check(n); err != nil {
			t.Errorf("%s %s: %v", r.preset, r.rules, err)
			continue
		}
		p, err := o.plan(n, half, half)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rule := range p.Rules {
			if rule.Kind == "" {
				continue
			}
			got = append(got, rule.Kind)
			if rule.Kind == "alpha_beta" {
				got = append(got, fmt.Sprintf("z%v_%v", rule.Alpha, rule.Beta))
			}
			if rule.Kind == "z_box" && (!slices.Equal(rule.Low, []float32{-1, -1, -1}) || !slices.Equal(rule.High, []float32{1, 1, 1})) {
				t.Errorf("%s: bounds %v to %v, want those of black and white, -1 to 1", r.preset, rule.Low, rule.High)
			}
		}
		if s := strings.Join(got, " "); s != r.want {
			t.Errorf("%s %q: got %s, want %s", r.preset, r.rules, s, r.want)
		}
	}
}

func TestLRPRulesText(t *testing.T) {
	for _, s := range []string{"none", "conv1=gamma(0.25)", "conv*=alpha_beta(2, 1), linear=epsilon(1e-06), fc3=pass", "conv1=z_box(-1, 1), fc1=w_square"} {
		if got := lrpRules(t, s).String(); got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	}
	if got, want := lrpRules(t, " a = gamma( .5 ),b=flat").String(), "a=gamma(0.5), b=flat"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := lrpRules(t, "").String(), "none"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, r := range []struct{ text, want string }{
		{"conv1", `attr: lrp rule "conv1", want LAYER=RULE as in conv1=gamma(0.25)`},
		{"conv1=flat,", `attr: lrp rule "", want LAYER=RULE as in conv1=gamma(0.25)`},
		{"=flat", `attr: lrp rule "=flat", want LAYER=RULE as in conv1=gamma(0.25)`},
		{"a=gama", `attr: lrp rule of a: "gama" is no rule, want one of epsilon, gamma, alpha_beta, z_plus, z_box, w_square, flat, pass; did you mean "gamma"?`},
		{"a=gamma(1", `attr: lrp rule of a: "gamma(1" has no closing parenthesis`},
		{"a=gamma(x)", `attr: lrp rule of a: "gamma(x)" has "x" in place of a finite number`},
		{"a=gamma(1, 2)", `attr: lrp rule of a: "gamma(1, 2)" has 2 numbers, want 1`},
		{"a=flat(1)", `attr: lrp rule of a: "flat(1)" has 1 numbers, want 0`},
		{"a=epsilon(-1)", `attr: lrp rule of a: "epsilon(-1)", want numbers of at least 0`},
		{"a=alpha_beta(2, 2)", `attr: lrp rule of a: "alpha_beta(2, 2)": the difference is 0, want 1: relevance would not be conserved`},
		{"a=z_box(1, 0)", `attr: lrp rule of a: "z_box(1, 0)": want the lower bound first`},
		{"a[=flat", `attr: lrp rule for "a[": syntax error in pattern`},
	} {
		var rules LRPRules
		if err := rules.UnmarshalText([]byte(r.text)); err == nil || err.Error() != r.want {
			t.Errorf("%q:\ngot  %v\nwant %s", r.text, err, r.want)
		}
	}
}

func TestLRPChecks(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		name string
		m    Method
		want []string
	}{
		{"defaults", newLRP(), nil},
		{"all at once", &LRP{Preset: "epsilon_pluss", Epsilon: -1, Gamma: math.Inf(1), Compat: "captun", Rules: lrpRules(t, "conv3=flat, relu1=flat")}, []string{
			`preset is "epsilon_pluss", want one of "epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box", "epsilon_plus_flat", "epsilon_alpha2_beta1_flat", "deep_taylor", "excitation_backprop"; did you mean "epsilon_plus"?`,
			"epsilon is -1, want a finite number of at least 0",
			"gamma is +Inf, want a finite number of at least 0",
			`compat is "captun", want one of none, "captum"; did you mean "captum"?`,
			`rules names layer "conv3", want one of conv1, conv2, fc1, fc2; did you mean "conv1"?`,
			`rules names layer "relu1", which needs no rule; want one of conv1, conv2, fc1, fc2`,
		}},
		{"not Captum's", &LRP{Preset: "epsilon_plus_flat", Compat: "captum"}, []string{
			"preset gives layer conv1 the rule flat, which Captum has not (compat: captum); it has epsilon, gamma and z_plus",
		}},
		{"box inside", &LRP{Preset: "epsilon", Rules: lrpRules(t, "conv2=z_box")}, []string{
			"rules gives layer conv2 the rule z_box, but it reads relu1 instead of the image; say its bounds: z_box(LOW, HIGH)",
		}},
		{"box with bounds", &LRP{Preset: "epsilon", Rules: lrpRules(t, "conv2=z_box(0, 9)")}, nil},
		{"pass between shapes", &LRP{Preset: "epsilon", Rules: lrpRules(t, "fc2=pass")}, []string{
			"rules gives layer fc2 the rule pass, but turns 6 into 3",
		}},
		{"layer", &LayerLRP{LRP: *newLRP(), AtLayer: AtLayer{Layer: "cnv2"}}, []string{
			`layer is "cnv2", want one of conv1, relu1, pool1, conv2, relu2, flatten1, fc1, relu3, fc2; did you mean "conv2"?`,
		}},
	} {
		var got []string
		for _, p := range Problems(r.m.Check(n)) {
			got = append(got, p.Error())
		}
		if !slices.Equal(got, r.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", r.name, got, r.want)
		}
	}
}

// Under a skip a layer has but a part of the relevance: its map would not sum to
// F(x), and is refused as those of other layer methods are.
func TestLayerLRPUnderASkip(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 4, W: 4}, Layers: []model.Layer{
		{Kind: "conv2d", Out: 2, Kernel: 3, Padding: 1},
		{Kind: "relu"},
		{Kind: "conv2d", Out: 2, Kernel: 3, Padding: 1},
		{Kind: "add", From: "conv1"},
		{Kind: "flatten"},
		{Kind: "linear", Out: 3},
	}}
	e := env(t, n, 3)
	in := images(e, 3)
	for layer, cut := range map[string]bool{"conv1": true, "relu1": false, "conv2": false, "add1": true, "flatten1": true} {
		o := &LayerLRP{LRP: LRP{Preset: "epsilon", ZeroBias: true}, AtLayer: AtLayer{Layer: layer}}
		if err := o.Check(n); (err == nil) != cut {
			t.Errorf("%s: got %v, want it refused: %v", layer, err, !cut)
		}
		if !cut {
			continue
		}
		for i, a := range attribute(t, e, o, in) {
			if d := a.delta(); !a.Summed || math.Abs(d) > 1e-4 {
				t.Errorf("%s image %d: the relevance lacks %v of %v", layer, i, -d, a.FX)
			}
		}
	}
}

// On any network, with any rules: no relevance is lost but to biases and
// stabilisers, and the flat rule loses none.
func TestLRPConservesRelevance(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := env(t, drawNet(r), rapid.Uint64().Draw(r, "seed"))
		in := images(e, 3)
		in[2].Target.Minus = 1
		o := newLRP()
		o.Preset = rapid.SampledFrom(lrpPresetNames).Draw(r, "preset")
		o.Epsilon = rapid.SampledFrom([]float64{1e-6, 0.01, 0.5}).Draw(r, "epsilon")
		o.ZeroBias = rapid.Bool().Draw(r, "zero bias")
		if text := rapid.SampledFrom([]string{"", "linear=w_square", "conv*=gamma(1)"}).Draw(r, "rules"); text != "conv*=gamma(1)" || e.Worker.Model().Net().Layers[0].Kind == "conv2d" {
			o.Rules = lrpRules(t, text)
		}
		for i, a := range attribute(t, e, o, in) {
			scale := 1 + math.Abs(a.FX)
			for _, v := range a.Map {
				scale += math.Abs(float64(v))
			}
			leak := a.Bias
			for _, s := range a.Relevance {
				leak += s.Stabiliser
				scale += math.Abs(s.Out) + math.Abs(s.Bias)
			}
			if d := a.delta() + leak; !a.Summed || math.Abs(d) > 1e-4*scale {
				r.Fatalf("%s image %d: the map lacks %v of %v, biases and stabilisers have %v", o.Preset, i, -a.delta(), a.FX, leak)
			}
			if o.ZeroBias && a.Bias != 0 {
				r.Fatalf("%s image %d: the biases have %v, want 0", o.Preset, i, a.Bias)
			}
		}
	})
}

// Without biases, the epsilon rule with epsilon 0 is input times gradient.
func TestLRP0IsInputTimesGradient(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	w := model.Init(n, 4)
	for _, x := range w.Tensors {
		if strings.HasSuffix(x.Name, ".bias") {
			clear(x.Data)
		}
	}
	e := envOf(t, n, w)
	in := images(e, 5)
	grads := attribute(t, e, &Saliency{}, in)
	for i, a := range attribute(t, e, &LRP{Preset: "epsilon"}, in) {
		want := make([]float64, len(a.Map))
		for j := range want {
			want[j] = float64(in[i].X[j]) * float64(grads[i].Map[j])
		}
		if d := relative(a.Map, want); !(d < 1e-5) {
			t.Errorf("image %d: off by %v", i, d)
		}
		if d := a.delta(); math.Abs(d) > 1e-5 {
			t.Errorf("image %d: delta %v, want 0", i, d)
		}
	}
}

// Relevance of a linear model's inputs is their part of the sum, whatever the
// layer is called.
func TestLRPOfALinearModel(t *testing.T) {
	e, w := linear(t)
	in := images(e, 4)
	in[3].Target = model.Target{Class: 2, Minus: 0}
	o := newLRP()
	o.ZeroBias, o.Epsilon = true, 0
	for i, a := range attribute(t, e, o, in) {
		b := e.Worker.Model().Weights().Get("fc1.bias")
		for j, got := range a.Map {
			// z is the logit without its bias; relevance starts as the logit.
			var want float64
			for sign, class := range map[float64]int{1: in[i].Target.Class, -1: in[i].Target.Minus} {
				if class < 0 {
					continue
				}
				var z float64
				for k, x := range in[i].X {
					z += float64(w[class*18+k]) * float64(x)
				}
				want += sign * float64(w[class*18+j]) * float64(in[i].X[j]) * (z + float64(b[class])) / z
			}
			if math.Abs(float64(got)-want) > 1e-4*(1e-2+math.Abs(want)) {
				t.Fatalf("image %d value %d: got %v, want %v", i, j, got, want)
			}
		}
	}
}

// The relevance of a layer is what LRP's account says the layers behind handed
// to it.
func TestLayerLRPSumsToTheAccount(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 6)
	in := images(e, 20)
	o := newLRP()
	o.Preset = "epsilon_plus"
	whole := attribute(t, e, o, in)
	for layer, behind := range map[string]int{"conv1": 1, "relu1": 1, "pool1": 1, "conv2": 2, "flatten1": 2, "fc1": 3} {
		for i, a := range attribute(t, e, &LayerLRP{LRP: *o, AtLayer: AtLayer{Layer: layer}}, in) {
			var sum float64
			for _, v := range a.Map {
				sum += float64(v)
			}
			if want := whole[i].Relevance[behind].In; math.Abs(sum-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s image %d: relevance sums to %v, want %v", layer, i, sum, want)
			}
			if a.FX != whole[i].FX {
				t.Errorf("%s image %d: FX is %v, want %v", layer, i, a.FX, whole[i].FX)
			}
		}
	}
	reads := attribute(t, e, &LayerLRP{LRP: *o, AtLayer: AtLayer{Layer: "conv2", AttributeToLayerInput: true}}, in)
	for i, a := range attribute(t, e, &LayerLRP{LRP: *o, AtLayer: AtLayer{Layer: "pool1"}}, in) {
		same(t, "input of conv2", reads[i], a)
	}
}

// lrpGoldenRows remembers every preset, Captum's forms, and the rules that no
// preset has.
func lrpGoldenRows(add func(file, name string, m Method)) {
	for _, p := range lrpPresetNames[1:] {
		o := newLRP()
		o.Preset = p
		add("lrp", "preset="+p, o)
	}
	for _, r := range []struct{ rules, compat string }{
		{"conv1=w_square, conv2=gamma(1), linear=alpha_beta(1.5, 0.5)", ""},
		{"conv*=gamma, linear=epsilon(0.1)", "captum"},
		{"conv*=z_plus", "captum"},
	} {
		o := newLRP()
		if err := o.Rules.UnmarshalText([]byte(r.rules)); err != nil {
			panic(err)
		}
		o.Compat = r.compat
		add("lrp", "rules="+r.rules+" compat="+r.compat, o)
	}
	zero := newLRP()
	zero.Preset, zero.ZeroBias = "epsilon_gamma_box", true
	add("lrp", "preset=epsilon_gamma_box zero_bias=true", zero)
	deep := &LayerLRP{LRP: *newLRP(), AtLayer: AtLayer{Layer: "pool1"}}
	deep.Preset = "epsilon_plus"
	add("layer_lrp", "layer=pool1 preset=epsilon_plus", deep)
}

// Beyond a gradient, rules take passes with other weights, by the layers' shares
// of the network's work.
func TestLRPCost(t *testing.T) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		preset, rules string
		want          string
	}{
		{"epsilon", "", "1 gradient"},
		{"epsilon_plus", "", "1 gradient and 1 forward pass"},
		{"epsilon_alpha2_beta1", "", "1 gradient and 2 forward passes"},
		{"epsilon_gamma_box", "", "1 gradient and 1 forward pass"},
		{"epsilon_plus_flat", "", "1 gradient"},
		{"epsilon_alpha2_beta1_flat", "", "1 gradient and 1 forward pass"},
		{"deep_taylor", "", "1 gradient and 1 forward pass"},
		{"excitation_backprop", "", "1 gradient and 2 forward passes"},
		{"epsilon", "*=alpha_beta", "1 gradient and 3 forward passes"},
		{"epsilon", "*=w_square", "1 gradient"},
	} {
		o := newLRP()
		o.Preset, o.Rules = r.preset, lrpRules(t, r.rules)
		if got := Cost(o, n); got != r.want {
			t.Errorf("%s %s: %s, want %s", r.preset, r.rules, got, r.want)
		}
	}
}

// A rule that has no effect is a mistake, not a wish.
func TestLRPRulesWithoutEffect(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8}) // conv1, conv2, fc1, fc2
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	with := func(rules string) LRP {
		o := *newLRP()
		o.Rules = lrpRules(t, rules)
		return o
	}
	lrp := with("conv*=z_plus, conv2=flat")
	order := with("conv2=flat, conv*=z_plus")
	for _, r := range []struct {
		name string
		m    Method
		want string
	}{
		{"behind one that fits the same", &lrp, "rules gives conv2 the rule flat, but rules before it fit the same layers, and the first that fits counts"},
		{"before one that fits more", &order, "<nil>"},
		{"before the layer", &LayerLRP{AtLayer{Layer: "conv2"}, with("conv1=z_plus")}, `rules names layer "conv1", which relevance does not reach: it goes back from the output to the output of conv2; want one of fc1, fc2`},
		{"the layer itself", &LayerLRP{AtLayer{Layer: "conv2"}, with("conv*=z_plus, linear=flat")}, `rules names layer "conv*", which relevance does not reach: it goes back from the output to the output of conv2; want one of fc1, fc2`},
		{"behind the layer", &LayerLRP{AtLayer{Layer: "conv2"}, with("fc1=z_plus")}, "<nil>"},
		{"the input of the layer", &LayerLRP{AtLayer{Layer: "conv2", AttributeToLayerInput: true}, with("conv*=z_plus")}, "<nil>"},
		{"no such layer", &LayerLRP{AtLayer{Layer: "conv2"}, with("conv9=z_plus")}, `rules names layer "conv9", want one of conv1, conv2, fc1, fc2; did you mean "conv1"?`},
	} {
		if got := fmt.Sprint(r.m.Check(n)); got != r.want {
			t.Errorf("%s: got %s\nwant %s", r.name, got, r.want)
		}
	}
}
