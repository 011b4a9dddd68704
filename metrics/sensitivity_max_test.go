package metrics

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/attr"
	"assay/model"
)

// explaining is Env.Explain for a map that is a function of the image.
func explaining(f func(x []float32) []float32) func(*model.Model, []Case, func(int, []float32)) error {
	return func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
		for i, c := range cases {
			emit(i, f(c.X))
		}
		return nil
	}
}

// What is known of simple maps: one that does not look at the image does not
// move, and the image itself moves as far as the perturbation.
func TestSensitivityMaxOfSimpleMaps(t *testing.T) {
	o := openOutside(t, false)
	c := o.cases(t, "saliency")[0]
	c.Index = 17
	zero := make([]float32, len(c.X))
	for _, norm := range []string{"fro", "l1", "inf"} {
		s := &SensitivityMax{PerturbRadius: 0.25, NPerturbSamples: 7, NormOrd: norm}
		length := func(x []float64) float64 {
			sum, squares, largest := 0.0, 0.0, 0.0
			for _, v := range x {
				sum, squares, largest = sum+math.Abs(v), squares+v*v, max(largest, math.Abs(v))
			}
			return map[string]float64{"fro": math.Sqrt(squares), "l1": sum, "inf": largest}[norm]
		}
		wide := func(x []float32) []float64 {
			out := make([]float64, len(x))
			for j, v := range x {
				out[j] = float64(v)
			}
			return out
		}
		farthest := 0.0
		x := make([]float32, len(c.X))
		for k := range s.NPerturbSamples {
			s.perturbed(o.env().Seed)(c.Index, k, c.X, x)
			off := make([]float64, len(x))
			for j := range x {
				off[j] = float64(x[j]) - float64(c.X[j])
			}
			farthest = max(farthest, length(off))
		}
		for _, row := range []struct {
			name               string
			of                 func(x []float32) []float32
			relative, absolute float64
		}{
			{"constant", func([]float32) []float32 { return c.X }, 0, 0},
			{"0", func([]float32) []float32 { return zero }, 0, 0},
			{"the image", func(x []float32) []float32 { return x }, farthest / length(wide(c.X)), farthest},
			{"0 for the image alone", func(x []float32) []float32 {
				out := make([]float32, len(x))
				for j := range x {
					out[j] = x[j] - c.X[j]
				}
				return out
			}, math.NaN(), farthest},
		} {
			e := o.env()
			e.Explain = explaining(row.of)
			c.Map = row.of(c.X)
			got, err := s.Score(e, []Case{c})
			if err != nil {
				t.Fatal(err)
			}
			if !near(got[0][0], row.relative, 1e-6*row.relative) || !near(got[0][1], row.absolute, 1e-6*row.absolute) {
				t.Errorf("%s, %s: got %v, want [%v %v]", norm, row.name, got[0], row.relative, row.absolute)
			}
		}
	}
}

// A linear network's gradient is the same everywhere, and a method that draws
// draws the same for the perturbed image as for the image.
func TestSensitivityMaxOfMethods(t *testing.T) {
	e, c, gradient := linearCase(t)
	o := &outside{worker: e.Worker}
	noise := attr.Methods["noise_tunnel"].New().(*attr.NoiseTunnel)
	noise.Over = &attr.Saliency{}
	drawn := make([]float32, len(c.X))
	err := explain(&attr.Random{}, o)(e.Worker.Model(), []Case{c}, func(_ int, m []float32) { copy(drawn, m) })
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		m    attr.Method
		of   []float32
	}{
		{"saliency", &attr.Saliency{}, gradient},
		{"noise tunnel", noise, gradient},
		{"random", &attr.Random{}, drawn},
	} {
		e.Explain = explain(row.m, o)
		c.Map = row.of
		got, err := (&SensitivityMax{PerturbRadius: 1, NPerturbSamples: 20, NormOrd: "fro"}).Score(e, []Case{c})
		if err != nil {
			t.Fatal(err)
		}
		if !near(got[0][0], 0, 1e-6) {
			t.Errorf("%s: got %v, want 0", row.name, got[0])
		}
	}
}

