package attr

import (
	"slices"
	"testing"
	"time"

	"assay/model"
)

// Methods that make their own points, of CIFAR-10 sized images through the
// tutorial's network on one core: along paths that depend on the gradients, of
// blurred images, between random draws, and noisy copies. "us/pass" is a pass of
// the method, all that is done beside it included; "%plain" compares with the
// network alone, as many gradients (and forward passes, where many baselines have
// a value each) of inputs that are only copied, run in turns with the method: the
// median over turns. 100 is no cost at all.
func BenchmarkPaths(b *testing.B) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	e := env(b, n, 1)
	pixels := make([]uint8, 64*e.size())
	for i := range pixels {
		pixels[i] = uint8(i * i >> 7)
	}
	e.TrainSize = 50000
	e.Train = func(i int, x []float32) { // as a data set normalises its bytes
		area := 32 * 32
		var of [256]float32
		for c := range 3 {
			for v := range of {
				of[v] = (float32(v)/255 - e.Mean[c]) / e.Std[c]
			}
			for j, v := range pixels[i%64*len(x)+c*area:][:area] {
				x[c*area+j] = of[v]
			}
		}
	}
	in := smooth(e, images(e, 16))
	over := &IntegratedGradients{NSteps: 10, Quadrature: "gausslegendre", MultiplyByInputs: true}
	train := Baseline{kind: "train"}
	for _, r := range []struct {
		name string
		m    Method
	}{
		{"integrated_gradients", Methods["integrated_gradients"].New()},
		{"guided_integrated_gradients", Methods["guided_integrated_gradients"].New()},
		{"guided_integrated_gradients/max_dist=1", &GuidedIntegratedGradients{NSteps: 50, Fraction: 0.25, MaxDist: 1}},
		{"blur_integrated_gradients", Methods["blur_integrated_gradients"].New()},
		{"blur_integrated_gradients/max_sigma=5", &BlurIntegratedGradients{NSteps: 50, MaxSigma: 5}},
		{"gradient_shap", &GradientSHAP{NSamples: 50, Baseline: train, MultiplyByInputs: true}},
		{"gradient_shap/stdevs=0.1", &GradientSHAP{NSamples: 50, Stdevs: 0.1, Baseline: train, MultiplyByInputs: true}},
		{"expected_gradients", &ExpectedGradients{NSamples: 50, Baseline: train, MultiplyByInputs: true}},
		{"expected_gradients/baseline=uniform", &ExpectedGradients{NSamples: 50, Baseline: Baseline{kind: "uniform"}, MultiplyByInputs: true}},
		{"noise_tunnel/saliency", &NoiseTunnel{Over: &Saliency{Abs: true}, NTType: "smoothgrad", NTSamples: 50, Stdevs: 0.1}},
		{"noise_tunnel/saliency,vargrad", &NoiseTunnel{Over: &Saliency{Abs: true}, NTType: "vargrad", NTSamples: 50, Stdevs: 0.1}},
		{"noise_tunnel/integrated_gradients,n_steps=10", &NoiseTunnel{Over: over, NTType: "smoothgrad", NTSamples: 10, Stdevs: 0.1}},
	} {
		b.Run(r.name, func(b *testing.B) {
			if err := r.m.Check(n); err != nil {
				b.Fatal(err)
			}
			passes, forwards := len(in)*Passes(r.m, n), len(in)*Forwards(r.m, n)
			var method, plain time.Duration
			var ratios []float64
			for b.Loop() {
				start := time.Now()
				if err := r.m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					b.Fatal(err)
				}
				took := time.Since(start)
				start = time.Now()
				err := e.Worker.Gradients(e.Ctx, model.Gradient, passes,
					func(k int, p *model.Point) {
						copy(p.X, in[k%len(in)].X)
						p.Target = in[k%len(in)].Target
					}, func(int, model.Result) {})
				if err != nil {
					b.Fatal(err)
				}
				err = e.Worker.Logits(e.Ctx, forwards, func(k int, x []float32) { copy(x, in[k%len(in)].X) }, func(int, []float32) {})
				if err != nil {
					b.Fatal(err)
				}
				alone := time.Since(start)
				method, plain = method+took, plain+alone
				ratios = append(ratios, alone.Seconds()/took.Seconds())
			}
			slices.Sort(ratios)
			total := float64(passes) * float64(b.N)
			b.ReportMetric(1e6*method.Seconds()/total, "us/pass")
			b.ReportMetric(1e6*plain.Seconds()/total, "plain-us/pass")
			b.ReportMetric(100*ratios[len(ratios)/2], "%plain")
			b.ReportMetric(0, "ns/op")
		})
	}
}
