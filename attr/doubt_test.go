package attr

import (
	"testing"

	"assay/model"
)

// A tolerance that max_steps or max_samples do not reach makes the map doubtful,
// one that they reach does not.
func TestToleranceMissedIsToldOf(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	e := env(t, n, 2)
	in := images(e, 3)
	for _, r := range []struct {
		name string
		m    Method
		want Doubt
	}{
		{"too few steps", &IntegratedGradients{Quadrature: "riemann_left", MultiplyByInputs: true, Tolerance: 1e-9, MaxSteps: 4, Baseline: ConstantBaseline(-1)}, StepsShort},
		{"enough steps", &IntegratedGradients{Quadrature: "gausslegendre", MultiplyByInputs: true, Tolerance: 0.5, MaxSteps: 1024, Baseline: ConstantBaseline(-1)}, 0},
		{"too few samples", &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad", Stdevs: 1, Tolerance: 1e-6, MaxSamples: 20}, SamplesShort},
		{"enough samples", &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad", Stdevs: 1e-3, Tolerance: 1, MaxSamples: 20}, 0},
	} {
		err := r.m.Attribute(e, in, func(i int, a Attribution) {
			if a.Doubt != r.want {
				t.Errorf("%s, image %d: doubt %b, want %b", r.name, i, a.Doubt, r.want)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A map of one value ranks nothing, whether or not its method says why.
func TestConstantMapsAreDoubted(t *testing.T) {
	for _, r := range []struct {
		name string
		a    Attribution
		want Doubt
	}{
		{"zero", Attribution{Map: make([]float32, 3)}, OneValue},
		{"one value", Attribution{Map: []float32{2, 2, 2}}, OneValue},
		{"two values", Attribution{Map: []float32{2, 2, 1}}, 0},
		{"known", Attribution{Map: make([]float32, 3), Doubt: NothingKept}, NothingKept | OneValue},
	} {
		if got := r.a.Doubts(); got != r.want {
			t.Errorf("%s: got %b, want %b", r.name, got, r.want)
		}
	}
}
