package attr

import (
	"math"
	"testing"

	"assay/model"
)

func TestGradientFamilyOnALinearModel(t *testing.T) {
	e, w := linear(t)
	in := images(e, 5)
	in[4].Target = model.Target{Class: 2, Minus: 0}
	size := e.size()
	slope := func(i, j int) float64 {
		v := float64(w[in[i].Target.Class*18+j])
		if in[i].Target.Minus >= 0 {
			v -= float64(w[in[i].Target.Minus*18+j])
		}
		return v
	}
	b := ConstantBaseline(0.25)
	blurred := make([][]float32, len(in))
	k := newBlurrer(e.Worker.Model().Net().Input)
	k.sigma(3)
	for i := range in {
		blurred[i] = make([]float32, size)
		k.blur(blurred[i], in[i].X)
	}
	for _, r := range []struct {
		name   string
		m      Method
		want   func(g, x float64, i, j int) float64
		summed bool
	}{
		{"input_x_gradient", &InputXGradient{}, func(g, x float64, _, _ int) float64 { return g * x }, false},
		{"guided_backprop", &GuidedBackprop{}, func(g, x float64, _, _ int) float64 { return g }, false},
		{"deconvolution", &Deconvolution{}, func(g, x float64, _, _ int) float64 { return g }, false},
		{"input", &InputMap{}, func(g, x float64, _, _ int) float64 { return x }, false},
		{"constant", &Constant{}, func(g, x float64, _, _ int) float64 { return 1 }, false},
		{"gradient_shap", &GradientSHAP{NSamples: 7, Baseline: b, MultiplyByInputs: true}, func(g, x float64, _, _ int) float64 { return g * (x - 0.25) }, true},
		{"gradient_shap of gradients", &GradientSHAP{NSamples: 3, Stdevs: 2, Baseline: Baseline{kind: "train"}}, func(g, x float64, _, _ int) float64 { return g }, false},
		{"expected_gradients", &ExpectedGradients{NSamples: 4, Baseline: b, MultiplyByInputs: true}, func(g, x float64, _, _ int) float64 { return g * (x - 0.25) }, true},
		{"guided_integrated_gradients", &GuidedIntegratedGradients{NSteps: 30, Fraction: 0.25, MaxDist: 0.1, Baseline: b}, func(g, x float64, _, _ int) float64 { return g * (x - 0.25) }, true},
		{"guided path without a band", &GuidedIntegratedGradients{NSteps: 10, Fraction: 0.1, MaxDist: 1, Baseline: b}, func(g, x float64, _, _ int) float64 { return g * (x - 0.25) }, true},
		{"blur_integrated_gradients", &BlurIntegratedGradients{NSteps: 9, MaxSigma: 3}, func(g, x float64, i, j int) float64 { return g * (x - float64(blurred[i][j])) }, true},
		{"tolerance", &IntegratedGradients{NSteps: 1, Quadrature: "gausslegendre", Tolerance: 0.001, MaxSteps: 64, MultiplyByInputs: true, Baseline: b}, func(g, x float64, _, _ int) float64 { return g * (x - 0.25) }, true},
	} {
		t.Run(r.name, func(t *testing.T) {
			for i, a := range attribute(t, e, r.m, in) {
				if a.Summed != r.summed {
					t.Errorf("Summed is %v, want %v", a.Summed, r.summed)
				}
				if d := a.delta(); a.Summed && math.Abs(d) > 1e-4 {
					t.Errorf("image %d: delta %v", i, d)
				}
				for j, got := range a.Map {
					want := r.want(slope(i, j), float64(in[i].X[j]), i, j)
					if math.Abs(float64(got)-want) > 1e-5*(1e-1+math.Abs(want)) {
						t.Fatalf("image %d value %d: got %v, want %v", i, j, got, want)
					}
				}
			}
		})
	}
}

