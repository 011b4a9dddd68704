package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model/rng"

	"pgregory.net/rapid"
)

// numbers draws lists that are like logits, or tie, or have outliers.
func numbers(r *rapid.T) []float64 {
	n := rapid.IntRange(2, 120).Draw(r, "numbers")
	kind := rapid.SampledFrom([]string{"normal", "few values", "outliers", "one value", "far from 0"}).Draw(r, "kind")
	s := rng.New(rapid.Uint64().Draw(r, "seed"), "numbers")
	v := make([]float64, n)
	for i := range v {
		v[i] = s.Norm()
		switch kind {
		case "few values":
			v[i] = math.Round(v[i])
		case "outliers":
			v[i] = math.Pow(v[i], 9)
		case "one value":
			v[i] = 3
		case "far from 0":
			v[i] += 1e6
		}
	}
	return v
}

func TestMedianDistanceIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		v := slices.Sorted(slices.Values(numbers(r)))
		var distances []float64
		for i := range v {
			for j := range i {
				distances = append(distances, v[i]-v[j])
			}
		}
		slices.Sort(distances)
		want := distances[(len(distances)+1)/2-1]
		if got, _ := medianDistance(v, nil); got != want {
			r.Fatalf("%v: got %v, want %v", v, got, want)
		}
	})
}

// P P^T is the centred Gram matrix, entry by entry, and P^T P what it says.
func TestFactorIsTheCentredGramMatrix(t *testing.T) {
	var g factor
	largest := 0
	rapid.Check(t, func(r *rapid.T) {
		v := numbers(r)
		n := len(v)
		g.decompose(v)
		largest = max(largest, g.rank)
		width, _ := medianDistance(slices.Sorted(slices.Values(v)), nil)
		gram := make([][]float64, n)
		means, all := make([]float64, n), 0.0
		for i := range gram {
			gram[i] = make([]float64, n)
			for j := range n {
				switch d := (v[i] - v[j]) / width; {
				case width > 0:
					gram[i][j] = math.Exp(-d * d / 2)
				case v[i] == v[j]:
					gram[i][j] = 1
				}
				means[i] += gram[i][j] / float64(n)
			}
			all += means[i] / float64(n)
		}
		for i := range n {
			for j := range n {
				want := gram[i][j] - means[i] - means[j] + all
				got := dot(g.rows[i*g.ld:][:g.rank], g.rows[j*g.ld:][:g.rank])
				if math.Abs(got-want) > 1e-11 {
					r.Fatalf("numbers %d and %d of %d: got %v, want %v", i, j, n, got, want)
				}
			}
		}
		for p := range g.rank {
			for q := range g.rank {
				var want float64
				for i := range n {
					want += g.rows[i*g.ld+p] * g.rows[i*g.ld+q]
				}
				if got := g.square[p*g.rank+q]; math.Abs(got-want) > 1e-11 {
					r.Fatalf("columns %d and %d: got %v, want %v", p, q, got, want)
				}
			}
		}
	})
	t.Logf("rank at most %d", largest)
	// A bell curve takes few columns, however many the numbers.
	s := rng.New(1, "numbers")
	for _, n := range []int{100, 500, 2000} {
		v := make([]float64, n)
		for i := range v {
			v[i] = s.Norm()
		}
		g.decompose(v)
		t.Logf("%d normal numbers: rank %d", n, g.rank)
		if g.rank > 30 {
			t.Errorf("%d normal numbers: rank %d, want at most 30", n, g.rank)
		}
	}
}
