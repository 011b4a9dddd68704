package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

// Every path from baseline to input integrates to the difference of the values.
func TestPathsAreCompleteOnRandomNets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := env(t, drawNet(r), rapid.Uint64().Draw(r, "seed"))
		in := images(e, 3)
		b := rapid.SampledFrom([]Baseline{
			ConstantBaseline(0.5),
			{kind: "black"},
			{kind: "white"},
			{kind: "mean"},
			{kind: "blur", value: 2},
			{kind: "uniform"},
			{kind: "gaussian", value: 1},
			{kind: "max_distance"},
		}).Draw(r, "baseline")
		for _, row := range []struct {
			m   Method
			tol float64
		}{
			{&DeepLift{MultiplyByInputs: true, Baseline: b}, 1e-4},
			{&IntegratedGradients{NSteps: 300, Quadrature: "riemann_middle", MultiplyByInputs: true, Baseline: b}, 2e-2},
			// A wider band lets the path slide along the kinks (README).
			{&GuidedIntegratedGradients{NSteps: 300, Fraction: 0.25, Baseline: b}, 3e-2},
			{&BlurIntegratedGradients{NSteps: 200, MaxSigma: 3}, 4e-2},
		} {
			for i, a := range attribute(t, e, row.m, in) {
				var scale float64 = 1
				for _, v := range a.Map {
					scale += math.Abs(float64(v))
				}
				if d := a.delta(); !a.Summed || math.Abs(d) > row.tol*scale {
					r.Fatalf("%T from %v image %d: delta %v of F(x)-F(b) = %v, want below %v", row.m, b, i, d, a.FX-a.FB, row.tol*scale)
				}
			}
		}
	})
}

// A piecewise linear network is the sum of gradient times input and gradient
// times bias of every layer.
func checkFullGradients(t *testing.T, fail func(format string, a ...any), e *Env) {
	in := images(e, 3)
	err := e.Worker.BiasGradients(e.Ctx, len(in),
		func(i int, p *model.Point) {
			copy(p.X, in[i].X)
			p.Target = in[i].Target
		},
		func(i int, r model.Result, terms []model.BiasTerm) {
			sum, scale := 0.0, 1.0
			add := func(v float64) {
				sum += v
				scale += math.Abs(v)
			}
			for j, g := range r.Grad {
				add(float64(g) * float64(in[i].X[j]))
			}
			for _, b := range terms {
				if len(b.Values) != b.Shape.Size() {
					fail("%s: %d values, want %v", b.Layer, len(b.Values), b.Shape)
				}
				for _, v := range b.Values {
					add(float64(v))
				}
			}
			if want := in[i].Target.Of(r.Logits); math.Abs(sum-want) > 1e-5*scale {
				fail("%s image %d: the terms sum to %v, want F(x) = %v", e.Worker.Model().Net().Name, i, sum, want)
			}
		})
	if err != nil {
		fail("%v", err)
	}
	gradients := attribute(t, e, &Saliency{}, in)
	for i, a := range attribute(t, e, &FullGrad{}, in) {
		if a.FX != gradients[i].FX {
			fail("image %d: F(x) is %v, want %v", i, a.FX, gradients[i].FX)
		}
		for j, v := range a.Map {
			if !(v >= 0) {
				fail("image %d: value %d is %v, want at least 0", i, j, v)
			}
		}
	}
}

func TestFullGradientsAreComplete(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		checkFullGradients(t, r.Fatalf, env(t, drawNet(r), rapid.Uint64().Draw(r, "seed")))
	})
}

func TestFullGradientsOfPresets(t *testing.T) {
	if testing.Short() {
		t.Skip("three images through each of the preset networks")
	}
	for _, p := range model.Nets {
		n := p.New(model.Shape{C: 3, H: 32, W: 32}, 10)
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		checkFullGradients(t, t.Fatalf, envOf(t, n, model.Init(n, 3)))
	}
}

