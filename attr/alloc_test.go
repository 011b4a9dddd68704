package attr

import (
	"testing"

	"assay/model"
)

// What a method allocates does not depend on how many points it takes.
func TestPointsCostNoMemory(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 4)
	in := images(e, 3)
	for _, r := range []struct {
		name      string
		few, many Method
	}{
		{
			"n_steps",
			&IntegratedGradients{NSteps: 20, Quadrature: "riemann_middle", MultiplyByInputs: true},
			&IntegratedGradients{NSteps: 2000, Quadrature: "riemann_middle", MultiplyByInputs: true},
		},
		{
			"nt_samples",
			&NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 20, Stdevs: 1},
			&NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 1000, Stdevs: 1},
		},
		{
			"nt_samples over steps",
			&NoiseTunnel{Over: &IntegratedGradients{NSteps: 20, Quadrature: "riemann_left"}, NTType: "smoothgrad", NTSamples: 2, Stdevs: 1},
			&NoiseTunnel{Over: &IntegratedGradients{NSteps: 20, Quadrature: "riemann_left"}, NTType: "smoothgrad", NTSamples: 100, Stdevs: 1},
		},
	} {
		count := func(m Method) float64 {
			return testing.AllocsPerRun(1, func() {
				if err := m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					t.Fatal(err)
				}
			})
		}
		if few, many := count(r.few), count(r.many); many > few {
			t.Errorf("%s: %v allocations with few, %v with many, want as few", r.name, few, many)
		}
	}
}
