package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"assay/model/internal/kernel"
)

// Sizes that are no multiple of 4, 6 or 8, banded and empty matrices: the map is
// the product in float64, to float32, and has the same bits at every level and in
// place.
func TestSeparable(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	matrix := func(n, width int) []float64 {
		m := make([]float64, n*n)
		for i := range n {
			for j := max(0, i-width); j < min(n, i+width+1); j++ {
				m[i*n+j] = r.NormFloat64()
			}
		}
		return m
	}
	for _, s := range []Shape{{C: 1, H: 1, W: 1}, {C: 3, H: 32, W: 32}, {C: 2, H: 5, W: 7}, {C: 3, H: 13, W: 4}, {C: 1, H: 9, W: 30}} {
		for _, width := range []int{-1, 0, 2, 40} {
			what := fmt.Sprintf("%v band %d", s, width)
			rows, cols := matrix(s.H, width), matrix(s.W, width)
			x := make([]float32, s.Size())
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			o := NewSeparable(s)
			o.Set(matrix(s.H, 9), matrix(s.W, 9)) // to be forgotten
			o.Set(rows, cols)
			got := make([]float32, len(x))
			o.Apply(x, got)
			for c := range s.C {
				for i := range s.H {
					for j := range s.W {
						var want, size float64
						for p := range s.H {
							for q := range s.W {
								v := rows[i*s.H+p] * cols[j*s.W+q] * float64(x[(c*s.H+p)*s.W+q])
								want, size = want+v, size+math.Abs(v)
							}
						}
						if g := float64(got[(c*s.H+i)*s.W+j]); math.Abs(g-want) > 4e-6*size {
							t.Fatalf("%s: channel %d, row %d, column %d is %v, want %v", what, c, i, j, g, want)
						}
					}
				}
			}
			for _, l := range kernel.Levels() {
				again := make([]float32, len(x))
				o.apply(kernel.For(l), x, again)
				for i := range got {
					if math.Float32bits(again[i]) != math.Float32bits(got[i]) {
						t.Fatalf("%s, %v: value %d is %v, want the bits of %v", what, l, i, again[i], got[i])
					}
				}
			}
			o.Apply(x, x)
			for i := range got {
				if x[i] != got[i] {
					t.Fatalf("%s, in place: value %d is %v, want %v", what, i, x[i], got[i])
				}
			}
		}
	}
}