// The map is what the options say at the number of steps that is reported, no
// smaller number on the way would do, and the largest is kept.
func TestToleranceIsMet(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 9)
	in := images(e, 19)
	for _, q := range quadratures {
		if q == "exact" {
			continue
		}
		for _, r := range []struct {
			tolerance float64
			most      int
		}{{0.05, 4096}, {1e-6, 40}} {
			o := &IntegratedGradients{NSteps: 1, Quadrature: q, Tolerance: r.tolerance, MaxSteps: r.most, MultiplyByInputs: true, Baseline: ConstantBaseline(-1)}
			if o.NSteps == 1 && q == "riemann_trapezoid" {
				o.NSteps = 2
			}
			rungs := map[int]int{} // steps: those before
			for at, before := o.nextRung(0).steps, 0; at <= r.most; at, before = o.nextRung(at).steps, at {
				rungs[at] = before
			}
			last := 0
			for s := range rungs {
				last = max(last, s)
			}
			used := map[int]bool{}
			plain := func(steps, i int) kept {
				return attribute(t, e, &IntegratedGradients{NSteps: steps, Quadrature: q, MultiplyByInputs: true, Baseline: o.Baseline}, in[i:i+1])[0]
			}
			for i, a := range attribute(t, e, o, in) {
				used[a.Steps] = true
				before, ok := rungs[a.Steps]
				if !ok {
					t.Fatalf("%s image %d: %d steps, want one of %v", q, i, a.Steps, rungs)
				}
				allowed := r.tolerance * math.Abs(a.FX-a.FB)
				if d := math.Abs(a.delta()); d > allowed && a.Steps != last {
					t.Errorf("%s image %d: delta %v at %d steps, want at most %v", q, i, d, a.Steps, allowed)
				}
				if before > 0 {
					if d := math.Abs(plain(before, i).delta()); d < 0.999*allowed {
						t.Errorf("%s image %d: %d steps, but %d already have delta %v of %v", q, i, a.Steps, before, d, allowed)
					}
				}
				want := plain(a.Steps, i)
				wide := make([]float64, len(want.Map))
				for j, v := range want.Map {
					wide[j] = float64(v)
				}
				if d := relative(a.Map, wide); d > 1e-6 || a.FX != want.FX || a.FB != want.FB {
					t.Errorf("%s image %d: relative difference %v from n_steps %d", q, i, d, a.Steps)
				}
			}
			if r.tolerance == 0.05 && len(used) < 2 {
				t.Errorf("%s: all images took %v steps; the test shows little", q, used)
			}
		}
	}
}

// Ranks in ascending order, of many values and of few, alike or in one bucket.
func TestRanks(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := rapid.SliceOfN(rapid.Float32Range(0, 4), 1, 60).Draw(r, "x")
		moving := 0
		for j := range x { // ties, and what has arrived
			if j%3 == 0 {
				x[j] = float32(int(x[j]))
			}
			if j%7 == 5 {
				x[j] = float32(math.Inf(1))
			} else {
				moving++
			}
		}
		of := newRanks(len(x))
		for j, v := range x {
			of.keys[j] = math.Float32bits(v)
		}
		of.sort()
		if of.moving != moving {
			r.Fatalf("%d values are moving, want %d", of.moving, moving)
		}
		sorted := slices.Sorted(slices.Values(x))
		for rank := range moving {
			if got, want := of.key(rank), math.Float32bits(sorted[rank]); got != want {
				r.Fatalf("rank %d of %v: got %v, want %v", rank, sorted, math.Float32frombits(got), sorted[rank])
			}
		}
	})
}

// The blur keeps the sum of a channel and its extremes, and a wide one leaves
// the mean.
func TestBlur(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := model.Shape{C: rapid.IntRange(1, 2).Draw(r, "c"), H: rapid.IntRange(1, 9).Draw(r, "h"), W: rapid.IntRange(1, 9).Draw(r, "w")}
		e := env(t, &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}}}, 1)
		x := images(e, 1)[0].X
		sigma := rapid.Float64Range(0.1, 60).Draw(r, "sigma")
		b := newBlurrer(s)
		b.sigma(sigma)
		y := make([]float32, len(x))
		b.blur(y, x)
		area := s.H * s.W
		for c := range s.C {
			// The same by the definition: a pixel of the plane mirrored without
			// end is that of the image.
			mirror := func(i, n int) int {
				i = ((i % (2 * n)) + 2*n) % (2 * n)
				return min(i, 2*n-1-i)
			}
			reach := int(4*sigma + 0.5)
			total := 0.0
			for d := -reach; d <= reach; d++ {
				total += math.Exp(-float64(d*d) / (2 * sigma * sigma))
			}
			for _, p := range []int{0, area / 2, area - 1} {
				want := 0.0
				for dr := -reach; dr <= reach; dr++ {
					row := 0.0
					for dc := -reach; dc <= reach; dc++ {
						row += math.Exp(-float64(dc*dc)/(2*sigma*sigma)) * float64(x[c*area+mirror(p/s.W+dr, s.H)*s.W+mirror(p%s.W+dc, s.W)])
					}
					want += math.Exp(-float64(dr*dr)/(2*sigma*sigma)) * row
				}
				want /= total * total
				if got := float64(y[c*area+p]); math.Abs(got-want) > 1e-5 {
					r.Fatalf("channel %d pixel %d: got %v, want %v", c, p, got, want)
				}
			}
			var before, after float64
			for p := range area {
				before += float64(x[c*area+p])
				after += float64(y[c*area+p])
			}
			if math.Abs(before-after) > 1e-4 {
				r.Fatalf("channel %d: the sum goes from %v to %v", c, before, after)
			}
		}
	})
}
