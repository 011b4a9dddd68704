package attr

import (
	"testing"

	"assay/model"
)

// Perturbed copies of CIFAR-10 sized images through the tutorial's network on
// one core. "plain" is the network alone: the others' distance from it is what
// making the copies and summing up costs.
func BenchmarkPerturbations(b *testing.B) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	e := env(b, n, 1)
	in := images(e, 4)
	b.Run("plain", func(b *testing.B) {
		const block = 4096
		for b.Loop() {
			if err := e.Worker.Logits(e.Ctx, block, func(_ int, x []float32) { copy(x, in[0].X) }, func(int, []float32) {}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(block*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		b.ReportMetric(0, "ns/op")
	})
	for _, r := range []struct {
		name string
		m    Method
	}{
		{"feature_ablation", &FeatureAblation{Mask: PixelsMask}},
		{"feature_ablation_slic", &FeatureAblation{Mask: SLICMask(50, 10)}},
		{"occlusion", Methods["occlusion"].New()},
		{"feature_permutation", &FeaturePermutation{Mask: PixelsMask, NSamples: 1}},
		{"shapley_values", &ShapleyValues{Mask: GridMask(11), Spread: "copy"}},
		{"shapley_value_sampling", &ShapleyValueSampling{Mask: CellsMask(8), NSamples: 25, Spread: "copy"}},
		{"lime", Methods["lime"].New()},
		{"kernel_shap", Methods["kernel_shap"].New()},
		{"rise", &Rise{NMasks: 2000, Grid: 7, P: 0.5}},
		{"hsic", Methods["hsic"].New()},
		{"sobol", Methods["sobol"].New()},
	} {
		b.Run(r.name, func(b *testing.B) {
			for b.Loop() {
				if err := r.m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					b.Fatal(err)
				}
			}
			copies := len(in) * Forwards(r.m, n)
			b.ReportMetric(float64(copies*b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
