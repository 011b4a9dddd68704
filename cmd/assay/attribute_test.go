package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"assay/model/npy"
)

// oracle reads an array that other software computed.
func oracle(t *testing.T, name string) *npy.Array {
	t.Helper()
	a, err := npy.Read(filepath.Join("../../testdata/oracle", name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// writeFolder writes normalised images of ten classes as PNG files, in the
// layout that the data set image_folder reads. Images come out by class.
func writeFolder(t *testing.T, x, labels *npy.Array) string {
	t.Helper()
	dir := t.TempDir()
	for k := range 10 {
		if err := os.MkdirAll(filepath.Join(dir, "test", fmt.Sprint("class", k)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h, w := x.Shape[2], x.Shape[3]
	for i, label := range labels.Ints() {
		v := x.Float64s()[i*3*h*w:]
		byteAt := func(j int) uint8 { return uint8(math.Round((v[j]/2 + 0.5) * 255)) }
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for p := range h * w {
			m.SetNRGBA(p%w, p/w, color.NRGBA{byteAt(p), byteAt(h*w + p), byteAt(2*h*w + p), 255})
		}
		f, err := os.Create(filepath.Join(dir, "test", fmt.Sprint("class", label), fmt.Sprint(i, ".png")))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// distance is the largest relative L2 distance of an image's map.
func distance(got, want []float64, images int) float64 {
	size, worst := len(want)/images, 0.0
	for i := range images {
		num, den := 0.0, 0.0
		for j := i * size; j < (i+1)*size; j++ {
			num += (got[j] - want[j]) * (got[j] - want[j])
			den += want[j] * want[j]
		}
		worst = max(worst, math.Sqrt(num/den))
	}
	return worst
}

// The whole command against what PyTorch and Captum computed from the same
// pixels and weights.
func TestAttributeOracle(t *testing.T) {
	inputs, labels := oracle(t, "inputs"), oracle(t, "labels")
	dir := writeFolder(t, inputs, labels)
	for _, tc := range []struct {
		want   string
		method []string
		delta  bool
	}{
		{"ig_gausslegendre_50", []string{"--method", "integrated_gradients"}, true},
		{"ig_riemann_left_20", []string{"--method", "integrated_gradients", "--param", "n_steps=20", "--param", "quadrature=riemann_left"}, true},
		{"ig_riemann_trapezoid_20", []string{"--method", "integrated_gradients", "--param", "n_steps=20", "--param", "quadrature=riemann_trapezoid", "--param", "compat=captum"}, true},
		{"ig_black_50", []string{"--method", "integrated_gradients", "--param", "baseline=-1"}, true},
		{"saliency", []string{"--method", "saliency"}, false},
		{"saliency_signed", []string{"--method", "saliency", "--param", "abs=false"}, false},
		{"deeplift", []string{"--method", "deep_lift", "--param", "compat=captum"}, true},
		{"deeplift_exact", []string{"--method", "deep_lift"}, false},
	} {
		out := filepath.Join(t.TempDir(), "maps.npz")
		args := append([]string{"attribute", "--weights", "../../testdata/oracle/weights.pt", "--data", "image_folder:" + dir, "--images", "0:2", "--out", out}, tc.method...)
		if code := run(args); code != 0 {
			t.Errorf("%s: exit code %d", tc.want, code)
			continue
		}
		got, err := npy.ReadNpz(out)
		if err != nil {
			t.Errorf("%s: %v", tc.want, err)
			continue
		}
		if d := distance(got["attributions"].Float64s(), oracle(t, tc.want).Float64s(), 2); d > 1e-4 {
			t.Errorf("%s: relative L2 distance %v, want at most 1e-4", tc.want, d)
		}
		for i, want := range oracle(t, "logits").Float64s() {
			if v := got["logits"].Float64s()[i]; math.Abs(v-want) > 1e-4 {
				t.Errorf("%s: logit %d: got %v, want %v", tc.want, i, v, want)
			}
		}
		if fmt.Sprint(got["target"].Ints()) != fmt.Sprint(labels.Ints()) || fmt.Sprint(got["index"].Ints()) != "[0 1]" {
			t.Errorf("%s: got target %v and index %v, want %v and [0 1]", tc.want, got["target"].Ints(), got["index"].Ints(), labels.Ints())
		}
		if !tc.delta {
			continue
		}
		for i, want := range oracle(t, tc.want+".delta").Float64s() {
			if v := got["delta"].Float64s()[i]; math.Abs(v-want) > 1e-4 {
				t.Errorf("%s: delta %d: got %v, want %v", tc.want, i, v, want)
			}
		}
	}
}

// Where a method promises no sum there is no delta; a class can be named.
func TestAttributeArrays(t *testing.T) {
	dir := writeFolder(t, oracle(t, "inputs"), oracle(t, "labels"))
	out := filepath.Join(t.TempDir(), "maps.npz")
	code := run([]string{
		"attribute", "--weights", "../../testdata/oracle/weights.pt", "--data", "image_folder:" + dir,
		"--images", "1,0", "--method", "saliency", "--target", "class7", "--out", out,
	})
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	got, err := npy.ReadNpz(out)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"attributions": "[2 3 32 32]", "logits": "[2 10]", "target": "[2]", "index": "[2]", "label": "[2]", "checksum": "[2]",
	} {
		if got[name] == nil || fmt.Sprint(got[name].Shape) != want {
			t.Errorf("%s: got %+v, want shape %s", name, got[name], want)
		}
	}
	if len(got) != 7 || got["provenance"] == nil {
		t.Errorf("got %d arrays, want 7 with provenance: saliency has no delta", len(got))
	}
	if fmt.Sprint(got["target"].Ints(), got["index"].Ints()) != "[7 7] [1 0]" {
		t.Errorf("got target %v and index %v, want [7 7] and [1 0]", got["target"].Ints(), got["index"].Ints())
	}
	labels := oracle(t, "labels").Ints()
	if l := got["label"].Ints(); l[0] != labels[1] || l[1] != labels[0] {
		t.Errorf("got labels %v of images 1 and 0, want %v and %v", l, labels[1], labels[0])
	}
}

// Classes are called by name or number; another one makes other maps.
func TestAttributeTargets(t *testing.T) {
	var maps []map[string]*npy.Array
	for _, target := range []string{"disc-ring", "0-1", "0-2"} {
		out := filepath.Join(t.TempDir(), "maps.npz")
		if code := run([]string{"attribute", "--method", "saliency", "--n-test", "20", "--images", "0:3", "--target", target, "--quiet", "--out", out}); code != 0 {
			t.Fatalf("%s: exit code %d", target, code)
		}
		m, err := npy.ReadNpz(out)
		if err != nil {
			t.Fatal(err)
		}
		delete(m, "provenance") // says how the target was called
		maps = append(maps, m)
	}
	if !reflect.DeepEqual(maps[0], maps[1]) {
		t.Error("disc-ring and 0-1 are not the same")
	}
	if reflect.DeepEqual(maps[1]["attributions"], maps[2]["attributions"]) {
		t.Error("0-1 and 0-2 have the same maps")
	}
}

// Relevance is in the map or was given to biases. Captum turns the sign of the
// delta, which is then the biases' share.
func TestAttributeBias(t *testing.T) {
	dir := writeFolder(t, oracle(t, "inputs"), oracle(t, "labels"))
	for _, r := range []struct {
		method []string
		sign   float64
	}{
		{[]string{"--method", "lrp"}, -1},
		{[]string{"--method", "lrp", "--param", "compat=captum"}, +1},
		{[]string{"--method", "layer_lrp", "--param", "preset=epsilon_plus"}, -1},
	} {
		out := filepath.Join(t.TempDir(), "maps.npz")
		if code := run(append([]string{
			"attribute", "--weights", "../../testdata/oracle/weights.pt", "--data", "image_folder:" + dir,
			"--images", "0:2", "--quiet", "--workers", "2", "--out", out,
		}, r.method...)); code != 0 {
			t.Fatalf("%v: exit code %d", r.method, code)
		}
		got, err := npy.ReadNpz(out)
		if err != nil {
			t.Fatal(err)
		}
		for i, class := range got["target"].Ints() {
			m := got["attributions"].Float64s()
			sum, size := 0.0, len(m)/2
			for _, v := range m[i*size : (i+1)*size] {
				sum += v
			}
			fx, bias, delta := got["logits"].Float64s()[10*i+class], got["bias"].F64[i], got["delta"].F64[i]
			if bias == 0 || math.Abs(sum+bias-fx) > 1e-3 {
				t.Errorf("%v, image %d: map %v and biases %v, want %v together", r.method, i, sum, bias, fx)
			}
			if math.Abs(delta-r.sign*bias) > 1e-3 {
				t.Errorf("%v, image %d: delta %v, want %v", r.method, i, delta, r.sign*bias)
			}
		}
	}
}

// The figures that Captum's tutorial prints, by the command of the manual.
func TestAttributeTutorial(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_CIFAR10"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("ASSAY_CIFAR10 and ASSAY_WEIGHTS do not name the data and weights of Captum's tutorial")
	}
	out := filepath.Join(t.TempDir(), "maps.npz")
	code := run([]string{
		"attribute", "--net", "tutorial", "--weights", weights, "--data", "cifar10:" + dir, "--split", "test",
		"--images", "0:4", "--method", "integrated_gradients", "--param", "n_steps=50", "--target", "label", "--out", out,
	})
	if code != 0 {
		t.Fatalf("exit code %d", code)
	}
	a, err := npy.ReadNpz(out)
	if err != nil {
		t.Fatal(err)
	}
	// Image 3 is a plane that the network takes for a ship.
	if got := a["delta"].F64[3]; math.Abs(math.Abs(got)-0.0243) > 1e-4 {
		t.Errorf("delta of image 3: got %v, want 0.0243 in size", got)
	}
	if got, want := fmt.Sprint(a["target"].Ints()), "[3 8 8 0]"; got != want {
		t.Errorf("labels: got %v, want %v", got, want)
	}
	for i, want := range []int{3, 8, 8, 8} { // cat ship ship ship
		l := a["logits"].F32[10*i : 10*i+10]
		best := 0
		for j, v := range l {
			if v > l[best] {
				best = j
			}
		}
		if best != want {
			t.Errorf("image %d: predicted %d, want %d", i, best, want)
		}
	}
}
