package metrics

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

type localiser struct {
	name   string
	m      Metric
	chance func(share float64) float64 // of an object with that share of the image
}

// localisers are the metrics that need a mask, with settings under which a
// constant map scores as stated: by chance.
var localisers = []localiser{
	{"pointing_game", &PointingGame{}, func(s float64) float64 { return s }},
	{"pointing_game weighted", &PointingGame{Abs: true, Weighted: true}, func(s float64) float64 { return s * (1 - s) }},
	{"pointing_game compat", &PointingGame{Compat: "quantus"}, func(float64) float64 { return 1 }},
	{"attribution_localisation", &AttributionLocalisation{Abs: true, MaxSize: 1}, func(s float64) float64 { return s }},
	{"attribution_localisation signed", &AttributionLocalisation{MaxSize: 1}, func(s float64) float64 { return s }},
	{"attribution_localisation weighted", &AttributionLocalisation{Abs: true, Weighted: true, MaxSize: 1}, func(float64) float64 { return 1 }},
	{"attribution_localisation weighted compat", &AttributionLocalisation{Abs: true, Weighted: true, MaxSize: 1, Compat: "quantus"}, func(s float64) float64 { return s * s }},
	{"localisation_auc", &LocalisationAUC{}, func(float64) float64 { return 0.5 }},
	{"relevance_mass_accuracy", &RelevanceMassAccuracy{}, func(s float64) float64 { return s }},
	{"relevance_mass_accuracy compat", &RelevanceMassAccuracy{Compat: "quantus"}, func(s float64) float64 { return s }},
	{"relevance_rank_accuracy", &RelevanceRankAccuracy{Abs: true}, func(s float64) float64 { return s }},
	{"top_k_intersection", &TopKIntersection{K: 2}, func(s float64) float64 { return s }},
	{"top_k_intersection concept_influence", &TopKIntersection{K: 2, ConceptInfluence: true}, func(float64) float64 { return 1 }},
}

func scoreOne(t interface{ Fatal(...any) }, m Metric, c Case) float64 {
	got, err := m.Score(&Env{}, []Case{c})
	if err != nil {
		t.Fatal(err)
	}
	return got[0][0]
}

