package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model"
)

func TestGradientFamilyRefuses(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	flat := &model.Net{Input: model.Shape{C: 2, H: 3, W: 3}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}}}
	for _, net := range []*model.Net{n, flat} {
		if err := net.Resolve(); err != nil {
			t.Fatal(err)
		}
	}
	layers := "conv1, relu1, pool1, conv2, relu2, flatten1, fc1, relu3, fc2"
	for _, r := range []struct {
		name string
		n    *model.Net
		m    Method
		want []string
	}{
		{"no such layer", n, &GradCAM{Layer: "con2", InterpolateMode: "none"}, []string{`layer is "con2", want one of ` + layers + `; did you mean "conv2"?`}},
		{"flat layer", n, &LayerCAM{Layer: "fc1", InterpolateMode: "none"}, []string{`layer is "fc1", whose 6 values have no rows and columns any more; want a layer before flatten1`}},
		{"last layer", n, &GradCAMPlusPlus{Layer: "fc2", InterpolateMode: "none"}, []string{"layer is fc2: no layer comes after fc2"}},
		{"no convolution", flat, &GradCAM{InterpolateMode: "none"}, []string{"layer is empty and the network has no convolution, want the name of a layer with rows and columns"}},
		{"modes", n, &GradCAM{Layer: "conv9", InterpolateMode: "bilinaer"}, []string{
			`layer is "conv9", want one of ` + layers + `; did you mean "conv1"?`,
			`interpolate_mode is "bilinaer", want one of "bilinear", "nearest", "none"; did you mean "bilinear"?`,
		}},
		{"guided needs the image's size", n, &GuidedGradCAM{InterpolateMode: "none"}, []string{`interpolate_mode is "none", want one of "nearest", "bilinear"`}},
		{"samples", n, &GradientSHAP{Stdevs: math.NaN()}, []string{"n_samples is 0, want 1 to 100000", "stdevs is NaN, want 0 to 1000"}},
		{"expected samples", n, &ExpectedGradients{NSamples: 100001}, []string{"n_samples is 100001, want 1 to 100000"}},
		{"guided path", n, &GuidedIntegratedGradients{Fraction: -1, MaxDist: 2}, []string{"n_steps is 0, want 1 to 100000", "fraction is -1, want 0 to 1", "max_dist is 2, want 0 to 1"}},
		{"blur path", n, &BlurIntegratedGradients{MaxSigma: -1}, []string{"n_steps is 0, want 1 to 100000", "max_sigma is -1, want above 0, at most 1000"}},
		{"tolerance", n, &IntegratedGradients{NSteps: 5, Quadrature: "riemann_left", Tolerance: 2}, []string{"tolerance is 2, want 0 to 1", "max_steps is 0, want 2 to 100000"}},
		{"tolerance of captum", n, &IntegratedGradients{NSteps: 5, Quadrature: "riemann_trapezoid", Tolerance: 0.1, MaxSteps: 8, Compat: "captum"}, []string{"tolerance cannot be met with compat captum: its trapezoid falls short by 1/n_steps"}},
	} {
		var got []string
		for _, p := range Problems(r.m.Check(r.n)) {
			got = append(got, p.Error())
		}
		if !slices.Equal(got, r.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", r.name, got, r.want)
		}
	}
}

func TestGradientFamilyPasses(t *testing.T) {
	for _, r := range []struct {
		m    Method
		want int
	}{
		{&InputXGradient{}, 1},
		{&GuidedGradCAM{}, 2},
		{&GradientSHAP{NSamples: 7}, 7},
		{&BlurIntegratedGradients{NSteps: 9}, 9},
		{&IntegratedGradients{NSteps: 9, Tolerance: 0.1, MaxSteps: 64}, 64},
		{&NoiseTunnel{Over: &GuidedIntegratedGradients{NSteps: 4}, NTSamples: 3}, 12},
		{&Constant{}, 0},
	} {
		if got := Passes(r.m, nil); got != r.want {
			t.Errorf("%s: got %d passes, want %d", Name(r.m), got, r.want)
		}
	}
}

func TestGradientPointsCostNoMemory(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 4)
	in := images(e, 3)
	for _, r := range []struct {
		name      string
		few, many Method
	}{
		{"blur path", &BlurIntegratedGradients{NSteps: 20, MaxSigma: 5}, &BlurIntegratedGradients{NSteps: 400, MaxSigma: 5}},
		{"random path", &GradientSHAP{NSamples: 20, Stdevs: 1, MultiplyByInputs: true}, &GradientSHAP{NSamples: 400, Stdevs: 1, MultiplyByInputs: true}},
	} {
		count := func(m Method) float64 {
			return testing.AllocsPerRun(1, func() {
				if err := m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := count(r.few), count(r.many); many > few+2 {
			t.Errorf("%s: %v allocations with few, %v with many, want as few", r.name, few, many)
		}
	}
}