// More copies than are explained at once give what each case alone gives; the
// maximum grows with the samples, which are those of a shorter run.
func TestSensitivityMaxInPieces(t *testing.T) {
	e, c, _ := linearCase(t)
	cases := []Case{c, c, c}
	for i := range cases {
		cases[i].Index, cases[i].Map = i, c.X
	}
	var calls []int
	image := explaining(func(x []float32) []float32 { return x })
	e.Explain = func(m *model.Model, cases []Case, emit func(int, []float32)) error {
		calls = append(calls, len(cases))
		return image(m, cases, emit)
	}
	score := func(n int, cases ...Case) [][]float64 {
		got, err := (&SensitivityMax{PerturbRadius: 0.5, NPerturbSamples: n, NormOrd: "fro"}).Score(e, cases)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := score(400, cases...)
	if want := []int{512, 512, 176}; !slices.Equal(calls, want) {
		t.Errorf("%v images were explained at once, want %v", calls, want)
	}
	for i, c := range cases {
		if alone := score(400, c); alone[0][1] != all[i][1] {
			t.Errorf("image %d alone: %v, want %v", i, alone[0][1], all[i][1])
		}
		last := 0.0
		for _, n := range []int{1, 2, 10, 100, 400} {
			v := score(n, c)[0][1]
			if v < last {
				t.Errorf("image %d: %v with %d samples, and %v with fewer", i, v, n, last)
			}
			last = v
		}
	}
}

// Copies stay within the radius and fill it evenly, and a radius scales the same
// draws.
func TestSensitivityMaxPerturbations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		radius := rapid.Float64Range(0.01, 4).Draw(t, "radius")
		index, sample := rapid.IntRange(0, 99).Draw(t, "index"), rapid.IntRange(0, 99).Draw(t, "sample")
		x := make([]float32, 3000)
		one, two := slices.Clone(x), slices.Clone(x)
		(&SensitivityMax{PerturbRadius: radius}).perturbed(5)(index, sample, x, one)
		(&SensitivityMax{PerturbRadius: 2 * radius}).perturbed(5)(index, sample, x, two)
		sum, squares := 0.0, 0.0
		for j, v := range one {
			if two[j] != 2*v {
				t.Fatalf("value %d is %v with twice the radius, want %v", j, two[j], 2*v)
			}
			u := float64(v) / radius
			if math.Abs(u) > 1+1e-6 {
				t.Fatalf("value %d moved by %v of the radius", j, u)
			}
			sum, squares = sum+u, squares+u*u
		}
		n := float64(len(x))
		if mean, variance := sum/n, squares/n; math.Abs(mean) > 6*math.Sqrt(1/(3*n)) || math.Abs(variance-1.0/3) > 6*math.Sqrt(4/(45*n)) {
			t.Fatalf("mean %v and variance %v of the moves, want 0 and 1/3", mean, variance)
		}
	})
}

func TestSensitivityMaxErrors(t *testing.T) {
	e, c, gradient := linearCase(t)
	c.Map = gradient
	s := &SensitivityMax{PerturbRadius: 0.1, NPerturbSamples: 3, NormOrd: "fro"}
	nan := slices.Repeat([]float32{float32(math.NaN())}, len(c.X))
	for _, row := range []struct {
		explain func(*model.Model, []Case, func(int, []float32)) error
		want    string
	}{
		{
			func(*model.Model, []Case, func(int, []float32)) error { return context.Canceled },
			"metrics: sensitivity_max: with perturbed images: context canceled",
		},
		{
			func(*model.Model, []Case, func(int, []float32)) error { return nil },
			"metrics: sensitivity_max: with perturbed images: 0 maps came, want 3",
		},
		{
			func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
				for i := range cases {
					emit(i, [][]float32{gradient, nan, nan}[i])
				}
				return nil
			},
			"metrics: sensitivity_max: with perturbed images: image 4: the map of perturbed copy 1 is not finite",
		},
	} {
		e.Explain = row.explain
		_, err := s.Score(e, []Case{c})
		if err == nil || err.Error() != row.want {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
	e.Explain = func(*model.Model, []Case, func(int, []float32)) error { return context.Canceled }
	if _, err := s.Score(e, []Case{c}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of Explain", err)
	}
}