// Maps of two channels and four pixels, of which the object has the last two.
func TestLocalisationOfKnownMaps(t *testing.T) {
	mask := []byte{0, 0, 1, 255}
	for _, r := range []struct {
		name  string
		m     Metric
		chan1 []float32
		chan2 []float32
		want  float64
	}{
		{"the largest sum is on the object", &PointingGame{}, []float32{3, 0, 2, 0}, []float32{0, 0, 2, 0}, 1},
		{"the largest sum is off it", &PointingGame{}, []float32{3, 0, 2, 0}, []float32{2, 0, 2, 0}, 0},
		{"signs cancel", &PointingGame{}, []float32{3, 0, 2, 0}, []float32{0, 0, -2, 0}, 0},
		{"magnitudes do not", &PointingGame{Abs: true}, []float32{3, 0, 2, 0}, []float32{0, 0, -2, 0}, 1},
		{"one of two first-ranked pixels", &PointingGame{}, []float32{3, 0, 3, 0}, make([]float32, 4), 0.5},
		{"two of three", &PointingGame{}, []float32{3, 0, 3, 3}, make([]float32, 4), 2. / 3},
		{"one is enough for Quantus", &PointingGame{Compat: "quantus"}, []float32{3, 0, 3, 0}, make([]float32, 4), 1},
		{"none is not", &PointingGame{Compat: "quantus"}, []float32{3, 3, 0, 0}, make([]float32, 4), 0},
		{"weighted", &PointingGame{Weighted: true}, []float32{0, 0, 0, 1}, make([]float32, 4), 0.5},

		{"absolute sums", &AttributionLocalisation{Abs: true, MaxSize: 1}, []float32{1, -2, 3, 0}, []float32{0, 0, -4, 0}, 0.7},
		{"positive sums", &AttributionLocalisation{MaxSize: 1}, []float32{1, -2, 3, 3}, []float32{0, 0, -4, 0}, 0.75},
		{"signed sums", &AttributionLocalisation{MaxSize: 1, Compat: "quantus"}, []float32{1, 2, 3, 3}, []float32{0, -1, -5, 0}, 1. / 3},
		{"signed sums with more inside than in all", &AttributionLocalisation{MaxSize: 1, Compat: "quantus"}, []float32{-1, 0, 3, 0}, make([]float32, 4), math.NaN()},
		{"over the object's share", &AttributionLocalisation{Abs: true, MaxSize: 1, Weighted: true}, []float32{1, 0, 3, 0}, make([]float32, 4), 1.5},
		{"times the object's share", &AttributionLocalisation{Abs: true, MaxSize: 1, Weighted: true, Compat: "quantus"}, []float32{1, 0, 3, 0}, make([]float32, 4), 0.375},
		{"object too large", &AttributionLocalisation{Abs: true, MaxSize: 0.49}, []float32{1, 0, 3, 0}, make([]float32, 4), math.NaN()},
		{"object not too large", &AttributionLocalisation{Abs: true, MaxSize: 0.5}, []float32{1, 0, 3, 0}, make([]float32, 4), 0.75},
		{"nothing positive", &AttributionLocalisation{MaxSize: 1}, []float32{-1, 0, -3, 0}, make([]float32, 4), math.NaN()},
		{"a map of 0", &AttributionLocalisation{Abs: true, MaxSize: 1}, make([]float32, 4), make([]float32, 4), math.NaN()},

		{"object above", &LocalisationAUC{}, []float32{1, 0, 2, 3}, make([]float32, 4), 1},
		{"object below", &LocalisationAUC{}, []float32{3, 2, 1, 0}, make([]float32, 4), 0},
		{"object below but for the sign", &LocalisationAUC{Abs: true}, []float32{1, 0, -2, -3}, make([]float32, 4), 1},
		{"three of four pairs", &LocalisationAUC{}, []float32{0, 2, 1, 3}, make([]float32, 4), 0.75},
		{"one pair equal", &LocalisationAUC{}, []float32{0, 1, 1, 3}, make([]float32, 4), 0.875},

		{"positive mass", &RelevanceMassAccuracy{}, []float32{1, -2, 3, -5}, make([]float32, 4), 0.75},
		{"absolute mass", &RelevanceMassAccuracy{Abs: true}, []float32{1, -2, 3, -4}, make([]float32, 4), 0.7},
		{"signed mass", &RelevanceMassAccuracy{Compat: "quantus"}, []float32{1, -2, 3, -4}, make([]float32, 4), 0.5},
		{"signed mass above 1", &RelevanceMassAccuracy{Compat: "quantus"}, []float32{-1, 0, 3, 0}, make([]float32, 4), 1.5},
		{"no mass", &RelevanceMassAccuracy{}, make([]float32, 4), make([]float32, 4), math.NaN()},

		{"both pixels found", &RelevanceRankAccuracy{}, []float32{-1, 0, 1, 1}, make([]float32, 4), 1},
		{"one of two", &RelevanceRankAccuracy{}, []float32{3, 0, 2, 1}, make([]float32, 4), 0.5},
		{"a sign in the way", &RelevanceRankAccuracy{}, []float32{1, 0, -2, 3}, make([]float32, 4), 0.5},
		{"no sign in the way", &RelevanceRankAccuracy{Abs: true}, []float32{1, 0, -2, 3}, make([]float32, 4), 1},
		{"two of three equal pixels fit", &RelevanceRankAccuracy{}, []float32{1, 0, 1, 1}, make([]float32, 4), 2. / 3},

		{"top 1 of 4", &TopKIntersection{K: 1}, []float32{1, 0, 2, 0}, make([]float32, 4), 1},
		{"top 3 of 4", &TopKIntersection{K: 3}, []float32{1, 3, 2, 0}, make([]float32, 4), 1. / 3},
		{"all", &TopKIntersection{K: 4}, []float32{1, 3, 2, 0}, make([]float32, 4), 0.5},
		{"over the object's share", &TopKIntersection{K: 1, ConceptInfluence: true}, []float32{1, 0, 2, 0}, make([]float32, 4), 2},
	} {
		if got := scoreOne(t, r.m, Case{Map: append(append([]float32(nil), r.chan1...), r.chan2...), Mask: mask}); !near(got, r.want, 1e-15) {
			t.Errorf("%T, %s: got %v, want %v", r.m, r.name, got, r.want)
		}
	}
}

