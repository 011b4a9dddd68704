package attr

import (
	"fmt"
	"math"
	"testing"

	"assay/model"
)

// linear is f = W x + b, where every gradient method has a known answer.
func linear(t testing.TB) (*Env, []float32) {
	n := &model.Net{Input: model.Shape{C: 2, H: 3, W: 3}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}}}
	e := env(t, n, 1)
	return e, e.Worker.Model().Weights().Get("fc1.weight") // [3,18]
}

func TestLinearModelHasKnownAnswers(t *testing.T) {
	e, w := linear(t)
	in := images(e, 5)
	in[4].Target = model.Target{Class: 2, Minus: 0}
	slope := func(i, j int) float64 {
		v := float64(w[in[i].Target.Class*18+j])
		if in[i].Target.Minus >= 0 {
			v -= float64(w[in[i].Target.Minus*18+j])
		}
		return v
	}
	type row struct {
		name   string
		m      Method
		want   func(g, x float64) float64
		summed bool
	}
	rows := []row{
		{"saliency", &Saliency{Abs: true}, func(g, x float64) float64 { return math.Abs(g) }, false},
		{"saliency signed", &Saliency{}, func(g, x float64) float64 { return g }, false},
		{"deep_lift", &DeepLift{MultiplyByInputs: true, Baseline: ConstantBaseline(-0.5)}, func(g, x float64) float64 { return g * (x + 0.5) }, true},
		{"deep_lift captum", &DeepLift{MultiplyByInputs: true, Compat: "captum"}, func(g, x float64) float64 { return g * x }, true},
		{"deep_lift multipliers", &DeepLift{}, func(g, x float64) float64 { return g }, false},
		{"smoothgrad", &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad", NTSamples: 7, Stdevs: 0.3}, func(g, x float64) float64 { return g }, false},
		{"smoothgrad_sq", &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad_sq", NTSamples: 7, Stdevs: 0.3}, func(g, x float64) float64 { return g * g }, false},
		{"vargrad", &NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 7, Stdevs: 0.3}, func(g, x float64) float64 { return 0 }, false},
		{"no noise", &NoiseTunnel{Over: &DeepLift{MultiplyByInputs: true}, NTType: "smoothgrad", NTSamples: 3}, func(g, x float64) float64 { return g * x }, false},
	}
	for _, q := range quadratures {
		for _, steps := range []int{2, 3, 17, 50} {
			rows = append(rows, row{
				fmt.Sprint(q, " ", steps),
				&IntegratedGradients{NSteps: steps, Quadrature: q, MultiplyByInputs: true, Baseline: ConstantBaseline(2)},
				func(g, x float64) float64 { return g * (x - 2) }, true,
			})
		}
	}
	rows = append(rows,
		row{
			"trapezoid of captum is short by 1/n",
			&IntegratedGradients{NSteps: 10, Quadrature: "riemann_trapezoid", MultiplyByInputs: true, Compat: "captum"},
			func(g, x float64) float64 { return 0.9 * g * x }, true,
		},
		row{
			"one step",
			&IntegratedGradients{NSteps: 1, Quadrature: "gausslegendre"},
			func(g, x float64) float64 { return g }, false,
		})
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			for i, a := range attribute(t, e, r.m, in) {
				if a.Summed != r.summed {
					t.Errorf("Summed is %v, want %v", a.Summed, r.summed)
				}
				for j, got := range a.Map {
					want := r.want(slope(i, j), float64(in[i].X[j]))
					if math.Abs(float64(got)-want) > 1e-6*(1e-6+math.Abs(want)) {
						t.Fatalf("image %d value %d: got %v, want %v", i, j, got, want)
					}
				}
			}
		})
	}
}

// DeepLift adds the change that it carries to the logits at the baseline, and
// gives the difference to more digits than they have.
func TestValuesAtInputAndBaseline(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 3)
	in := images(e, 4)
	b := ConstantBaseline(0.25)
	bx := pixels(t, e, b)
	fb, err := e.logits(bx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Method{
		&Saliency{}, &Random{}, &EdgeDetector{},
		&IntegratedGradients{NSteps: 3, Quadrature: "riemann_left", MultiplyByInputs: true, Baseline: b},
		&DeepLift{MultiplyByInputs: true, Baseline: b},
		&NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 2, Stdevs: 1},
	} {
		for i, a := range attribute(t, e, m, in) {
			fx, err := e.logits(in[i].X)
			if err != nil {
				t.Fatal(err)
			}
			off := 0.0
			if _, carried := m.(*DeepLift); carried {
				off = 1e-5 * (1 + math.Abs(a.FX))
			}
			if want := in[i].Target.Of(fx); math.Abs(a.FX-want) > off {
				t.Errorf("%s: FX is %v, want %v", Name(m), a.FX, want)
			}
			if want := in[i].Target.Of(fb); a.Summed && math.Abs(a.FB-want) > off {
				t.Errorf("%s: FB is %v, want %v", Name(m), a.FB, want)
			}
		}
	}
}

func TestEdgesOfAStep(t *testing.T) {
	s := model.Shape{C: 3, H: 4, W: 6}
	x := make([]float32, s.Size())
	for j := range x {
		if j%6 >= 3 { // dark left half, bright right half
			x[j] = 1
		}
	}
	m := make([]float32, s.Size())
	sobel(x, s, make([]float64, 24), m)
	for j, got := range m {
		want := float32(0)
		if c := j % 6; c == 2 || c == 3 {
			want = float32(4.0 / 3) // 1+2+1 over three channels
		}
		if got != want {
			t.Errorf("value %d: got %v, want %v", j, got, want)
		}
	}
	for j := range x { // a ramp down: only the other derivative
		x[j] = float32(j / 6 % 4)
	}
	sobel(x, s, make([]float64, 24), m)
	if got, want := m[6+2], float32(8.0/3); got != want { // (1+2+1)*(2 rows)
		t.Errorf("ramp: got %v, want %v", got, want)
	}
}
