package model

import (
	"context"
	"testing"

	"assay/model/npy"
)

// BenchmarkPathGradients integrates over the images and weights of
// testdata/oracle, from zero, on one core.
func BenchmarkPathGradients(b *testing.B) {
	w, err := ReadWeights("../testdata/oracle/weights.pt")
	if err != nil {
		b.Fatal(err)
	}
	m, err := New(Nets["tutorial"].New(Shape{3, 32, 32}, 10), w)
	if err != nil {
		b.Fatal(err)
	}
	x, err := npy.Read("../testdata/oracle/inputs.npy")
	if err != nil {
		b.Fatal(err)
	}
	labels, err := npy.Read("../testdata/oracle/labels.npy")
	if err != nil {
		b.Fatal(err)
	}
	size, count := m.Net().Input.Size(), x.Shape[0]
	k := m.Worker()
	regions, images := 0, 0
	for b.Loop() {
		err := k.PathGradients(context.Background(), count, func(i int, p *Path) {
			copy(p.X, x.Float32s()[i*size:])
			clear(p.Baseline)
			p.Target.Class = labels.Ints()[i]
		}, func(_ int, r PathResult) {
			regions += r.Regions
			images++
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(regions)/float64(images), "regions/image")
	b.ReportMetric(b.Elapsed().Seconds()/float64(images), "s/image")
}