// A pixel near the object counts as its own: less than the tolerance away, along
// rows and columns and across, but not around the border to the next row.
func TestPointingGameForgivesNearMisses(t *testing.T) {
	in := model.Shape{C: 1, H: 5, W: 6}
	e := &Env{Worker: linear(t, in, [2][]float32{make([]float32, 30), make([]float32, 30)}, [2]float32{})}
	mask := make([]byte, 30)
	mask[1*6+1] = 1
	for _, r := range []struct {
		row, column, tolerance int
		want                   float64
	}{
		{1, 1, 0, 1},
		{1, 1, 1, 1},
		{1, 2, 0, 0},
		{1, 2, 1, 0},
		{1, 2, 2, 1},
		{2, 2, 2, 1}, // 1.41 pixels away
		{1, 3, 2, 0},
		{1, 3, 3, 1},
		{3, 3, 3, 1}, // 2.83
		{4, 1, 3, 0},
		{4, 1, 4, 1},
		{0, 5, 4, 0},
		{4, 5, 5, 0}, // exactly 5
		{4, 5, 6, 1},
	} {
		m := make([]float32, 30)
		m[r.row*6+r.column] = 1
		got, err := (&PointingGame{Tolerance: r.tolerance}).Score(e, []Case{{Map: m, Mask: mask}})
		if err != nil {
			t.Fatal(err)
		}
		if got[0][0] != r.want {
			t.Errorf("row %d column %d, tolerance %d: got %v, want %v", r.row, r.column, r.tolerance, got[0][0], r.want)
		}
	}
}

// A constant map says nothing, and a map of nothing but the object everything.
func TestLocalisationByChance(t *testing.T) {
	mask := []byte{0, 1, 0, 0, 1, 0, 0, 1}
	for _, r := range localisers {
		if !NeedsMask(r.m) {
			t.Errorf("%s: does not need a mask", r.name)
		}
		c := Case{Map: []float32{2, 2, 2, 2, 2, 2, 2, 2}, Mask: mask}
		if got, want := scoreOne(t, r.m, c), r.chance(3./8); !near(got, want, 1e-15) {
			t.Errorf("%s: a constant map scores %v, want %v", r.name, got, want)
		}
	}
	for name, e := range Metrics {
		tested := slices.ContainsFunc(localisers, func(r localiser) bool { return reflect.TypeOf(r.m) == reflect.TypeOf(e.New()) })
		if NeedsMask(e.New()) != tested {
			t.Errorf("%s: NeedsMask is %v, but its test with a constant map: %v", name, NeedsMask(e.New()), tested)
		}
	}
}

// Without an object, or without anything else, there is nothing to find.
func TestLocalisationUndefined(t *testing.T) {
	for _, r := range localisers {
		for name, mask := range map[string][]byte{"empty": {0, 0, 0, 0}, "full": {1, 1, 1, 1}} {
			if got := scoreOne(t, r.m, Case{Map: []float32{1, 2, 3, 4}, Mask: mask}); !math.IsNaN(got) {
				t.Errorf("%s: got %v with an %s mask, want NaN", r.name, got, name)
			}
		}
		for name, c := range map[string]Case{
			"no mask":      {Index: 7, Map: []float32{1, 2, 3, 4}},
			"another size": {Index: 7, Map: []float32{1, 2, 3, 4}, Mask: []byte{1, 0, 1}},
			"no map":       {Index: 7, Mask: []byte{1, 0, 1}},
		} {
			if _, err := r.m.Score(&Env{}, []Case{c}); err == nil || !strings.Contains(err.Error(), "image 7") {
				t.Errorf("%s: %s: got %v, want an error that names image 7", r.name, name, err)
			}
		}
	}
}

