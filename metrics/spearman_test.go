package metrics

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSpearman(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"same order", []float64{1, 2, 3, 4}, []float64{10, 20, 30, 400}, 1},
		{"reversed", []float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1},
		// 1 - 6 sum(d^2)/(n(n^2-1)) with d = 0, 1, -1, 0
		{"two swapped", []float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 0.8},
		// Ranks 1 2.5 2.5 4 against 1 2 3 4: 4.5 / sqrt(4.5*5)
		{"a tie", []float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 4.5 / math.Sqrt(22.5)},
		{"zeros of both signs are equal", []float64{math.Copysign(0, -1), 0, 1}, []float64{5, 5, 6}, 1},
		{"infinite", []float64{math.Inf(-1), 0, math.Inf(1)}, []float64{1, 2, 3}, 1},
		{"constant", []float64{1, 1, 1}, []float64{1, 2, 3}, nan},
		{"both constant", []float64{1, 1}, []float64{1, 1}, nan},
		{"NaN", []float64{1, nan, 3}, []float64{1, 2, 3}, nan},
		{"one value", []float64{1}, []float64{2}, nan},
		{"empty", nil, nil, nan},
	} {
		if got := Spearman(c.a, c.b); !near(got, c.want, 1e-15) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		if got := Spearman(c.b, c.a); !near(got, c.want, 1e-15) {
			t.Errorf("%s, swapped: got %v, want %v", c.name, got, c.want)
		}
	}
}

// slowSpearman counts ranks pair by pair and correlates them by the definition.
func slowSpearman(a, b []float64) float64 {
	ranks := func(x []float64) []float64 {
		r := make([]float64, len(x))
		for i := range x {
			for j := range x {
				switch {
				case x[j] < x[i]:
					r[i]++
				case x[j] == x[i]:
					r[i] += 0.5
				}
			}
		}
		return r
	}
	ra, rb := ranks(a), ranks(b)
	n := float64(len(a))
	var sa, sb, aa, bb, ab float64
	for i := range ra {
		sa, sb = sa+ra[i], sb+rb[i]
		aa, bb, ab = aa+ra[i]*ra[i], bb+rb[i]*rb[i], ab+ra[i]*rb[i]
	}
	return (ab - sa*sb/n) / math.Sqrt((aa-sa*sa/n)*(bb-sb*sb/n))
}

func TestSpearmanProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		list := rapid.SliceOfN(rapid.Map(rapid.IntRange(-6, 6), func(i int) float64 { return float64(i) }), n, n)
		a, b := list.Draw(t, "a"), list.Draw(t, "b")
		got := Spearman(a, b)
		if !near(got, slowSpearman(a, b), 1e-12) {
			t.Fatalf("got %v, want %v", got, slowSpearman(a, b))
		}
		monotone := make([]float64, n)
		for i, v := range a {
			monotone[i] = v*v*v + 2*v
		}
		if again := Spearman(monotone, b); !near(again, got, 0) {
			t.Fatalf("%v after a monotone function, want %v", again, got)
		}
		if self := Spearman(a, a); !math.IsNaN(self) && self != 1 {
			t.Fatalf("%v with itself, want exactly 1", self)
		}
		if got < -1-1e-15 || got > 1+1e-15 {
			t.Fatalf("%v is outside -1..1", got)
		}
	})
}
