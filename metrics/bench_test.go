package metrics

import (
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
