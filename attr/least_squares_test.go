package attr

import (
	"math"
	"testing"

	"assay/model/rng"
)

// draw is A = M^T M of a random matrix, with the diagonal strengthened.
func drawSymmetric(n int) *symmetric {
	var s symmetric
	s.reset(n)
	z := make([]float32, n)
	for k := range 2 * n {
		rng.New(8, "matrix", n, k).Normals(z)
		for i := range n {
			for j := range n {
				s.a[i*n+j] += float64(z[i]) * float64(z[j])
			}
		}
	}
	return &s
}

func TestInverse(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 50} {
		a := drawSymmetric(n)
		inv := &symmetric{n, append([]float64(nil), a.a...)}
		inv.invert(inv.ridge())
		col, out := make([]float64, n), make([]float64, n)
		for j := range n {
			for i := range n {
				col[i] = a.a[i*n+j]
			}
			inv.times(col, out)
			for i, got := range out {
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(got-want) > 1e-6 {
					t.Fatalf("n=%d: element %d, %d of the product is %v, want %v", n, i, j, got, want)
				}
			}
		}
	}
	// Two unknowns that no sample tells apart share evenly, zeros stay zero.
	twins := &symmetric{2, []float64{4, 4, 4, 4}}
	twins.invert(twins.ridge())
	out := make([]float64, 2)
	twins.times([]float64{4, 4}, out)
	if math.Abs(out[0]-0.5) > 1e-4 || math.Abs(out[1]-0.5) > 1e-4 {
		t.Errorf("twins: got %v, want 0.5 each", out)
	}
	zero := &symmetric{2, make([]float64, 4)}
	zero.invert(zero.ridge())
	zero.times([]float64{0, 0}, out)
	if out[0] != 0 || out[1] != 0 {
		t.Errorf("zeros: got %v", out)
	}
}

// Lasso's solution is where the gradient is within alpha at 0 and -alpha sign(b)
// elsewhere.
func TestLassoMeetsItsConditions(t *testing.T) {
	for _, n := range []int{1, 5, 40} {
		g := drawSymmetric(n)
		c, b := make([]float64, n), make([]float64, n)
		z := make([]float32, n)
		rng.New(9, "right side").Normals(z)
		for i := range c {
			c[i] = 10 * float64(z[i])
		}
		for _, alpha := range []float64{0, 0.5, 5, 1e3} {
			lasso(g, c, alpha, b)
			out := make([]float64, n)
			g.times(b, out)
			for i := range b {
				grad := out[i] - c[i]
				switch {
				case b[i] == 0 && math.Abs(grad) > alpha+1e-6,
					b[i] > 0 && math.Abs(grad+alpha) > 1e-6,
					b[i] < 0 && math.Abs(grad-alpha) > 1e-6:
					t.Errorf("n=%d alpha %v: b[%d] = %v has the gradient %v", n, alpha, i, b[i], grad)
				}
				if alpha == 1e3 && b[i] != 0 {
					t.Errorf("n=%d: b[%d] = %v under a penalty above everything", n, i, b[i])
				}
			}
		}
	}
}
