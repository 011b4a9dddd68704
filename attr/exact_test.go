package attr

import (
	"math"
	"strings"
	"testing"

	"assay/model"
	"assay/model/rng"

	"pgregory.net/rapid"
)

func exactIG() *IntegratedGradients {
	return &IntegratedGradients{Quadrature: exactly, MultiplyByInputs: true}
}

func TestExactIntegralOfALinearModel(t *testing.T) {
	e, w := linear(t)
	in := images(e, 5)
	in[4].Target = model.Target{Class: 2, Minus: 0}
	ig := exactIG()
	ig.Baseline = ConstantBaseline(2)
	for i, a := range attribute(t, e, ig, in) {
		if a.Steps != 1 || !a.Summed {
			t.Errorf("image %d: %d regions, summed %v, want 1, true", i, a.Steps, a.Summed)
		}
		for j, got := range a.Map {
			slope := float64(w[in[i].Target.Class*18+j])
			if m := in[i].Target.Minus; m >= 0 {
				slope -= float64(w[m*18+j])
			}
			if want := slope * (float64(in[i].X[j]) - 2); math.Abs(float64(got)-want) > 1e-6*(1e-6+math.Abs(want)) {
				t.Fatalf("image %d value %d: got %v, want %v", i, j, got, want)
			}
		}
	}
}

// The map is complete, and the limit of the quadratures.
func TestExactIntegralOnRandomNets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := env(t, drawNet(r), rapid.Uint64().Draw(r, "seed"))
		in := images(e, 3)
		in[2].Target = model.Target{Class: 1, Minus: 2}
		ig := exactIG()
		ig.Baseline = ConstantBaseline(float32(rapid.IntRange(-4, 4).Draw(r, "baseline")) / 4)
		gauss := *ig
		gauss.Quadrature, gauss.NSteps = "gausslegendre", 2000
		near := attribute(t, e, &gauss, in)
		for i, a := range attribute(t, e, ig, in) {
			scale := math.Abs(a.FX) + math.Abs(a.FB)
			var off float64
			for j, v := range a.Map {
				scale += math.Abs(float64(v))
				off += math.Abs(float64(v) - float64(near[i].Map[j]))
			}
			if d := a.delta(); math.Abs(d) > 1e-5*scale {
				r.Fatalf("image %d: delta %v of F(x)-F(b) = %v", i, d, a.FX-a.FB)
			}
			// The quadrature, not the integral, misses a kink: by its largest weight,
			// 8e-4, times the jump of the gradient there, which the gradients at
			// both ends bound where there is one kink.
			if off > (1e-4+1e-3*float64(a.Steps))*(scale+ends(t, e, ig, in[i])) {
				r.Fatalf("image %d: %v from 2000 steps of gausslegendre, over %d regions", i, off, a.Steps)
			}
		}
	})
}

// ends returns the sum over values of |x-b| (|gradient at x| + |gradient at b|).
func ends(t *testing.T, e *Env, ig *IntegratedGradients, in Input) float64 {
	b := float64(ig.Baseline.value)
	at := in
	at.X = make([]float32, len(in.X))
	for j := range at.X {
		at.X[j] = float32(b)
	}
	var sum float64
	for _, p := range []Input{in, at} {
		m := attribute(t, e, &Saliency{Abs: true}, []Input{p})[0].Map
		for j, g := range m {
			sum += float64(g) * math.Abs(float64(in.X[j])-b)
		}
	}
	return sum
}

// The mean gradient is the map over the distance.
func TestExactMeanGradient(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 7}), 5)
	in := images(e, 3)
	local := exactIG()
	local.MultiplyByInputs = false
	maps := attribute(t, e, exactIG(), in)
	for i, a := range attribute(t, e, local, in) {
		if a.Summed {
			t.Errorf("image %d: a mean gradient has no delta", i)
		}
		for j, g := range a.Map {
			if want := maps[i].Map[j]; g*in[i].X[j] != want { // the baseline is 0
				t.Fatalf("image %d value %d: %v times %v, want %v", i, j, g, in[i].X[j], want)
			}
		}
	}
}

// Under a noise tunnel the copies of all images share the lanes.
func TestExactIntegralUnderNoise(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 7}), 5)
	in := images(e, 2)
	nt := &NoiseTunnel{Over: exactIG(), NTType: "smoothgrad", NTSamples: 4, Stdevs: 0.3}
	const copies = 4
	noise := func(index, sample int, z []float32) { rng.New(1, "exact", index, sample).Normals(z) }
	nt.noise = noise
	got := attribute(t, e, nt, in)
	for i := range in {
		want := make([]float64, e.size())
		for s := range copies {
			z := make([]float32, e.size())
			noise(in[i].Index, s, z)
			x := Input{Index: in[i].Index, Target: in[i].Target, X: make([]float32, e.size())}
			model.AddScaled(0.3, z, in[i].X, x.X)
			model.Accumulate(1./copies, attribute(t, e, exactIG(), []Input{x})[0].Map, want)
		}
		if d := relative(got[i].Map, want); d > 1e-6 {
			t.Errorf("image %d: relative difference %v from the mean over the copies", i, d)
		}
	}
}

func TestExactRefuses(t *testing.T) {
	curved := &model.Net{Input: model.Shape{C: 1, H: 2, W: 2}, Layers: []model.Layer{
		{Kind: "flatten"},
		{Kind: "linear", Out: 2},
		{Kind: "tanh", Name: "squash"},
		{Kind: "linear", Out: 2},
	}}
	if err := curved.Resolve(); err != nil {
		t.Fatal(err)
	}
	straight := tiny(model.Shape{C: 1, H: 6, W: 6})
	if err := straight.Resolve(); err != nil {
		t.Fatal(err)
	}
	tolerant := exactIG()
	tolerant.Tolerance = 0.01
	misspelt := exactIG()
	misspelt.Quadrature = "exactly"
	for _, r := range []struct {
		name   string
		m      *IntegratedGradients
		n      *model.Net
		option string // "" if nothing is wrong
		says   string
	}{
		{"piecewise linear", exactIG(), straight, "", ""},
		{"curved", exactIG(), curved, "quadrature", "squash (tanh) is not piecewise linear"},
		{"tolerance", tolerant, straight, "tolerance", "want 0"},
		{"misspelt", misspelt, straight, "quadrature", `did you mean "exact"?`},
	} {
		ps := Problems(r.m.Check(r.n))
		if r.option == "" {
			if len(ps) > 0 {
				t.Errorf("%s: %v", r.name, ps[0])
			}
			continue
		}
		found := false
		for _, p := range ps {
			found = found || p.Option == r.option && strings.Contains(p.Msg, r.says)
		}
		if !found {
			t.Errorf("%s: problems %v, want %s ... %s", r.name, ps, r.option, r.says)
		}
	}
}
