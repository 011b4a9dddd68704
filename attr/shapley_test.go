package attr

import (
	"fmt"
	"math"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

func shapleyEnv(t testing.TB) *Env { return env(t, tiny(model.Shape{C: 2, H: 8, W: 8}), 21) }

// subsets returns the target for every set of features present.
func subsets(t testing.TB, e *Env, in Input, p *partition, base []float32) []float64 {
	t.Helper()
	v := make([]float64, 1<<p.count())
	x := make([]float32, len(in.X))
	for set := range v {
		for j, f := range p.of {
			x[j] = base[j]
			if set>>f&1 == 1 {
				x[j] = in.X[j]
			}
		}
		l, err := e.logits(x)
		if err != nil {
			t.Fatal(err)
		}
		v[set] = in.Target.Of(l)
	}
	return v
}

// slowShapley computes Shapley values from their definition: the mean rise over
// all orders, as the sum over subsets with factorials.
func slowShapley(t testing.TB, e *Env, in Input, p *partition, base []float32) []float64 {
	t.Helper()
	m := p.count()
	v := subsets(t, e, in, p, base)
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	phi := make([]float64, m)
	for set := range v {
		size := 0
		for f := range m {
			size += set >> f & 1
		}
		for f := range m {
			if set>>f&1 == 0 {
				phi[f] += factorial(size) * factorial(m-size-1) / factorial(m) * (v[set|1<<f] - v[set])
			}
		}
	}
	return phi
}

func TestShapleyValuesAreTheirDefinition(t *testing.T) {
	e := shapleyEnv(t)
	in := images(e, 3)
	in[2].Target = model.Target{Class: 2, Minus: 1}
	for _, mask := range []Mask{CellsMask(1), GridMask(4), GridMask(3), SLICMask(8, 10)} {
		b := ConstantBaseline(0.3)
		base := make([]float32, e.size())
		for j := range base {
			base[j] = 0.3
		}
		for i, a := range attribute(t, e, &ShapleyValues{Mask: mask, Baseline: b, Spread: "copy"}, in) {
			p, err := mask.fixed(e.Worker.Model().Net().Input)
			if err != nil {
				t.Fatal(err)
			}
			if p == nil {
				var g slic
				p = newPartition(g.segment(e, in[i].X, mask))
			}
			want := slowShapley(t, e, in[i], p, base)
			for j, f := range p.of {
				if d := math.Abs(float64(a.Map[j]) - want[f]); d > 1e-5*(1+math.Abs(want[f])) {
					t.Fatalf("%v image %d value %d: got %v, want %v", mask, i, j, a.Map[j], want[f])
				}
			}
			if a.StdErr != nil {
				t.Errorf("%v: a standard error of an exact value", mask)
			}
		}
	}
}

func TestShapleyValuesAreComplete(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := env(t, drawNet(r), rapid.Uint64().Draw(r, "seed"))
		in := images(e, 2)
		b := ConstantBaseline(float32(rapid.IntRange(-4, 4).Draw(r, "baseline")) / 4)
		mask := CellsMask(rapid.IntRange(1, 2).Draw(r, "cells"))
		for _, m := range []Method{
			&ShapleyValues{Mask: mask, Baseline: b, Spread: "share"},
			&ShapleyValueSampling{Mask: mask, NSamples: 3, Baseline: b, Spread: "share"},
			&ShapleyValueSampling{NSamples: 1, Baseline: b, Spread: "copy"},
			&KernelSHAP{Mask: mask, NSamples: 10, Baseline: b, Spread: "share"},
		} {
			for i, a := range attribute(t, e, m, in) {
				if !a.Summed {
					r.Fatalf("%s: not meant to sum", Name(m))
				}
				scale := math.Abs(a.FX) + math.Abs(a.FB) + 1e-3
				for _, v := range a.Map {
					scale += math.Abs(float64(v))
				}
				if d := a.delta(); math.Abs(d) > 1e-5*scale {
					r.Fatalf("%s image %d: delta %v of %v", Name(m), i, d, a.FX-a.FB)
				}
			}
		}
	})
}

