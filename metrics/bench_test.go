package metrics

import (
	"context"
	"testing"

	"assay/model"
)

// What the metrics do besides running the network, for one 3x32x32 map. It has
// to stay small beside the network: the forward passes of a deletion curve of 33
// points take a fraction of a millisecond.
func BenchmarkPixelOrder(b *testing.B) {
	m := normals(3*32*32, "map")
	for b.Loop() {
		pixelOrder(m, 32*32, false, false)
	}
}

func BenchmarkBlur(b *testing.B) {
	x, y := normals(3*32*32, "map"), make([]float32, 3*32*32)
	for b.Loop() {
		blur(y, x, model.Shape{C: 3, H: 32, W: 32})
	}
}

func BenchmarkCompare(b *testing.B) {
	s := model.Shape{C: 3, H: 32, W: 32}
	for _, m := range measures {
		b.Run(m.name, func(b *testing.B) {
			ms := []measure{m}
			original, again := newProfile(normals(3*32*32, "map"), s, ms), normals(3*32*32, "again")
			for b.Loop() {
				original.compare(newProfile(again, s, ms), ms)
			}
		})
	}
}

// What a perturbed copy costs: drawing it, running it and holding the map
// against it.
func BenchmarkPerturbed(b *testing.B) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		b.Fatal(err)
	}
	m, err := model.New(n, model.Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	w := m.Worker()
	cases := make([]Case, 32)
	for i := range cases {
		cases[i] = Case{Index: i, X: normals(3*32*32, "image"), Map: normals(3*32*32, "map"), Logits: make([]float32, 10), Target: model.Target{Minus: -1}}
	}
	e := &Env{Ctx: context.Background(), Worker: w, Explain: func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
		return w.Gradients(context.Background(), model.Gradient, len(cases), func(i int, p *model.Point) {
			copy(p.X, cases[i].X)
			p.Target = cases[i].Target
		}, func(i int, r model.Result) { emit(i, r.Grad) })
	}}
	for _, c := range []struct {
		name string
		m    Metric
	}{
		{"infidelity gaussian", &Infidelity{Perturbation: "gaussian", Stdev: 0.1, Square: 8, NPerturbSamples: 16}},
		{"infidelity square", &Infidelity{Perturbation: "square", Stdev: 0.1, Square: 8, NPerturbSamples: 16}},
		{"sensitivity_max", &SensitivityMax{PerturbRadius: 0.1, NPerturbSamples: 16, NormOrd: "fro"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := c.m.Score(e, cases); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(cases)*16)/b.Elapsed().Seconds(), "copies/s")
		})
	}
}
