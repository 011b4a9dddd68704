package attr

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/model"
	"assay/model/npy"

	"go.yaml.in/yaml/v4"
)

// pixels returns the first image's baseline.
func pixels(t testing.TB, e *Env, b Baseline) []float32 {
	t.Helper()
	from, err := b.one(e)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, e.size())
	from(&Input{X: make([]float32, e.size())}, x)
	return x
}

func TestBaselineText(t *testing.T) {
	const wanted = "want a finite number or one of zero, black, white, mean, blur, uniform, gaussian, max_distance, train, image:PATH, images:PATH"
	for _, r := range []struct{ text, want, err string }{
		{text: "zero", want: "zero"},
		{text: "0", want: "zero"},
		{text: "-0.0", want: "zero"},
		{text: "-1", want: "-1"},
		{text: "0.1", want: "0.1"},
		{text: "1e-3", want: "0.001"},
		{text: "image:a b.png", want: "image:a b.png"},
		{text: "black", want: "black"},
		{text: "white", want: "white"},
		{text: "mean", want: "mean"},
		{text: "blur", want: "blur:5"},
		{text: "blur:2.5", want: "blur:2.5"},
		{text: "uniform", want: "uniform"},
		{text: "gaussian", want: "gaussian:1"},
		{text: "gaussian:0.25", want: "gaussian:0.25"},
		{text: "max_distance", want: "max_distance"},
		{text: "train", want: "train"},
		{text: "train:20", want: "train:20"},
		{text: "images:b.npy", want: "images:b.npy"},
		{text: "NaN", err: `attr: baseline is "NaN", ` + wanted},
		{text: "1e99", err: `attr: baseline is "1e99", ` + wanted},
		{text: "", err: `attr: baseline is "", ` + wanted},
		{text: "blakc", err: `attr: baseline is "blakc", ` + wanted + `; did you mean "black"?`},
		{text: "black:1", err: `attr: baseline is "black:1", ` + wanted + `; did you mean "black"?`},
		{text: "blur:0", err: `attr: baseline is "blur:0", want a number above 0, at most 1000, after the colon`},
		{text: "gaussian:x", err: `attr: baseline is "gaussian:x", want a number above 0, at most 1000, after the colon`},
		{text: "train:0", err: `attr: baseline is "train:0", want a number of images, 1 or more, after the colon`},
		{text: "images:", err: `attr: baseline is "images:", want a file after the colon`},
		{text: "image:", err: `attr: baseline is "image:", want a file after the colon`},
	} {
		var b Baseline
		err := b.UnmarshalText([]byte(r.text))
		if r.err != "" {
			if err == nil || err.Error() != r.err {
				t.Errorf("%q: got error %v, want %s", r.text, err, r.err)
			}
			continue
		}
		got, _ := b.MarshalText()
		if err != nil || string(got) != r.want {
			t.Errorf("%q: got %q, %v, want %q", r.text, got, err, r.want)
		}
		var again Baseline
		if err := again.UnmarshalText(got); err != nil || again != b {
			t.Errorf("%q: read back as %v, %v", got, again, err)
		}
	}
}

func TestBaselineFromYAML(t *testing.T) {
	for text, want := range map[string]string{"zero": "zero", "-1": "-1", "0.5": "0.5", "image:x.npy": "image:x.npy"} {
		m := Methods["integrated_gradients"].New().(*IntegratedGradients)
		if err := yaml.Unmarshal([]byte("baseline: "+text), m); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := m.Baseline.String(); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		out, err := yaml.Marshal(m)
		if err != nil || !strings.Contains(string(out), "baseline: ") {
			t.Errorf("%s: written as %q, %v", text, out, err)
		}
	}
}

func TestBaselineImages(t *testing.T) {
	dir := t.TempDir()
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 1)
	img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	want := make([]float32, 192)
	values := make([]float32, 192)
	for r := range 8 {
		for c := range 8 {
			v := [3]uint8{uint8(30 * r), uint8(30 * c), uint8(255 - r*c)}
			img.SetNRGBA(c, r, color.NRGBA{v[0], v[1], v[2], 255})
			for k := range 3 {
				want[k*64+r*8+c] = (float32(v[k])/255 - 0.5) / 0.5
				values[k*64+r*8+c] = float32(k) - float32(r)
			}
		}
	}
	pngPath := filepath.Join(dir, "b.png")
	f, err := os.Create(pngPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	f.Close()
	npyPath := filepath.Join(dir, "b.npy")
	if err := npy.Write(npyPath, &npy.Array{Shape: []int{3, 8, 8}, F32: values}); err != nil {
		t.Fatal(err)
	}
	textPath := filepath.Join(dir, "b.txt")
	if err := os.WriteFile(textPath, []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	in := images(e, 2)
	for path, want := range map[string][]float32{pngPath: want, npyPath: values} {
		o := &DeepLift{MultiplyByInputs: true, Baseline: ImageBaseline(path)}
		got := pixels(t, e, o.Baseline)
		for j := range want {
			if got[j] != want[j] {
				t.Fatalf("%s value %d: got %v, want %v", path, j, got[j], want[j])
			}
		}
		for i, a := range attribute(t, e, o, in) {
			if d := a.delta(); d > 1e-4 || d < -1e-4 {
				t.Errorf("%s image %d: delta %v of %v", path, i, d, a.FX-a.FB)
			}
		}
		if got := Files(&NoiseTunnel{Over: o}); len(got) != 1 || got[0] != path {
			t.Errorf("files: got %v, want %s", got, path)
		}
	}
	for _, r := range []struct {
		path string
		in   model.Shape
		want string
	}{
		{pngPath, model.Shape{C: 3, H: 9, W: 8}, "it is 8x8 pixels, want 8x9"},
		{pngPath, model.Shape{C: 2, H: 8, W: 8}, "a PNG or JPEG has 1 or 3 channels, the network takes 2; use .npy"},
		{npyPath, model.Shape{C: 1, H: 8, W: 8}, "the array is [3 8 8], want [1 8 8]"},
		{textPath, model.Shape{C: 3, H: 8, W: 8}, "image: unknown format"},
	} {
		ps := Problems((&DeepLift{Baseline: ImageBaseline(r.path)}).Check(tiny(r.in)))
		if len(ps) != 1 || ps[0].Option != "baseline" || ps[0].Msg != "image "+r.path+": "+r.want {
			t.Errorf("got %v, want %s", ps, r.want)
		}
	}
	e.Mean = nil
	if _, err := ImageBaseline(pngPath).one(e); err == nil || !strings.Contains(err.Error(), "there are 0 means") {
		t.Errorf("without means: got %v", err)
	}
}
