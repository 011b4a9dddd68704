package attr

import (
	"slices"
	"testing"
)

func TestIdle(t *testing.T) {
	for _, r := range []struct {
		name string
		m    Method
		want []string
	}{
		{"steps", &IntegratedGradients{Quadrature: "gausslegendre"}, []string{"max_steps"}},
		{"tolerance", &IntegratedGradients{Quadrature: "gausslegendre", Tolerance: 0.1}, []string{"n_steps"}},
		{"exact", &IntegratedGradients{Quadrature: "exact"}, []string{"n_steps", "max_steps"}},
		{"of a layer", &LayerIntegratedGradients{IntegratedGradients: IntegratedGradients{Tolerance: 0.1}}, []string{"n_steps"}},
		{"within a tunnel", &NoiseTunnel{Tolerance: 0.1, Over: &IntegratedGradients{Quadrature: "exact"}}, []string{"nt_samples", "over.n_steps", "over.max_steps"}},
		{"shapley", &Lime{Kernel: "shapley", Regression: "ridge"}, []string{"kernel_width"}},
		{"linear", &Lime{Kernel: "cosine", Regression: "linear"}, []string{"alpha"}},
		{"captum's stabiliser", &LRP{Compat: "captum"}, []string{"epsilon"}},
		{"without options", &Deconvolution{}, nil},
	} {
		if got := Idle(r.m); !slices.Equal(got, r.want) {
			t.Errorf("%s: got %v, want %v", r.name, got, r.want)
		}
	}
}
