package attr

import (
	"testing"

	"assay/model"
)

func TestCheckReportsAllFaultsAtOnce(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	for _, r := range []struct {
		name string
		m    Method
		want []string
	}{
		{"defaults", Methods["noise_tunnel"].New(), nil},
		{"no steps, no rule", &IntegratedGradients{Quadrature: "gauslegendre", Compat: "capum"}, []string{
			"n_steps is 0, want 1 to 100000",
			`quadrature is "gauslegendre", want one of "gausslegendre", "riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid", "exact"; did you mean "gausslegendre"?`,
			`compat is "capum", want one of none, "captum"; did you mean "captum"?`,
		}},
		{"one-point trapezoid", &IntegratedGradients{NSteps: 1, Quadrature: "riemann_trapezoid"}, []string{"n_steps is 1, want 2 to 100000"}},
		{"too many nodes", &IntegratedGradients{NSteps: 10001, Quadrature: "gausslegendre"}, []string{"n_steps is 10001, want 1 to 10000"}},
		{"far-off word", &DeepLift{Compat: "x"}, []string{`compat is "x", want one of none, "captum"`}},
		{"missing file", &DeepLift{Baseline: ImageBaseline("no-such.png")}, []string{"baseline image: stat no-such.png: no such file or directory"}},
		{"inner and outer", &NoiseTunnel{Over: &IntegratedGradients{NSteps: -1, Quadrature: "riemann_left"}, NTType: "smoothgrad_aq", NTSamples: 0, Stdevs: -1}, []string{
			`nt_type is "smoothgrad_aq", want one of "smoothgrad", "smoothgrad_sq", "vargrad"; did you mean "smoothgrad_sq"?`,
			"nt_samples is 0, want 1 to 100000",
			"stdevs is -1, want 0 to 1000",
			"over.n_steps is -1, want 1 to 100000",
		}},
		{"nothing inside", &NoiseTunnel{NTType: "vargrad", NTSamples: 5}, []string{"over is missing, want a method"}},
		{"variance of one", &NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 1}, []string{"nt_samples is 1, want at least 2 for vargrad: the variance of a single map is 0 everywhere"}},
		{"nested", &NoiseTunnel{Over: Methods["noise_tunnel"].New(), NTType: "vargrad", NTSamples: 5}, []string{"over is noise_tunnel, want a method without noise of its own"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			var got []string
			for _, p := range Problems(r.m.Check(n)) {
				got = append(got, p.Error())
			}
			if len(got) != len(r.want) {
				t.Fatalf("got %q, want %q", got, r.want)
			}
			for i := range got {
				if got[i] != r.want[i] {
					t.Errorf("got  %s\nwant %s", got[i], r.want[i])
				}
			}
		})
	}
}
