package model

import (
	"fmt"
	"math"
	"testing"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

func TestVectorFunctions(t *testing.T) {
	for n := range 40 {
		s := rng.New(1, "vectors", n)
		a, b, dst := make([]float32, n), make([]float32, n), make([]float32, n)
		s.Normals(a)
		s.Normals(b)
		acc, sq := make([]float64, n), make([]float64, n)
		Accumulate(0.3, a, acc)
		AccumulateSquares(a, sq)
		for i, v := range a {
			if want := 0.3 * float64(v); acc[i] != want {
				t.Errorf("Accumulate, %d values: %v, want %v", n, acc[i], want)
			}
			if want := float64(v) * float64(v); sq[i] != want {
				t.Errorf("AccumulateSquares, %d values: %v, want %v", n, sq[i], want)
			}
		}
		want := make([]float32, n)
		for i := range want {
			want[i] = kernel.FMA(0.7, a[i]-b[i], b[i])
		}
		Lerp(0.7, a, b, dst)
		sameBits(t, fmt.Sprint("Lerp ", n), dst, want)
		for i := range want {
			want[i] = kernel.FMA(0.7, a[i], b[i])
		}
		AddScaled(0.7, a, b, dst)
		sameBits(t, fmt.Sprint("AddScaled ", n), dst, want)
		Lerp(1, a, b, dst)
		for i := range dst {
			if math.Abs(float64(dst[i]-a[i])) > 1e-6 {
				t.Errorf("Lerp to 1 gives %v, want %v", dst[i], a[i])
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("vectors of different lengths pass")
		}
	}()
	Accumulate(1, make([]float32, 4), make([]float64, 5))
}
