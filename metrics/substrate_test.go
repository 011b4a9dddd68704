package metrics

import (
	"math"
	"testing"

	"assay/model"
)

// The kernel by its definition: mirror the delta's array, as SciPy does, as
// often as the Gaussian of 20 pixels each way needs, and filter.
func TestBlurKernel(t *testing.T) {
	delta := func(i int) float64 {
		for i < 0 || i >= 11 { // (d c b a | a b c d | d c b a)
			if i < 0 {
				i = -1 - i
			} else {
				i = 21 - i
			}
		}
		if i == 5 {
			return 1
		}
		return 0
	}
	total := 0.0
	for d := -20; d <= 20; d++ {
		total += math.Exp(-float64(d*d) / 50)
	}
	sum := 0.0
	for i, got := range blurKernel {
		want := 0.0
		for d := -20; d <= 20; d++ {
			want += math.Exp(-float64(d*d)/50) / total * delta(i+d)
		}
		if !near(got, want, 1e-15) {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
		sum += got
	}
	if !near(sum, 1, 1e-14) {
		t.Errorf("the weights sum to %v, want 1", sum)
	}
}

func TestBlur(t *testing.T) {
	s := model.Shape{C: 2, H: 14, W: 13}
	x, got := normals(s.Size(), "blur"), make([]float32, s.Size())
	blur(got, x, s)
	for c := range s.C {
		for r := range s.H {
			for q := range s.W {
				want := 0.0
				for dr := -5; dr <= 5; dr++ {
					for dq := -5; dq <= 5; dq++ {
						if y, z := r+dr, q+dq; y >= 0 && y < s.H && z >= 0 && z < s.W {
							want += blurKernel[dr+5] * blurKernel[dq+5] * float64(x[(c*s.H+y)*s.W+z])
						}
					}
				}
				if v := got[(c*s.H+r)*s.W+q]; !near(float64(v), want, 1e-7) {
					t.Fatalf("channel %d row %d column %d: %v, want %v", c, r, q, v, want)
				}
			}
		}
	}
}

func TestSubstrate(t *testing.T) {
	s := model.Shape{C: 2, H: 1, W: 2}
	for name, want := range map[string][]float32{"zero": {0, 0, 0, 0}, "mean": {0.5, 0.5, -1, -1}} {
		got := []float32{9, 9, 9, 9}
		substrate(got, name, []float32{1, 2, 3, 4}, s, []float32{0.5, -1})
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %v, want %v", name, got, want)
				break
			}
		}
	}
}