// A map whose scores are copied to every value of a feature does not sum.
func TestCopiedScoresAreNotSummed(t *testing.T) {
	e := shapleyEnv(t)
	in := images(e, 1)
	for _, m := range []Method{
		&ShapleyValues{Mask: GridMask(4), Spread: "copy"},
		&ShapleyValueSampling{Mask: GridMask(4), NSamples: 2, Spread: "copy"},
		&KernelSHAP{Mask: GridMask(4), NSamples: 20, Spread: "copy"},
	} {
		if a := attribute(t, e, m, in)[0]; a.Summed {
			t.Errorf("%s: Summed is true", Name(m))
		}
	}
}

// The sampled estimates of the Shapley values of eight features lie within three
// standard errors of the exact ones, and come closer with more samples.
func TestSampledShapleyValuesConverge(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 16}), 22)
	mask := GridMask(4) // 2 by 4 squares
	in := images(e, 6)
	exact := attribute(t, e, &ShapleyValues{Mask: mask, Spread: "copy"}, in)
	for _, r := range []struct {
		name string
		m    func(n int) Method
	}{
		{"shapley_value_sampling", func(n int) Method { return &ShapleyValueSampling{Mask: mask, NSamples: n / 8, Spread: "copy"} }},
		{"kernel_shap", func(n int) Method { return &KernelSHAP{Mask: mask, NSamples: n, Spread: "copy"} }},
		{"lime with the Shapley kernel", func(n int) Method {
			return &Lime{Mask: mask, NSamples: n, Kernel: "shapley", KernelWidth: 1, Regression: "linear"}
		}},
	} {
		var before float64
		for _, n := range []int{1024, 16384} {
			var errors, widths, squares float64
			count, beyond := 0, 0
			for i, a := range attribute(t, e, r.m(n), in) {
				for _, j := range []int{0, 4, 8, 12, 64, 68, 72, 76} { // a value of each feature
					d, se := float64(a.Map[j])-float64(exact[i].Map[j]), float64(a.StdErr[j])
					if !(se > 0) {
						t.Fatalf("%s image %d value %d: standard error %v", r.name, i, j, se)
					}
					if math.Abs(d) > 3*se {
						beyond++
						if i == 0 {
							t.Errorf("%s n=%d image 0 value %d: got %v, want %v within three times %v", r.name, n, j, a.Map[j], exact[i].Map[j], se)
						}
						t.Logf("%s n=%d image %d value %d: %v off, standard error %v", r.name, n, i, j, d, se)
					}
					count++
					errors += d * d
					widths += se * se
					squares += d * d / (se * se)
				}
			}
			t.Logf("%s n=%d: root mean square error %.2e, standard error %.2e, error in standard errors %.2f", r.name, n,
				math.Sqrt(errors/float64(count)), math.Sqrt(widths/float64(count)), math.Sqrt(squares/float64(count)))
			// Of 48 normal errors one in seven times one is beyond three.
			if beyond > 1 {
				t.Errorf("%s n=%d: %d of %d values beyond three standard errors", r.name, n, beyond, count)
			}
			if z := math.Sqrt(squares / float64(count)); z < 0.7 || z > 1.3 {
				t.Errorf("%s n=%d: errors are %v of the standard errors, want about 1", r.name, n, z)
			}
			if before > 0 && !(errors < before/4) {
				t.Errorf("%s: 16 times the samples bring the error from %v to %v", r.name, math.Sqrt(before), math.Sqrt(errors))
			}
			before = errors
		}
	}
}

// The first orders of many are those of few.
func TestFewSamplesAreTheFirstOfMany(t *testing.T) {
	e := shapleyEnv(t)
	in := images(e, 1)
	var o orderTrial
	set, err := newSetting(e, GridMask(4), Baseline{})
	if err != nil {
		t.Fatal(err)
	}
	orders := func(n int) (all []string) {
		o = orderTrial{subject: newSubject(set), samples: n}
		evals, err := o.begin(&in[0])
		if err != nil {
			t.Fatal(err)
		}
		b := e.Worker.Block()
		for k := range evals {
			o.fill(k, 1, b, 0)
			if k >= 2 {
				all = append(all, fmt.Sprint(o.order[(k-2)%o.count()]))
			}
		}
		return all
	}
	few, many := orders(3), orders(9)
	for i, f := range few {
		if many[i] != f {
			t.Fatalf("joining %d: feature %s of 3 orders, %s of 9", i, f, many[i])
		}
	}
}
