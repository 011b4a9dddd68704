package metrics

import (
	"context"
	"math"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

// A linear network that looks at some pixels only is settled once these are held.
func TestEffectiveComplexityOfLinearNetworks(t *testing.T) {
	in := model.Shape{C: 2, H: 2, W: 4}
	x := make([]float32, in.Size())
	for i := range x {
		x[i] = float32(i) - 7.5
	}
	flat := slices.Repeat([]float32{0.5}, in.Size())
	ranked := func(pixels ...int) []float32 { // the first highest; the second channel decides, by its magnitude
		m := make([]float32, in.Size())
		for k, p := range pixels {
			m[p], m[8+p] = 0.5, float32(k-len(pixels))
		}
		return m
	}
	for _, r := range []struct {
		name string
		uses []int // pixels that the network looks at
		x, m []float32
		step int
		want float64
	}{
		{"one pixel, ranked first", []int{5}, x, ranked(5), 1, 1},
		{"one pixel, ranked third", []int{5}, x, ranked(1, 2, 5, 7), 1, 3},
		{"two pixels, ranked first and fourth", []int{5, 2}, x, ranked(5, 1, 7, 2), 1, 4},
		{"in steps of three", []int{5, 2}, x, ranked(5, 1, 7, 2), 3, 6},
		{"the last step is short", []int{5, 2}, x, ranked(0, 1, 3, 4, 6, 7, 5, 2), 3, 8},
		{"the whole image at once", []int{5}, x, ranked(5), 8, 8},
		{"every filling is the image", []int{0, 1, 2, 3}, flat, ranked(7), 1, 1},
	} {
		var w [2][]float32
		w[0], w[1] = make([]float32, in.Size()), make([]float32, in.Size())
		for k, p := range r.uses {
			w[0][p], w[0][8+p] = 1, float32(k+2)
		}
		worker := linear(t, in, w, [2]float32{})
		c := Case{X: r.x, Map: r.m, Logits: logitsOf(t, worker, [][]float32{r.x})[0], Target: model.Target{Class: 0, Minus: -1}, Predicted: 0}
		m := &EffectiveComplexity{Target: "explained", Tolerance: 1e-9, Step: r.step, NSamples: 16, Eps: quantusEps, Normalise: true}
		got, err := m.Score(&Env{Ctx: context.Background(), Worker: worker}, []Case{c})
		if err != nil {
			t.Fatal(err)
		}
		if got[0][0] != r.want {
			t.Errorf("%s: got %v, want %v", r.name, got[0][0], r.want)
		}
	}
}

// The definition, image by image, on the network of the oracle.
func TestEffectiveComplexitySlowly(t *testing.T) {
	o := openOutside(t, false)
	cases := o.cases(t, "ig_gausslegendre_50")
	const area, samples = 1024, 3
	for i := range cases { // some explain what is not predicted, some a difference
		cases[i].Target = model.Target{Class: (cases[i].Predicted + i%3) % 10, Minus: i%2*(cases[i].Label+2) - 1}
		if cases[i].Target.Minus >= 10 {
			cases[i].Target.Minus = 0
		}
	}
	for k, target := range watched {
		tolerance := []float64{0.1, 0.02, 0.3}[k]
		m := &EffectiveComplexity{Target: target, Tolerance: tolerance, Step: 200, NSamples: samples, Eps: quantusEps, Normalise: true}
		got, err := m.Score(o.env(), cases)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			order := pixelOrder(c.Map, area, false, false)
			want := 0
			whose := map[string]model.Target{
				"explained":  {Class: c.Target.Class, Minus: -1},
				"predicted":  {Class: c.Predicted, Minus: -1},
				"difference": c.Target,
			}[target]
			for k := 200; want == 0; k += 200 {
				if k >= area {
					want = area
					break
				}
				loss := 0.0
				for s := range samples {
					draw := rng.New(o.env().Seed, "effective_complexity", c.Index, s)
					x := make([]float32, len(c.X))
					for p := range area {
						q := draw.IntN(area)
						for at := 0; at < len(x); at += area {
							x[at+p] = c.X[at+q]
						}
					}
					for _, p := range order[:k] {
						for at := 0; at < len(x); at += area {
							x[at+int(p)] = c.X[at+int(p)]
						}
					}
					l := logitsOf(t, o.worker, [][]float32{x})[0]
					loss += math.Abs(probability(l, whose)-probability(c.Logits, whose)) / samples
				}
				if loss < tolerance {
					want = k
				}
			}
			if got[i][0] != float64(want) {
				t.Errorf("%s, tolerance %v, image %d: got %v, want %v", target, tolerance, i, got[i][0], want)
			}
		}
	}
}
