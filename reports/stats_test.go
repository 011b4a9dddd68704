package reports

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The quantiles are those of the printed tables of Student's t.
func TestStudentT(t *testing.T) {
	for _, c := range []struct {
		dof  int
		want float64
	}{{1, 12.7062}, {2, 4.30265}, {4, 2.77645}, {9, 2.26216}, {29, 2.04523}, {99, 1.98422}, {999, 1.96234}} {
		if got := studentT(c.dof); math.Abs(got-c.want) > 5e-5*c.want/2 {
			t.Errorf("studentT(%d): got %v, want %v", c.dof, got, c.want)
		}
	}
}

func TestEstimated(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		values []float64
		want   Estimate
	}{
		{"empty", nil, Estimate{nan, nan, nan, nan, 0, 0}},
		{"all undefined", []float64{nan, nan}, Estimate{nan, nan, nan, nan, 0, 2}},
		{"one", []float64{3}, Estimate{3, nan, 3, 3, 1, 0}},
		// s = 1, so the half-width is 4.302653 / sqrt(3).
		{"three", []float64{2, 1, 3}, Estimate{2, 2.4841377, 2, 3, 3, 0}},
		{"one undefined", []float64{1, nan, 2, 3}, Estimate{2, 2.4841377, 2, 3, 3, 1}},
		{"constant", []float64{5, 5, 5, 5}, Estimate{5, 0, 5, 5, 4, 0}},
		{"even median", []float64{4, 1, 2, 9}, Estimate{4, 5.6632047, 3, 9, 4, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Estimated(c.values)
			same := func(what string, g, w float64) {
				if math.IsNaN(g) != math.IsNaN(w) || math.Abs(g-w) > 1e-4 {
					t.Errorf("%s: got %v, want %v", what, g, w)
				}
			}
			same("mean", got.Mean, c.want.Mean)
			same("half", got.Half, c.want.Half)
			same("median", got.Median, c.want.Median)
			same("max", got.Max, c.want.Max)
			if got.N != c.want.N || got.Absent != c.want.Absent {
				t.Errorf("counts: got %d and %d, want %d and %d", got.N, got.Absent, c.want.N, c.want.Absent)
			}
		})
	}
}

// Shifting and scaling the values shifts and scales the estimate.
func TestEstimatedAffine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 40).Draw(t, "v")
		a := rapid.Float64Range(-50, 50).Draw(t, "a")
		b := rapid.Float64Range(0.1, 10).Draw(t, "b")
		w := make([]float64, len(v))
		for i, x := range v {
			w[i] = a + b*x
		}
		e, f := Estimated(v), Estimated(w)
		if math.Abs(f.Mean-(a+b*e.Mean)) > 1e-9 || math.Abs(f.Half-b*e.Half) > 1e-8 || math.Abs(f.Median-(a+b*e.Median)) > 1e-9 {
			t.Fatalf("got %+v of %+v under %v + %v x", f, e, a, b)
		}
	})
}
