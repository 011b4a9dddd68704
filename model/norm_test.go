package model

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// Running statistics are weights like others: written, read back, and refused
// where they cannot be.
func TestNormWeights(t *testing.T) {
	n := Nets["resnet20"].New(Shape{3, 32, 32}, 10)
	w := testWeights(n, 1)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := w.WriteSafetensors(path); err != nil {
		t.Fatal(err)
	}
	back, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	if back, err = back.Fit(n); err != nil {
		t.Fatal(err)
	}
	if got, want := back.Hash(), w.Hash(); got != want {
		t.Errorf("read back: hash %s, want %s", got, want)
	}
	w.Get("bn1.running_var")[3] = -0.5
	if _, err := New(n, w); err == nil || !strings.Contains(err.Error(), "bn1.running_var[3] is -0.5, want a variance of at least 0") {
		t.Errorf("got %v, want a refusal of the variance", err)
	}
}

// Init starts batch norms as the identity.
func TestInitNorms(t *testing.T) {
	n := Nets["resnet20"].New(Shape{3, 32, 32}, 10)
	w := Init(n, 1)
	for name, want := range map[string]float32{"bn1.weight": 1, "bn1.bias": 0, "bn1.running_mean": 0, "bn1.running_var": 1} {
		for c, got := range w.Get(name) {
			if got != want {
				t.Errorf("%s[%d] is %v, want %v", name, c, got, want)
			}
		}
	}
}

// One value a channel has no variance.
func TestTrainerRefusesOneValueAChannel(t *testing.T) {
	n := &Net{Input: Shape{2, 1, 1}, Layers: []Layer{{Kind: "batch_norm2d", Name: "bn"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	tr, err := NewTrainer(n, Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Step([][]float32{{1, 2}}, []int{0}, SGD{LR: 1}); err == nil || !strings.Contains(err.Error(), "the batch norm bn has one value a channel") {
		t.Errorf("got %v, want a refusal", err)
	}
	if _, err := tr.Step([][]float32{{1, 2}, {3, 4}}, []int{0, 1}, SGD{LR: 1}); err != nil {
		t.Error(err)
	}
}

// A norm's options by hand: (x-mean)*weight/sqrt(variance+eps)+bias, folded into the
// convolution before it or not; and running statistics that a batch moves by the
// momentum. The batch 1, 3 has mean 2 and unbiased variance 2.
func TestOptionsOfNorms(t *testing.T) {
	norm := Layer{Kind: "batch_norm2d", Eps: 0.5, Momentum: 0.25}
	for _, layers := range [][]Layer{
		{norm, {Kind: "linear", Name: "fc", Out: 1, NoBias: true}},
		{{Kind: "conv2d", Name: "one", Out: 1, Kernel: 1, NoBias: true}, norm, {Kind: "linear", Name: "fc", Out: 1, NoBias: true}},
	} {
		n := &Net{Input: Shape{1, 1, 1}, Layers: layers}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		w := Init(n, 1)
		for name, v := range map[string]float32{"one.weight": 1, "bn1.weight": 3, "bn1.bias": -1, "bn1.running_mean": 2, "bn1.running_var": 1.75, "fc.weight": 1} {
			if x := w.Get(name); x != nil {
				x[0] = v
			}
		}
		m, err := New(n, w)
		if err != nil {
			t.Fatal(err)
		}
		err = m.Worker().Gradients(t.Context(), Gradient, 1, func(_ int, p *Point) { p.X[0] = 6 }, func(_ int, r Result) {
			if r.Logits[0] != 7 || r.Grad[0] != 2 {
				t.Errorf("%d layers: got %v with slope %v, want (6-2)*3/1.5-1 = 7 with slope 2", len(layers), r.Logits[0], r.Grad[0])
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := NewTrainer(n, w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Step([][]float32{{1}, {3}}, []int{0, 0}, SGD{}); err != nil {
			t.Fatal(err)
		}
		mean, variance := tr.Weights().Get("bn1.running_mean")[0], tr.Weights().Get("bn1.running_var")[0]
		if mean != 2 || variance != 0.75*1.75+0.25*2 {
			t.Errorf("%d layers: running mean %v and variance %v, want 2 and 1.8125", len(layers), mean, variance)
		}
	}
}

// A mask keeps the mean, and depends on its stream alone: not on the lanes it
// lies beside.
func TestDropoutMasks(t *testing.T) {
	const size, p = 20000, 0.3
	alone, beside := make([]float32, size), make([]float32, 4*size)
	drawMask(alone, 1, 0, p, 7, "d", 5, 2)
	drawMask(beside, 4, 2, p, 7, "d", 5, 2)
	sum, zeros := 0.0, 0
	for i, v := range alone {
		if v != beside[4*i+2] {
			t.Fatalf("value %d: %v alone, %v beside others", i, v, beside[4*i+2])
		}
		sum += float64(v)
		if v == 0 {
			zeros++
		}
	}
	// Standard errors: 0.0046 of the mean, 65 of the zeros.
	if mean := sum / size; math.Abs(mean-1) > 0.02 || math.Abs(float64(zeros)-p*size) > 300 {
		t.Errorf("mean %v and %d zeros, want 1 and %v", mean, zeros, p*size)
	}
	other := make([]float32, size)
	drawMask(other, 1, 0, p, 7, "d", 6, 2)
	same := 0
	for i := range other {
		if other[i] == alone[i] {
			same++
		}
	}
	if want := (p*p + (1-p)*(1-p)) * size; math.Abs(float64(same)-want) > 400 {
		t.Errorf("masks of two steps agree in %d values, want about %v", same, want)
	}
}

// The activations' values and slopes to float64's precision, far out and near 0.
func TestCurves(t *testing.T) {
	for _, tc := range []struct {
		kind     string
		f, slope func(x float64) float64
	}{
		{"elu", func(x float64) float64 {
			if x > 0 {
				return x
			}
			return 1.5 * math.Expm1(x)
		}, func(x float64) float64 {
			if x > 0 {
				return 1
			}
			return 1.5 * math.Exp(x)
		}},
		{"softplus", func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"tanh", math.Tanh, func(x float64) float64 { return 1 / (math.Cosh(x) * math.Cosh(x)) }},
		{"sigmoid", func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, func(x float64) float64 { return 1 / (2 + 2*math.Cosh(x)) }},
	} {
		c := Layer{Kind: tc.kind, Alpha: 1.5}.curve()
		for _, x := range []float64{-80, -30, -15.5, -14.5, -3, -1, -1e-3, -2e-5, -0.5e-5, -1e-9, 0, 1e-9, 1e-5, 1e-3, 0.5, 2, 14, 19.9, 20.1, 50, 80} {
			for _, v := range []struct {
				what      string
				got, want float64
			}{{"value", c.f(x), tc.f(x)}, {"slope", c.slope(x), tc.slope(x)}} {
				if math.Abs(v.got-v.want) > 1e-8*math.Abs(v.want)+1e-45 {
					t.Errorf("%s: %s at %v is %v, want %v", tc.kind, v.what, x, v.got, v.want)
				}
			}
		}
		for _, x := range []float64{-1e30, 1e30} { // float32's far ends
			if y, d := c.f(x), c.slope(x); y-y != 0 || d-d != 0 {
				t.Errorf("%s at %v: value %v, slope %v", tc.kind, x, y, d)
			}
		}
	}
}
