package metrics

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestKendall(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"same order", []float64{1, 2, 3, 4}, []float64{10, 20, 30, 400}, 1},
		{"reversed", []float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		// 5 of 6 pairs agree, 1 does not.
		{"two swapped", []float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 4.0 / 6},
		// 5 pairs agree, 1 is equal in the first list: 5 / sqrt(5*6)
		{"a tie", []float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 5 / math.Sqrt(30)},
		// The pair is equal in both lists; the other 2 agree.
		{"a tie in both", []float64{1, 1, 2}, []float64{5, 5, 6}, 1},
		// 4 pairs agree, and each list has another pair of equals.
		{"ties in different places", []float64{1, 1, 2, 3}, []float64{2, 1, 3, 3}, 4.0 / 5},
		{"zeros of both signs are equal", []float64{math.Copysign(0, -1), 0, 1}, []float64{5, 5, 6}, 1},
		{"infinite", []float64{math.Inf(-1), 0, math.Inf(1)}, []float64{1, 2, 3}, 1},
		{"constant", []float64{1, 1, 1}, []float64{1, 2, 3}, nan},
		{"both constant", []float64{1, 1}, []float64{1, 1}, nan},
		{"NaN", []float64{1, nan, 3}, []float64{1, 2, 3}, nan},
		{"one value", []float64{1}, []float64{2}, nan},
		{"empty", nil, nil, nan},
	} {
		if got := Kendall(c.a, c.b); !near(got, c.want, 1e-15) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if got := Kendall(c.b, c.a); !near(got, c.want, 1e-15) {
			t.Errorf("%s, swapped: got %v, want %v", c.name, got, c.want)
		}
	}
}

// slowKendall counts pair by pair.
func slowKendall(a, b []float64) float64 {
	sign := func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}
	var ab, aa, bb float64
	for i := range a {
		for j := range i {
			x, y := sign(a[i]-a[j]), sign(b[i]-b[j])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
	}
	return ab / math.Sqrt(aa*bb)
}

func TestKendallProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		high := rapid.SampledFrom([]int{1, 6, 1000}).Draw(t, "values") // many ties, some, hardly any
		list := rapid.SliceOfN(rapid.Map(rapid.IntRange(-high, high), func(i int) float64 { return float64(i) }), n, n)
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		got := Kendall(a, b)
		if want := slowKendall(a, b); !near(got, want, 0) {
			t.Fatalf("got %v, want %v", got, want)
		}
		monotone := make([]float64, n)
		for i, v := range a {
			monotone[i] = v*v*v + 2*v
		}
		if again := Kendall(monotone, b); !near(again, got, 0) {
			t.Fatalf("%v after a monotone function, want %v", again, got)
		}
		if self := Kendall(a, a); !math.IsNaN(self) && self != 1 {
			t.Fatalf("%v with itself, want exactly 1", self)
		}
		for i := range monotone {
			monotone[i] = -monotone[i]
		}
		if turned := Kendall(monotone, b); !near(turned, -got, 0) {
			t.Fatalf("%v with the order turned round, want %v", turned, -got)
		}
	})
}
