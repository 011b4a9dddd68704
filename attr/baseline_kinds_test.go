package attr

import (
	"path/filepath"
	"slices"
	"testing"

	"assay/model"
	"assay/model/npy"
)

// baselineOf returns baseline k of an input.
func baselineOf(t *testing.T, e *Env, text string, in *Input, k int) []float32 {
	t.Helper()
	b, err := ParseBaseline(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.drawer(e)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, e.size())
	d.fill(in, k, x)
	return x
}

func TestBaselinesOfPixels(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 1)
	e.Mean, e.Std = []float32{0.5, 0.25, 0.5}, []float32{0.5, 0.5, 0.25}
	in := images(e, 2)
	at := func(text string, i int) []float32 { return baselineOf(t, e, text, &in[i], 0) }
	blackImage, whiteImage, mean, far := at("black", 0), at("white", 0), at("mean", 1), at("max_distance", 0)
	noises := map[string][]float32{"uniform": at("uniform", 0), "gaussian:0.5": at("gaussian:0.5", 0)}
	black, white := []float32{-1, -0.5, -2}, []float32{1, 1.5, 2}
	for j := range e.size() {
		c := j / 64
		if got := blackImage[j]; got != black[c] {
			t.Fatalf("black, channel %d: got %v, want %v", c, got, black[c])
		}
		if got := whiteImage[j]; got != white[c] {
			t.Fatalf("white, channel %d: got %v, want %v", c, got, white[c])
		}
		if got := mean[j]; got != e.MeanImage[j] {
			t.Fatalf("mean, value %d: got %v, want %v", j, got, e.MeanImage[j])
		}
		x := in[0].X[j]
		want := black[c]
		if white[c]-x > x-black[c] {
			want = white[c]
		}
		if got := far[j]; got != want {
			t.Fatalf("max_distance, value %d of %v: got %v, want %v", j, x, got, want)
		}
		for noise, values := range noises {
			if got := values[j]; got < black[c] || got > white[c] {
				t.Fatalf("%s, channel %d: got %v, want %v to %v", noise, c, got, black[c], white[c])
			}
		}
	}
	for _, text := range []string{"uniform", "gaussian:0.5"} {
		if slices.Equal(at(text, 0), at(text, 1)) || slices.Equal(at(text, 0), baselineOf(t, e, text, &in[0], 1)) {
			t.Errorf("%s: two draws are the same", text)
		}
		if !slices.Equal(at(text, 0), at(text, 0)) {
			t.Errorf("%s: one draw is not always the same", text)
		}
	}
	// Uniform noise fills the range evenly.
	sum := 0.0
	u := at("uniform", 0)
	for _, v := range u[:64] {
		sum += float64(v)
	}
	if mean := sum / 64; mean < -0.25 || mean > 0.25 {
		t.Errorf("the mean of uniform noise from -1 to 1 is %v", mean)
	}
}

func TestBaselinesOfTrainingImages(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 1)
	in := images(e, 1)
	x := make([]float32, e.size())
	seen := map[int]bool{}
	for k := range 30 {
		got := baselineOf(t, e, "train:30", &in[0], k)
		if k < 7 && !slices.Equal(got, baselineOf(t, e, "train:7", &in[0], k)) {
			t.Errorf("image %d of train:30 is not that of train:7", k)
		}
		for i := range e.TrainSize {
			if e.Train(i, x); slices.Equal(got, x) {
				seen[i] = true
			}
		}
	}
	if len(seen) != 30 {
		t.Errorf("%d of 30 training images are drawn", len(seen))
	}
	b, _ := ParseBaseline("train:31")
	if _, err := b.drawer(e); err == nil || err.Error() != "attr: baseline train:31: there are 30 training images" {
		t.Errorf("too many: got %v", err)
	}
	e.Train, e.MeanImage = nil, nil
	for text, want := range map[string]string{
		"train": "attr: baseline train: there are no training images",
		"mean":  "attr: baseline mean: the mean of the training images has 0 values, want 192",
	} {
		b, _ := ParseBaseline(text)
		if _, err := b.drawer(e); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestBaselinesOfAFile(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 1)
	n := e.Worker.Model().Net()
	in := images(e, 5)
	path := filepath.Join(t.TempDir(), "b.npy")
	a := &npy.Array{Shape: []int{5, 3, 8, 8}}
	for i := range in {
		a.F32 = append(a.F32, in[i].X...)
	}
	if err := npy.Write(path, a); err != nil {
		t.Fatal(err)
	}
	for k := range in {
		if !slices.Equal(baselineOf(t, e, "images:"+path, &in[0], k), in[k].X) {
			t.Errorf("image %d of the file is another", k)
		}
	}
	b, _ := ParseBaseline("images:" + path)
	m := &GradientSHAP{NSamples: 3, Baseline: b, MultiplyByInputs: true}
	attribute(t, e, m, in)
	if got := Files(&NoiseTunnel{Over: m}); !slices.Equal(got, []string{path}) {
		t.Errorf("files: got %v", got)
	}
	one := Baseline{kind: "image", path: path}
	for _, r := range []struct {
		m    Method
		want string
	}{
		{&IntegratedGradients{NSteps: 2, Quadrature: "riemann_left", Baseline: b}, "baseline is images:" + path + ", a distribution of images; want a single one (expected_gradients, gradient_shap and deep_lift_shap take distributions)"},
		{&DeepLift{Baseline: Baseline{kind: "train"}}, "baseline is train, a distribution of images; want a single one (expected_gradients, gradient_shap and deep_lift_shap take distributions)"},
		{&DeepLift{Baseline: one}, "baseline image " + path + ": the array is [5 3 8 8], want [3 8 8]"},
	} {
		ps := Problems(r.m.Check(n))
		if len(ps) != 1 || ps[0].Error() != r.want {
			t.Errorf("got %v, want %s", ps, r.want)
		}
	}
	ps := Problems((&GradientSHAP{NSamples: 1, Baseline: b}).Check(tiny(model.Shape{C: 1, H: 8, W: 8})))
	if want := "baseline images " + path + ": the array is [5 3 8 8], want [N 1 8 8], N at least 1"; len(ps) != 1 || ps[0].Error() != want {
		t.Errorf("got %v, want %s", ps, want)
	}
}

func TestMethodsSayWhatTheyNeed(t *testing.T) {
	for _, r := range []struct {
		m     Method
		least int
		uses  bool
		mean  bool
	}{
		{&Saliency{}, 0, false, false},
		{&IntegratedGradients{Baseline: Baseline{kind: "mean"}}, 0, false, true},
		{&ExpectedGradients{Baseline: Baseline{kind: "train"}}, 1, true, false},
		{&NoiseTunnel{Over: &GradientSHAP{Baseline: Baseline{kind: "train", count: 9}}}, 9, true, false},
	} {
		least, uses := UsesTraining(r.m)
		if least != r.least || uses != r.uses || UsesMeanImage(r.m) != r.mean {
			t.Errorf("%s: got %d %v %v, want %d %v %v", Name(r.m), least, uses, UsesMeanImage(r.m), r.least, r.uses, r.mean)
		}
	}
}
