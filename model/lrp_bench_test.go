package model

import (
	"context"
	"testing"
)

// BenchmarkRelevance counts images through the tutorial network by rule, beside
// the plain gradient.
func BenchmarkRelevance(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m, err := New(n, Init(n, 7))
	if err != nil {
		b.Fatal(err)
	}
	fill := func(i int, p *Point) {
		for j := range p.X {
			p.X[j] = 1 / float32(j+i+1)
		}
	}
	const points = 256
	w, ctx := m.Worker(), context.Background()
	b.Run("gradient", func(b *testing.B) {
		for b.Loop() {
			if err := w.Gradients(ctx, Gradient, points, fill, func(int, Result) {}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(points*b.N)/b.Elapsed().Seconds(), "images/s")
	})
	for _, name := range []string{"epsilon", "z_plus", "alpha2 beta1", "gamma", "z_box", "flat"} {
		b.Run(name, func(b *testing.B) {
			l := everywhere(n, lrpTestRules[name])
			for b.Loop() {
				if err := w.Relevance(ctx, l, points, fill, func(int, Relevance) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(points*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
