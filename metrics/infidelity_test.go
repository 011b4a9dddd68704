package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/model"
)

// linearCase is a linear network of two classes over 2x5x6 images, the first
// less the second explained, and its gradient.
func linearCase(t *testing.T) (e *Env, c Case, gradient []float32) {
	in := model.Shape{C: 2, H: 5, W: 6}
	w := [2][]float32{normals(in.Size(), "first"), normals(in.Size(), "second")}
	e = &Env{Ctx: context.Background(), Worker: linear(t, in, w, [2]float32{0.5, -0.25}), Seed: 3}
	c = Case{Index: 4, X: normals(in.Size(), "image"), Target: model.Target{Class: 0, Minus: 1}}
	c.Logits = logitsOf(t, e.Worker, [][]float32{c.X})[0]
	gradient = make([]float32, in.Size())
	for j := range gradient {
		gradient[j] = w[0][j] - w[1][j]
	}
	return e, c, gradient
}

// The gradient of a linear network foretells every change, whatever is
// perturbed; multiplied by x - baseline, it does so with multiply_by_inputs.
// A map that is k times too large is off by the factor k-1, and by nothing if
// normalised. A map of 0 is off by the whole change.
func TestInfidelityOfALinearNetwork(t *testing.T) {
	e, c, gradient := linearCase(t)
	scaled := func(k float32) []float32 {
		m := slices.Clone(gradient)
		for j := range m {
			m[j] *= k
		}
		return m
	}
	for _, perturbation := range []string{"gaussian", "square"} {
		f := &Infidelity{Perturbation: perturbation, Stdev: 0.5, Square: 3, Baseline: 0.25, NPerturbSamples: 40}
		change := 0.0 // mean of (F(x) - F(x-I))^2 by the weights
		x := make([]float32, len(c.X))
		perturbed := f.perturbed(e.Seed, e.Worker.Model().Net().Input)
		for k := range f.NPerturbSamples {
			perturbed(c.Index, k, c.X, x)
			d := 0.0
			for j := range x {
				d += (float64(c.X[j]) - float64(x[j])) * float64(gradient[j])
			}
			change += d * d / float64(f.NPerturbSamples)
		}
		product := slices.Clone(gradient)
		for j := range product {
			product[j] *= c.X[j] - 0.25
		}
		for _, row := range []struct {
			name                string
			m                   []float32
			normalize, multiply bool
			want                float64 // in units of change
		}{
			{"the gradient", gradient, false, false, 0},
			{"the gradient, normalised", gradient, true, false, 0},
			{"four times the gradient", scaled(4), false, false, 9},
			{"four times the gradient, normalised", scaled(4), true, false, 0},
			{"against the gradient, normalised", scaled(-2), true, false, 0},
			{"nothing", scaled(0), false, false, 1},
			{"nothing, normalised", scaled(0), true, false, 1},
			{"times x - baseline", product, false, true, 0},
		} {
			f.Normalize, f.MultiplyByInputs = row.normalize, row.multiply
			c.Map = row.m
			got, err := f.Score(e, []Case{c})
			if err != nil {
				t.Fatal(err)
			}
			if !near(got[0][0], row.want*change, 1e-5*change) {
				t.Errorf("%s, %s: got %v, want %v", perturbation, row.name, got[0][0], row.want*change)
			}
		}
	}
}

// A factor x - baseline of 0 leaves the perturbation as it is, as in Captum.
func TestMultiplyByInputsWithoutFactor(t *testing.T) {
	f := &Infidelity{Baseline: 1, MultiplyByInputs: true}
	c := Case{X: []float32{1, 3}, Map: []float32{10, 100}}
	// (1-0.5)*10 + (3-2)/(3-1)*100
	if got := f.foretell(&c, []float32{0.5, 2}); got != 55 {
		t.Errorf("got %v, want 55", got)
	}
}

