package attr

import (
	"slices"
	"testing"
	"time"

	"assay/model"
)

// smooth makes noise more like photographs, in which neighbours are alike.
func smooth(e *Env, in []Input) []Input {
	s := e.Worker.Model().Net().Input
	b := newBlurrer(s)
	b.sigma(2)
	x := make([]float32, s.Size())
	for i := range in {
		b.blur(x, in[i].X)
		for j, v := range x {
			in[i].X[j] = 3*v + 0.05*in[i].X[j]
		}
	}
	return in
}

// Perturbed copies of CIFAR-10 sized images through the tutorial's network on
// one core, by every perturbation method: as the table lists it, and with squares
// and superpixels for features. "%plain" compares with the network alone, as
// many passes on inputs that are only copied, run in turns with the method; it is
// the median over turns, and says what making copies and summing up costs, whatever else the machine does.
// 100 is no cost at all; more is possible, since methods write their copies
// straight into the network's lanes.
func BenchmarkPerturbations(b *testing.B) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	e := env(b, n, 1)
	in := smooth(e, images(e, 20))
	run := func(name string, m Method, evals func(in Input) int, forget bool) {
		b.Run(name, func(b *testing.B) {
			if err := m.Check(n); err != nil {
				b.Fatal(err)
			}
			in := in[:max(1, min(len(in), 10000/evals(in[0])))]
			passes := 0
			for _, x := range in {
				passes += evals(x)
			}
			var method, plain time.Duration
			var ratios []float64
			for b.Loop() {
				if forget { // as on images seen for the first time
					forgetSuperpixels()
				}
				start := time.Now()
				if err := m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					b.Fatal(err)
				}
				took := time.Since(start)
				start = time.Now()
				if err := e.Worker.Logits(e.Ctx, passes, func(_ int, x []float32) { copy(x, in[0].X) }, func(int, []float32) {}); err != nil {
					b.Fatal(err)
				}
				alone := time.Since(start)
				method, plain = method+took, plain+alone
				ratios = append(ratios, alone.Seconds()/took.Seconds())
			}
			slices.Sort(ratios)
			total := float64(passes) * float64(b.N)
			b.ReportMetric(total/method.Seconds(), "images/s")
			b.ReportMetric(total/plain.Seconds(), "plain/s")
			b.ReportMetric(100*ratios[len(ratios)/2], "%plain")
			b.ReportMetric(0, "ns/op")
		})
	}
	fixed := func(m Method) func(Input) int { return func(Input) int { return Forwards(m, n) } }
	over := "copy"
	type row struct {
		name   string
		masked func(Mask) Method // nil where it has no mask
		masks  []Mask
	}
	grids := []Mask{GridMask(4), SLICMask(50, defaultCompactness)}
	for _, r := range []row{
		{"feature_ablation", func(m Mask) Method { return &FeatureAblation{Mask: m} }, append(grids, PixelsMask)},
		{"feature_permutation", func(m Mask) Method { return &FeaturePermutation{Mask: m, NSamples: 10} }, grids},
		{"occlusion", nil, nil},
		{"shapley_values", func(m Mask) Method { return &ShapleyValues{Mask: m, Spread: over} }, []Mask{GridMask(11), SLICMask(12, defaultCompactness)}},
		{"shapley_value_sampling", func(m Mask) Method { return &ShapleyValueSampling{Mask: m, NSamples: 25, Spread: over} }, grids},
		{"kernel_shap", func(m Mask) Method { return &KernelSHAP{Mask: m, NSamples: 1000, Spread: over} }, grids[:1]},
		{"lime", func(m Mask) Method {
			return &Lime{Mask: m, NSamples: 1000, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Alpha: 0.01}
		}, grids[:1]},
		{"rise", nil, nil},
		{"hsic", func(m Mask) Method { return &HSIC{Mask: m, NbDesign: 500} }, grids[1:]},
		{"sobol", func(m Mask) Method { return &Sobol{Mask: m, NbDesign: 32} }, grids[1:]},
	} {
		m := Methods[r.name].New()
		run(r.name+"/default", m, fixed(m), true)
		for _, mask := range r.masks {
			m := r.masked(mask)
			evals := fixed(m)
			if mask.kind == "slic" { // Forwards knows the largest number of superpixels
				var g slic
				evals = func(in Input) int {
					_, count := g.segment(e, in.X, mask)
					return Forwards(r.masked(SLICMask(count, defaultCompactness)), n)
				}
			}
			run(r.name+"/"+mask.String(), m, evals, true)
			if mask.kind == "slic" && r.name == "feature_ablation" { // few passes an image
				run(r.name+"/"+mask.String()+", cut before", m, evals, false)
			}
		}
	}
}

// forgetSuperpixels empties the memory, for a benchmark.
func forgetSuperpixels() {
	superpixelsKept.Lock()
	defer superpixelsKept.Unlock()
	superpixelsKept.of = nil
}
