package attr

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

// sweep is a grid as a spec expands it.
func sweep() []Method {
	var ms []Method
	for _, over := range []Method{&Saliency{Abs: true}, &IntegratedGradients{NSteps: 3, Quadrature: "gausslegendre", MultiplyByInputs: true}, &DeepLift{MultiplyByInputs: true}} {
		for _, stdev := range []float64{0.1, 0.5} {
			for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
				for _, k := range []int{5, 1, 9} {
					if stdev == 0.5 && k == 9 {
						k = 20 // levels need not agree on their largest number
					}
					if nt == "vargrad" {
						k++ // a single map has no variance
					}
					ms = append(ms, &NoiseTunnel{Over: over, NTType: nt, NTSamples: k, Stdevs: stdev})
				}
			}
		}
	}
	return append(ms, &Random{}, &Saliency{}, &EdgeDetector{})
}

func TestSharingChangesNoBit(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 11)
	in := images(e, 5)
	ms := sweep()
	got := make([][]kept, len(ms))
	err := Run(e, ms, in, func(k, i int, a Attribution) {
		if i != len(got[k]) {
			t.Fatalf("configuration %d: image %d, want %d", k, i, len(got[k]))
		}
		a.Map, a.StdErr = slices.Clone(a.Map), slices.Clone(a.StdErr)
		got[k] = append(got[k], kept{a})
	})
	if err != nil {
		t.Fatal(err)
	}
	for k, m := range ms {
		for i, want := range attribute(t, e, m, in) {
			same(t, fmt.Sprintf("configuration %d (%s %+v) image %d", k, Name(m), m, i), got[k][i], want)
		}
	}
}

func TestShareGroups(t *testing.T) {
	ms := sweep()
	got := Share(ms)
	seq := func(lo, hi int) (s []int) {
		for k := lo; k < hi; k++ {
			s = append(s, k)
		}
		return s
	}
	want := [][]int{seq(0, 18), seq(18, 36), seq(36, 54), {54}, {55}, {56}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Equal by value, not by pointer.
	two := []Method{
		&NoiseTunnel{Over: &IntegratedGradients{NSteps: 5, Baseline: ConstantBaseline(1)}, NTSamples: 1},
		&NoiseTunnel{Over: &IntegratedGradients{NSteps: 5, Baseline: ConstantBaseline(1)}, NTSamples: 2},
		&NoiseTunnel{Over: &IntegratedGradients{NSteps: 5}, NTSamples: 2},
	}
	if got, want := Share(two), [][]int{{0, 1}, {2}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBatchSplitChangesNoBit(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 12)
	in := images(e, 19)
	for name, entry := range Methods {
		t.Run(name, func(t *testing.T) {
			whole := attribute(t, e, entry.New(), in)
			for _, size := range []int{1, 7} {
				at := 0
				for part := range slices.Chunk(in, size) {
					for _, got := range attribute(t, e, entry.New(), part) {
						same(t, fmt.Sprintf("blocks of %d, image %d", size, at), got, whole[at])
						at++
					}
				}
			}
		})
	}
}

// The noise of a copy is named by seed, image and sample alone.
func TestNoiseIsCommon(t *testing.T) {
	e, _ := linear(t)
	in := images(e, 2)
	size := e.size()
	z := make([]float32, size)
	for _, stdev := range []float64{0, 0.25, 2} {
		// On a linear model the mean of w*(x+s*z) over samples shows z itself.
		o := &NoiseTunnel{Over: &IntegratedGradients{NSteps: 1, Quadrature: "gausslegendre", MultiplyByInputs: true}, NTType: "smoothgrad", NTSamples: 3, Stdevs: stdev}
		slope := attribute(t, e, &Saliency{}, in)
		for i, a := range attribute(t, e, o, in) {
			want := make([]float64, size)
			for s := range 3 {
				rng.New(e.Seed, "noise", in[i].Index, s).Normals(z)
				for j := range want {
					want[j] += float64(slope[i].Map[j]) * (float64(in[i].X[j]) + stdev*float64(z[j])) / 3
				}
			}
			if d := relative(a.Map, want); d > 1e-6 {
				t.Errorf("stdev %v image %d: relative difference %v", stdev, i, d)
			}
		}
	}
}

func TestVarianceIsNeverNegative(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 13)
	for _, k := range []int{2, 3, 6, 7} {
		for _, stdev := range []float64{0, 1e-7, 1} {
			o := &NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: k, Stdevs: stdev}
			for _, a := range attribute(t, e, o, images(e, 2)) {
				for j, v := range a.Map {
					if v < 0 {
						t.Fatalf("%d samples, stdev %v: value %d is %v", k, stdev, j, v)
					}
				}
			}
		}
	}
}

func TestPasses(t *testing.T) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	exact := &IntegratedGradients{Quadrature: exactly, NSteps: 50}
	for _, r := range []struct {
		m    Method
		want int
	}{
		{&Saliency{}, 1},
		{&IntegratedGradients{NSteps: 50}, 50},
		{&DeepLift{}, 1},
		{&NoiseTunnel{Over: &IntegratedGradients{NSteps: 20}, NTSamples: 5}, 100},
		{&Random{}, 0},
		{&EdgeDetector{}, 0},
		{exact, exactPasses(n)},
		{&NoiseTunnel{Over: exact, NTSamples: 5}, 5 * exactPasses(n)},
		{&LayerIntegratedGradients{AtLayer{Layer: "pool1"}, *exact}, exactPasses(n)},
	} {
		if got := Passes(r.m, n); got != r.want {
			t.Errorf("%s: got %d passes, want %d", Name(r.m), got, r.want)
		}
	}
}

func TestInterruptAndMisfitsAreErrors(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 14)
	in := images(e, 3)
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	never := func(int, Attribution) { t.Error("emit was called") }
	for name, entry := range Methods {
		e.Ctx = stopped
		if err := entry.New().Attribute(e, in, never); !errors.Is(err, context.Canceled) {
			t.Errorf("%s interrupted: got %v, want context.Canceled", name, err)
		}
		e.Ctx = context.Background()
		short := []Input{{Index: 4, X: in[0].X[:5], Target: in[0].Target}}
		if err := entry.New().Attribute(e, short, never); err == nil || err.Error() != "attr: image 4 has 5 values, want 192 (3x8x8)" {
			t.Errorf("%s with a short image: got %v", name, err)
		}
		nan := slices.Clone(in[0].X)
		nan[7] = float32(math.NaN())
		if err := entry.New().Attribute(e, []Input{{Index: 4, X: nan, Target: in[0].Target}}, never); err == nil || err.Error() != "attr: image 4: value 7 is NaN, want finite numbers" {
			t.Errorf("%s with a NaN: got %v", name, err)
		}
		for _, bad := range []model.Target{{Class: 3, Minus: -1}, {Class: -1, Minus: -1}, {Class: 0, Minus: 3}} {
			if err := entry.New().Attribute(e, []Input{{X: in[0].X, Target: bad}}, never); err == nil {
				t.Errorf("%s with target %v: no error", name, bad)
			}
		}
	}
}
