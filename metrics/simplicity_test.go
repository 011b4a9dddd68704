package metrics

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"assay/model"
)

// simple scores a map of two channels and two pixels.
func simple(t *testing.T, m Metric, values ...float32) float64 {
	t.Helper()
	in := model.Shape{C: 2, H: 1, W: 2}
	w := linear(t, in, [2][]float32{make([]float32, 4), make([]float32, 4)}, [2]float32{})
	c := Case{X: make([]float32, 4), Map: values, Logits: make([]float32, 2), Target: model.Target{Minus: -1}}
	if err := m.Check(w.Model().Net()); err != nil {
		t.Fatal(err)
	}
	got, err := m.Score(&Env{Worker: w}, []Case{c})
	if err != nil {
		t.Fatal(err)
	}
	return got[0][0]
}

func TestSimplicityOfKnownMaps(t *testing.T) {
	values, pixels := &Complexity{Features: "values"}, &Complexity{Features: "pixels"}
	gini, giniOfPixels := &Sparseness{Features: "values", Normalise: true}, &Sparseness{Features: "pixels", Normalise: true}
	quantus := &Sparseness{Features: "values", Compat: "quantus"}
	normalised := &Sparseness{Features: "values", Normalise: true, Compat: "quantus"}
	count := func(eps float64, normalise bool) Metric {
		return &EffectiveComplexity{Target: "explained", Tolerance: 0.1, Step: 1, NSamples: 1, Eps: eps, Normalise: normalise, Compat: "quantus"}
	}
	for _, r := range []struct {
		name string
		m    Metric
		v    [4]float32
		want float64
	}{
		{"one value has all", values, [4]float32{0, -3, 0, 0}, 0},
		{"all alike", values, [4]float32{2, -2, 2, 2}, math.Log(4)},
		{"a half and two quarters", values, [4]float32{-2, 1, 0, 1}, 1.5 * math.Ln2},
		{"one pixel has all", pixels, [4]float32{3, 0, -1, 0}, 0},
		{"pixels alike", pixels, [4]float32{3, -2, 1, 2}, math.Ln2},
		{"no share in nothing", values, [4]float32{}, math.NaN()},

		{"one value has all", gini, [4]float32{0, 0, 0, -5}, 0.75},
		{"all alike", gini, [4]float32{2, -2, 2, 2}, 0},
		{"0 1 2 3", gini, [4]float32{2, -1, 0, 3}, 10. / 24},
		{"one pixel has all", giniOfPixels, [4]float32{3, 0, -1, 0}, 0.5},
		{"pixels alike", giniOfPixels, [4]float32{3, -2, 1, 2}, 0},
		{"no index of nothing", gini, [4]float32{}, math.NaN()},
		{"Quantus's constant outweighs a small map", quantus, [4]float32{0, 0, 0, 1e-7}, 3. / 20},
		{"and not a normalised one", normalised, [4]float32{0, 0, 0, 1e-7}, 3. / (4 * (1 + 4e-7))},
		{"Quantus's index of nothing", quantus, [4]float32{}, 0},
		{"Quantus's normalised index of nothing", normalised, [4]float32{}, 0},

		{"above eps", count(0.5, false), [4]float32{0.5, -0.75, 1, 0}, 2},
		{"above eps of the largest", count(0.5, true), [4]float32{0.5, -0.75, 2, 1.25}, 2},
		{"above eps 0", count(0, true), [4]float32{0.5, -0.75, 0, 1.25}, 3},
		{"nothing above eps", count(0, true), [4]float32{}, 0},
	} {
		if got := simple(t, r.m, r.v[:]...); !near(got, r.want, 1e-8) {
			t.Errorf("%T, %s: got %v, want %v", r.m, r.name, got, r.want)
		}
	}
}

// Entropy and Gini index do not depend on scale, sign or order, stay in their
// bounds, and move apart when a smaller value gives to a larger one.
func TestSimplicityProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(i int) float64 { return float64(i) / 4 }), 2, 30).Draw(t, "magnitudes")
		a[0]++ // not all 0
		n := float64(len(a))
		h, g := entropy(a), gini(a)
		if h < 0 || h > math.Log(n)+1e-12 || g < 0 || g > 1-1/n+1e-12 {
			t.Fatalf("entropy %v, Gini index %v, want at most %v and %v, not below 0", h, g, math.Log(n), 1-1/n)
		}
		// The definition by all pairs.
		sum, differences := 0.0, 0.0
		for _, x := range a {
			sum += x
			for _, y := range a {
				differences += math.Abs(x - y)
			}
		}
		if want := differences / (2 * n * sum); !near(g, want, 1e-12) {
			t.Fatalf("Gini index %v, by all pairs %v", g, want)
		}
		moved := make([]float64, len(a))
		for i, j := range rapid.Permutation(sequence(len(a))).Draw(t, "order") {
			moved[j] = 8 * a[i]
		}
		if !near(entropy(moved), h, 1e-12) || !near(gini(moved), g, 1e-12) {
			t.Fatalf("entropy %v, Gini index %v of the map in another order and scale, want %v and %v", entropy(moved), gini(moved), h, g)
		}
		i, j := rapid.IntRange(0, len(a)-1).Draw(t, "i"), rapid.IntRange(0, len(a)-1).Draw(t, "j")
		if a[i] < a[j] {
			gift := a[i] / 2
			a[i], a[j] = a[i]-gift, a[j]+gift
			if entropy(a) > h+1e-12 || gini(a) < g-1e-12 {
				t.Fatalf("a gift of %v to a larger value: entropy %v from %v, Gini index %v from %v", gift, entropy(a), h, gini(a), g)
			}
		}
	})
}