// A target that is linear in the layer has the layer's weights as gradient.
func TestClassActivationMapsOfALinearHead(t *testing.T) {
	in := model.Shape{C: 2, H: 3, W: 4}
	n := &model.Net{Input: in, Layers: []model.Layer{{Kind: "conv2d", Out: 3, Kernel: 1}, {Kind: "flatten"}, {Kind: "linear", Out: 3}}}
	e := env(t, n, 8)
	xs := images(e, 4)
	head := e.Worker.Model().Weights().Get("fc1.weight") // [3,36]
	conv, bias := e.Worker.Model().Weights().Get("conv1.weight"), e.Worker.Model().Weights().Get("conv1.bias")
	for _, r := range []struct {
		name string
		m    Method
		cam  func(act, g [][]float64) []float64 // [channel][position]
	}{
		{"grad_cam", &GradCAM{InterpolateMode: "none", AttrDimSummation: true}, func(act, g [][]float64) []float64 {
			out := make([]float64, 12)
			for c := range act {
				mean := 0.0
				for _, v := range g[c] {
					mean += v / 12
				}
				for p, v := range act[c] {
					out[p] += mean * v
				}
			}
			return out
		}},
		{"grad_cam_plus_plus", &GradCAMPlusPlus{InterpolateMode: "none"}, func(act, g [][]float64) []float64 {
			out := make([]float64, 12)
			for c := range act {
				sum, w := 0.0, 0.0
				for _, v := range act[c] {
					sum += v
				}
				for _, v := range g[c] {
					alpha := v * v / (2*v*v + sum*v*v*v)
					w += alpha * max(v, 0)
				}
				for p, v := range act[c] {
					out[p] += w * v
				}
			}
			for p := range out {
				out[p] = max(out[p], 0)
			}
			return out
		}},
		{"layer_cam", &LayerCAM{Layer: "conv1", InterpolateMode: "none"}, func(act, g [][]float64) []float64 {
			out := make([]float64, 12)
			for c := range act {
				for p, v := range act[c] {
					out[p] += max(g[c][p], 0) * v
				}
			}
			for p := range out {
				out[p] = max(out[p], 0)
			}
			return out
		}},
	} {
		if got, want := MapShape(r.m, n), (model.Shape{C: 1, H: 3, W: 4}); got != want {
			t.Errorf("%s: shape %v, want %v", r.name, got, want)
		}
		for i, a := range attribute(t, e, r.m, xs) {
			act, g := make([][]float64, 3), make([][]float64, 3)
			for c := range act {
				act[c], g[c] = make([]float64, 12), make([]float64, 12)
				for p := range 12 {
					act[c][p] = float64(bias[c]) + float64(conv[2*c])*float64(xs[i].X[p]) + float64(conv[2*c+1])*float64(xs[i].X[12+p])
					g[c][p] = float64(head[xs[i].Target.Class*36+12*c+p])
				}
			}
			if d := relative(a.Map, r.cam(act, g)); !(d < 1e-5) {
				t.Errorf("%s image %d: relative difference %v", r.name, i, d)
			}
		}
	}
}