// The order of the pixels does not matter, nor does the map's scale; more on the
// object never lowers a score (but Quantus's signed ratio); and the definitions,
// written slowly, agree.
func TestLocalisationProperties(t *testing.T) {
	value := rapid.Map(rapid.IntRange(-6, 6), func(i int) float32 { return float32(i) / 2 }) // with ties, and sums that are exact
	rapid.Check(t, func(t *rapid.T) {
		area := rapid.IntRange(2, 12).Draw(t, "area")
		c := Case{Map: rapid.SliceOfN(value, 2*area, 2*area).Draw(t, "map"), Mask: make([]byte, area)}
		on := rapid.IntRange(0, area-2).Draw(t, "on")
		for p := range c.Mask[:on+1] {
			c.Mask[p] = 1
		}
		order := rapid.Permutation(sequence(area)).Draw(t, "order")
		moved, scaled, more := Case{Map: make([]float32, 2*area), Mask: make([]byte, area)}, Case{Map: make([]float32, 2*area), Mask: c.Mask}, Case{Map: append([]float32(nil), c.Map...), Mask: c.Mask}
		for p, q := range order {
			moved.Map[q], moved.Map[area+q], moved.Mask[q] = c.Map[p], c.Map[area+p], c.Mask[p]
		}
		for i, v := range c.Map {
			scaled.Map[i] = 4 * v
		}
		if v := more.Map[on]; v >= 0 && more.Map[area+on] >= 0 {
			more.Map[on] = v + 1
		}
		for _, r := range localisers {
			m := r.m
			if k, ok := m.(*TopKIntersection); ok {
				m = &TopKIntersection{K: min(k.K, area), Abs: k.Abs, ConceptInfluence: k.ConceptInfluence}
			}
			want := scoreOne(t, m, c)
			if got := scoreOne(t, m, moved); !near(got, want, 1e-12) {
				t.Fatalf("%s: got %v with the pixels in another order, want %v", r.name, got, want)
			}
			if got := scoreOne(t, m, scaled); !near(got, want, 1e-12) {
				t.Fatalf("%s: got %v with the map four times as large, want %v", r.name, got, want)
			}
			if got := scoreOne(t, m, more); got < want-1e-12 && !strings.HasSuffix(r.name, "compat") {
				t.Fatalf("%s: got %v with more on the object, less than %v", r.name, got, want)
			}
		}
		v := make([]float64, area)
		channelSum(v, c.Map, false)
		if got, want := scoreOne(t, &LocalisationAUC{}, c), slowAUC(v, c.Mask); !near(got, want, 1e-12) {
			t.Fatalf("auc %v, pair by pair %v", got, want)
		}
		k := rapid.IntRange(1, area).Draw(t, "k")
		if got, want := hits(v, c.Mask, k), slowHits(v, c.Mask, k); !near(got, want, 1e-9) {
			t.Fatalf("%v hits of %d, want %v", got, k, want)
		}
	})
}

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// slowAUC compares every pixel of the object with every other.
func slowAUC(v []float64, mask []byte) float64 {
	won, pairs := 0.0, 0.0
	for p := range v {
		for q := range v {
			if mask[p] != 0 && mask[q] == 0 {
				pairs++
				if v[p] > v[q] {
					won++
				} else if v[p] == v[q] {
					won += 0.5
				}
			}
		}
	}
	return won / pairs
}

// slowHits adds up each pixel's probability to be among the k largest.
func slowHits(v []float64, mask []byte, k int) float64 {
	sum := 0.0
	for p := range v {
		more, same := 0, 0
		for _, x := range v {
			if x > v[p] {
				more++
			} else if x == v[p] {
				same++
			}
		}
		if mask[p] != 0 {
			sum += min(1, max(0, float64(k-more)/float64(same)))
		}
	}
	return sum
}
