package attr

import (
	"testing"

	"assay/model"
)

// A standard error of 0 would say that another draw gives the same: of a single
// draw nobody knows.
func TestOneDrawHasNoStandardError(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 8)
	in := images(e, 2)
	train := Baseline{kind: "train"}
	for _, of := range []func(n int) Method{
		func(n int) Method { return &GradientSHAP{NSamples: n, Baseline: train, MultiplyByInputs: true} },
		func(n int) Method { return &ExpectedGradients{NSamples: n, Baseline: train} },
		func(n int) Method {
			return &LayerGradientSHAP{AtLayer{Layer: "conv2"}, GradientSHAP{NSamples: n, Baseline: train}}
		},
		func(n int) Method { return &FeaturePermutation{Mask: GridMask(4), NSamples: n, Baseline: train} },
		func(n int) Method { return &ShapleyValueSampling{Mask: GridMask(4), NSamples: n, Spread: "copy"} },
	} {
		for n := 1; n <= 2; n++ {
			m := of(n)
			for i, a := range attribute(t, e, m, in) {
				if got, want := a.StdErr != nil, n > 1; got != want {
					t.Errorf("%s, %d draws, image %d: has standard errors: %v, want %v", Name(m), n, i, got, want)
				}
			}
		}
	}
}

// Few baselines are looked at once for all images, with the bits of a pass for
// each draw; one image alone draws fewer than there are.
func TestBaselinesLookedAtOnce(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 3)
	in := images(e, 3)
	for _, text := range []string{"train:4", "train", "zero", "mean"} {
		baseline, err := ParseBaseline(text)
		if err != nil {
			t.Fatal(err)
		}
		m := &GradientSHAP{NSamples: 3, Baseline: baseline, MultiplyByInputs: true}
		together := attribute(t, e, m, in)
		for i := range in {
			same(t, text, together[i], attribute(t, e, m, in[i:i+1])[0])
		}
	}
}