// A map over the image is the layer's map resized, its channels sum to it, and
// options say what else there is.
func TestClassActivationMapsOverTheImage(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 5)
	n := e.Worker.Model().Net()
	in := images(e, 3)
	own := attribute(t, e, &GradCAM{Layer: "conv1", InterpolateMode: "none", AttrDimSummation: true}, in)
	over := attribute(t, e, &GradCAM{Layer: "conv1", InterpolateMode: "bilinear", AttrDimSummation: true}, in)
	apart := attribute(t, e, &GradCAM{Layer: "conv1", InterpolateMode: "nearest"}, in)
	cut := attribute(t, e, &GradCAM{Layer: "conv1", InterpolateMode: "none", AttrDimSummation: true, ReLUAttributions: true}, in)
	for i := range in {
		for p := range 64 {
			want := float64(own[i].Map[p]) // conv1 has the image's size
			sum, layer := 0.0, 0.0
			for c := range 3 {
				sum += float64(over[i].Map[64*c+p])
				layer += float64(apart[i].Map[64*c+p])
			}
			if math.Abs(sum-want) > 1e-5*(1+math.Abs(want)) || math.Abs(layer-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("image %d position %d: channels sum to %v, the layer's to %v, want %v", i, p, sum, layer, want)
			}
			if got := cut[i].Map[p]; got != max(own[i].Map[p], 0) {
				t.Fatalf("image %d position %d: got %v of %v", i, p, got, own[i].Map[p])
			}
		}
	}
	for _, r := range []struct {
		m    Method
		want model.Shape
	}{
		{&GradCAM{InterpolateMode: "none", AttrDimSummation: true}, model.Shape{C: 1, H: 3, W: 3}},
		{&GradCAM{InterpolateMode: "none"}, model.Shape{C: 4, H: 3, W: 3}},
		{&GradCAM{InterpolateMode: "nearest"}, model.Shape{C: 4, H: 8, W: 8}},
		{&GradCAM{InterpolateMode: "nearest", AttrDimSummation: true}, n.Input},
		{&LayerCAM{Layer: "pool1", InterpolateMode: "none"}, model.Shape{C: 1, H: 4, W: 4}},
		{&GuidedGradCAM{InterpolateMode: "nearest"}, n.Input},
	} {
		if got := MapShape(r.m, n); got != r.want {
			t.Errorf("%s %+v: shape %v, want %v", Name(r.m), r.m, got, r.want)
		}
		if got := len(attribute(t, e, r.m, in)[0].Map); got != r.want.Size() {
			t.Errorf("%s %+v: %d values, want %d", Name(r.m), r.m, got, r.want.Size())
		}
	}
	for _, r := range []struct {
		rectified bool
		want      string
	}{{false, "conv2"}, {true, "relu2"}} {
		if got := lastConv(n, r.rectified); got != r.want {
			t.Errorf("default layer: got %s, want %s", got, r.want)
		}
	}
}

func TestResizing(t *testing.T) {
	src := model.Shape{C: 1, H: 1, W: 2}
	for _, r := range []struct {
		mode string
		w    int
		want []float32
	}{
		{"nearest", 5, []float32{0, 0, 0, 4, 4}},
		{"bilinear", 4, []float32{0, 1, 3, 4}}, // PyTorch: align_corners=False
		{"bilinear", 2, []float32{0, 4}},
		{"bilinear", 1, []float32{2}},
	} {
		f := newResizer(r.mode, src, model.Shape{C: 3, H: 2, W: r.w})
		got := make([]float32, 2*r.w)
		f.resize([]float64{0, 4}, 1, got)
		for j, v := range got {
			if want := r.want[j%r.w]; v != want {
				t.Errorf("%s to %d: got %v, want %v twice", r.mode, r.w, got, r.want)
				break
			}
		}
	}
}

// Without a band around it the path is straight and the rule a left sum.
func TestGuidedPathWithoutRoomIsStraight(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 6)
	in := images(e, 18)
	b := ConstantBaseline(0.5)
	left := attribute(t, e, &IntegratedGradients{NSteps: 20, Quadrature: "riemann_left", MultiplyByInputs: true, Baseline: b}, in)
	for i, a := range attribute(t, e, &GuidedIntegratedGradients{NSteps: 20, Fraction: 0.25, Baseline: b}, in) {
		want := make([]float64, len(a.Map))
		for j, v := range left[i].Map {
			want[j] = float64(v)
		}
		if d := relative(a.Map, want); d > 1e-4 {
			t.Errorf("image %d: relative difference %v from riemann_left", i, d)
		}
	}
}

