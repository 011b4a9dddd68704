package metrics

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCompleteness(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		c    Case
		want [3]float64
	}{
		{"exact", Case{Map: []float32{1, 2, -0.5}, FX: 4, FB: 1.5, Summed: true}, [3]float64{0, 0, 0}},
		{"too large, Captum's sign", Case{Map: []float32{1, 2, 3}, FX: 4, FB: 0, Summed: true, Reversed: true}, [3]float64{-2, 2, 0.5}},
		{"too large", Case{Map: []float32{1, 2, 3}, FX: 4, FB: 0, Summed: true}, [3]float64{2, 2, 0.5}},
		{"too small", Case{Map: []float32{1, 2}, FX: 4, FB: 0, Summed: true}, [3]float64{-1, 1, 0.25}},
		{"a falling output", Case{Map: []float32{-1}, FX: 0, FB: 4, Summed: true}, [3]float64{3, 3, 0.75}},
		{"nothing to distribute", Case{Map: []float32{1}, FX: 2, FB: 2, Summed: true}, [3]float64{1, 1, nan}},
		{"no such promise", Case{Map: []float32{1}, FX: 2}, [3]float64{nan, nan, nan}},
	} {
		got, err := (&Completeness{}).Score(nil, []Case{c.c})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for k, want := range c.want {
			if !near(got[0][k], want, 0) {
				t.Errorf("%s: value %d is %v, want %v", c.name, k, got[0][k], want)
			}
		}
	}
}

func TestCompletenessRefusesWhatIsNotFinite(t *testing.T) {
	_, err := (&Completeness{}).Score(nil, []Case{{Index: 5, Map: []float32{1}, FX: math.NaN(), Summed: true}})
	if err == nil || !strings.Contains(err.Error(), "image 5") {
		t.Errorf("got %v, want an error that names image 5", err)
	}
}

// Adding to F(x) what is added to the map changes nothing.
func TestCompletenessProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quarters := rapid.Map(rapid.IntRange(-4000, 4000), func(i int) float32 { return float32(i) / 4 })
		m := rapid.SliceOfN(quarters, 1, 50).Draw(t, "map")
		more := quarters.Draw(t, "more")
		c := Case{Map: m, FX: float64(quarters.Draw(t, "fx")), FB: float64(quarters.Draw(t, "fb")), Summed: true}
		d := c
		d.Map, d.FX = append(append([]float32(nil), m...), more), c.FX+float64(more)
		got, err := (&Completeness{}).Score(nil, []Case{c, d})
		if err != nil {
			t.Fatal(err)
		}
		if got[0][0] != got[1][0] {
			t.Fatalf("delta %v, after adding %v to both sides %v", got[0][0], more, got[1][0])
		}
	})
}