// The values are those of the definition, computed slowly in float64, and depend
// on a case and its samples alone.
func TestInfidelityProperties(t *testing.T) {
	e, c, gradient := linearCase(t)
	shape := e.Worker.Model().Net().Input
	rapid.Check(t, func(t *rapid.T) {
		f := &Infidelity{
			Perturbation:    rapid.SampledFrom([]string{"gaussian", "square"}).Draw(t, "perturbation"),
			Stdev:           rapid.Float64Range(0.1, 2).Draw(t, "stdev"),
			Square:          rapid.IntRange(1, 5).Draw(t, "square"),
			Baseline:        float64(rapid.IntRange(-2, 2).Draw(t, "baseline")),
			NPerturbSamples: rapid.IntRange(1, 40).Draw(t, "samples"),
		}
		c := c
		c.Index = rapid.IntRange(0, 1000).Draw(t, "index")
		c.Map = rapid.SliceOfN(rapid.Float32Range(-2, 2), len(c.X), len(c.X)).Draw(t, "map")
		sum := 0.0
		x := make([]float32, len(c.X))
		perturbed := f.perturbed(e.Seed, shape)
		for k := range f.NPerturbSamples {
			perturbed(c.Index, k, c.X, x)
			off := 0.0
			for j := range x {
				off += (float64(c.X[j]) - float64(x[j])) * float64(c.Map[j]-gradient[j])
			}
			sum += off * off
		}
		want := sum / float64(f.NPerturbSamples)
		score := func(f Infidelity, cases ...Case) float64 {
			got, err := f.Score(e, cases)
			if err != nil {
				t.Fatal(err)
			}
			return got[len(got)-1][0]
		}
		plain := score(*f, c)
		if !near(plain, want, 1e-3*(1e-3+want)) {
			t.Fatalf("got %v, want %v", plain, want)
		}
		other := c
		other.Index++
		if after := score(*f, other, c); after != plain {
			t.Fatalf("%v behind another case, want %v", after, plain)
		}
		normal := *f
		normal.Normalize = true
		best := score(normal, c)
		if best < 0 || best > plain*(1+1e-12) {
			t.Fatalf("%v normalised, want 0 to %v", best, plain)
		}
		c.Map = slices.Clone(c.Map)
		for j := range c.Map {
			c.Map[j] *= -8
		}
		if again := score(normal, c); !near(again, best, 1e-9*(1+best)) {
			t.Fatalf("%v normalised for another unit, want %v", again, best)
		}
	})
}

// A square replaces as many pixels as it has, in all channels, and gets
// everywhere; noise has the deviation that was asked for, and another deviation
// scales the same noise.
func TestInfidelityPerturbations(t *testing.T) {
	shape := model.Shape{C: 2, H: 5, W: 6}
	x, out := normals(shape.Size(), "image"), make([]float32, shape.Size())
	f := &Infidelity{Perturbation: "square", Square: 3, Baseline: 7}
	places := map[string]bool{}
	perturbed := f.perturbed(1, shape)
	for k := range 400 {
		perturbed(0, k, x, out)
		var changed []int
		for j, v := range out {
			switch {
			case v == 7:
				changed = append(changed, j)
			case v != x[j]:
				t.Fatalf("value %d became %v, want 7 or %v", j, v, x[j])
			}
		}
		top, left := changed[0]/6, changed[0]%6
		var want []int
		for c := range 2 {
			for r := top; r < top+3; r++ {
				want = append(want, c*30+r*6+left, c*30+r*6+left+1, c*30+r*6+left+2)
			}
		}
		if !slices.Equal(changed, want) {
			t.Fatalf("values %v were replaced, want %v", changed, want)
		}
		places[fmt.Sprint(top, left)] = true
	}
	if len(places) != 3*4 {
		t.Errorf("the square was seen in %d places, want 12", len(places))
	}

	one, two := &Infidelity{Perturbation: "gaussian", Stdev: 1}, &Infidelity{Perturbation: "gaussian", Stdev: 2}
	zero, again := make([]float32, len(x)), make([]float32, len(x))
	sum, n := 0.0, 0
	a, b := one.perturbed(1, shape), two.perturbed(1, shape)
	for k := range 400 {
		a(0, k, zero, out)
		b(0, k, zero, again)
		for j, v := range out {
			sum += float64(v) * float64(v)
			n++
			if again[j] != 2*v {
				t.Fatalf("sample %d: %v with stdev 2, want %v", k, again[j], 2*v)
			}
		}
	}
	if variance := sum / float64(n); math.Abs(variance-1) > 5*math.Sqrt(2/float64(n)) {
		t.Errorf("the noise has variance %v, want 1", variance)
	}
}