// Two values behind one relu, worked out by hand. f = relu(2 x0 + x1 - 1) on the
// way from (0,0) to (1,1) in two steps that each take a distance of 1:
//
//	at (0, 0)      the gradient is (0,0); both move alike, to (0.5, 0.5)
//	at (0.5, 0.5)  it is (2,1); x1 goes first, to 1, and then x0, to 1
func TestGuidedPathByHand(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 2, H: 1, W: 1}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 1}, {Kind: "relu"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	e := envOf(t, n, &model.Weights{Tensors: []model.Tensor{
		{Name: "fc1.weight", Shape: []int{1, 2}, Data: []float32{2, 1}},
		{Name: "fc1.bias", Shape: []int{1}, Data: []float32{-1}},
		{Name: "fc2.weight", Shape: []int{2, 1}, Data: []float32{1, 0}},
		{Name: "fc2.bias", Shape: []int{2}, Data: []float32{0, 0}},
	}})
	in := []Input{{X: []float32{1, 1}, Target: model.Target{Class: 0, Minus: -1}}}
	a := attribute(t, e, &GuidedIntegratedGradients{NSteps: 2, MaxDist: 1}, in)[0]
	if a.Map[0] != 1 || a.Map[1] != 0.5 || a.FX != 2 || a.FB != 0 {
		t.Errorf("got %v, F(x) %v, F(b) %v, want [1 0.5], 2, 0", a.Map, a.FX, a.FB)
	}
	// In a band of a quarter nobody may rush ahead: after the first step both
	// are at 0.5, and the second ends at (1,1) all the same.
	a = attribute(t, e, &GuidedIntegratedGradients{NSteps: 4, MaxDist: 0.25}, in)[0]
	if sum := float64(a.Map[0]) + float64(a.Map[1]); sum < 1 || sum > 2 {
		t.Errorf("in a band the map sums to %v, want 1 to 2", sum)
	}
}

// gradient_shap without noise is expected_gradients, and few draws are the first
// of many.
func TestRandomPathsShareDraws(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 7)
	in := images(e, 3)
	b := Baseline{kind: "train", count: 6}
	shap := attribute(t, e, &GradientSHAP{NSamples: 4, Baseline: b, MultiplyByInputs: true}, in)
	expected := attribute(t, e, &ExpectedGradients{NSamples: 4, Baseline: b, MultiplyByInputs: true}, in)
	for i := range in {
		same(t, "expected_gradients", expected[i], shap[i])
	}
	d, err := b.drawer(e)
	if err != nil {
		t.Fatal(err)
	}
	if d.n != 6 {
		t.Errorf("%d baselines, want 6", d.n)
	}
	long := attribute(t, e, &ExpectedGradients{NSamples: 3000, Baseline: b, MultiplyByInputs: true}, in)
	for i, a := range long {
		scale := 1.0
		for _, v := range a.Map {
			scale += math.Abs(float64(v))
		}
		if got := math.Abs(a.delta()); got > 0.03*scale {
			t.Errorf("image %d: delta %v after 3000 draws, want below %v", i, got, 0.03*scale)
		}
	}
}

// Methods that are linear in the gradient explain a difference of two logits by
// the difference of their maps.
func TestContrastIsADifferenceOfMaps(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 10)
	in := images(e, 3)
	for _, m := range []Method{
		&InputXGradient{},
		&GradCAM{InterpolateMode: "bilinear", AttrDimSummation: true},
		&GradientSHAP{NSamples: 5, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true},
		&BlurIntegratedGradients{NSteps: 10, MaxSigma: 4},
		&IntegratedGradients{NSteps: 10, Quadrature: "riemann_middle", MultiplyByInputs: true, Baseline: Baseline{kind: "max_distance"}},
	} {
		maps := func(target model.Target) []kept {
			aimed := append([]Input(nil), in...)
			for i := range aimed {
				aimed[i].Target = target
			}
			return attribute(t, e, m, aimed)
		}
		a, b, both := maps(model.Target{Class: 2, Minus: -1}), maps(model.Target{Class: 0, Minus: -1}), maps(model.Target{Class: 2, Minus: 0})
		for i := range in {
			want := make([]float64, len(a[i].Map))
			for j := range want {
				want[j] = float64(a[i].Map[j]) - float64(b[i].Map[j])
			}
			if d := relative(both[i].Map, want); !(d < 1e-4) {
				t.Errorf("%s image %d: relative difference %v", Name(m), i, d)
			}
			if d := both[i].FX - (a[i].FX - b[i].FX); math.Abs(d) > 1e-6 {
				t.Errorf("%s image %d: F(x) is %v, want %v", Name(m), i, both[i].FX, a[i].FX-b[i].FX)
			}
		}
	}
}
