package experiments

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/model"
)

func TestFaults(t *testing.T) {
	t.Setenv("ASSAY_TEST_SET", "5")
	t.Setenv("ASSAY_TEST_EMPTY", "")
	const head = "name: x\ndata: {dataset: shapes}\nmodel: {net: tutorial, train: {}}\n"
	for _, row := range []struct{ name, spec, want string }{
		{"misspelt key", head + "attributions:\n  - method: integrated_gradients\n    n_step: 50\n", `
spec.yaml:6:5: unknown key "n_step" in integrated_gradients; did you mean "n_steps"?
      n_step: 50
      ^`},
		{"unknown method", head + "attributions: [{method: integrated_gradient}]\n", `
spec.yaml:4:25: unknown method "integrated_gradient"; did you mean "integrated_gradients"?
  attributions: [{method: integrated_gradient}]
                          ^`},
		{"all at once, in reading order", "name: a/b\nseed: -1\nseed: 2\ndata: {dataset: shapes, split: tset, n_train: many}\nmodel: {net: tutorial, train: {lr: fast, epochs: 1.5, flip: maybe}}\nattributions: []\nmetrics: {metric: deletion}\nreport: {formats: [text, txet, text]}\ntraget: label\n", `
spec.yaml:1:7: name is "a/b", want letters, digits and . _ - + = only: it names a directory
  name: a/b
        ^
spec.yaml:2:7: seed is -1, want 0 or more
  seed: -1
        ^
spec.yaml:3:1: "seed" is given twice; first in line 2
  seed: 2
  ^
spec.yaml:4:32: split is "tset", want train or test
  data: {dataset: shapes, split: tset, n_train: many}
                                 ^
spec.yaml:4:47: n_train is "many", want a whole number
  data: {dataset: shapes, split: tset, n_train: many}
                                                ^
spec.yaml:5:36: lr is "fast", want a number
  model: {net: tutorial, train: {lr: fast, epochs: 1.5, flip: maybe}}
                                     ^
spec.yaml:5:50: epochs is "1.5", want a whole number
  model: {net: tutorial, train: {lr: fast, epochs: 1.5, flip: maybe}}
                                                   ^
spec.yaml:5:61: flip is "maybe", want true or false
  model: {net: tutorial, train: {lr: fast, epochs: 1.5, flip: maybe}}
                                                              ^
spec.yaml:6:15: attributions is an empty list, want at least one entry
  attributions: []
                ^
spec.yaml:7:10: metrics is a mapping, want a list of mappings
  metrics: {metric: deletion}
           ^
spec.yaml:8:26: formats has "txet"; did you mean "text"?
  report: {formats: [text, txet, text]}
                           ^
spec.yaml:8:32: formats has "text" twice
  report: {formats: [text, txet, text]}
                                 ^
spec.yaml:9:1: unknown key "traget" in the specification; did you mean "target"?
  traget: label
  ^
13 errors`},
		{"nested method", head + "attributions:\n  - method: noise_tunnel\n    over: {method: integrated_gradients, n_stepz: 5}\n", `
spec.yaml:6:42: unknown key "n_stepz" in integrated_gradients; did you mean "n_steps"?
      over: {method: integrated_gradients, n_stepz: 5}
                                           ^`},
		{"nested method by an unknown name", head + "attributions:\n  - method: noise_tunnel\n    over: salience\n", `
spec.yaml:6:11: unknown method "salience"; did you mean "saliency"?
      over: salience
            ^`},
		{"values that are text of their own kind", head + "attributions:\n  - {method: occlusion, window: 4x4, baseline: gray}\n  - {method: lime, mask: hexagons}\n", `
spec.yaml:5:33: window: "4x4" is no size, want rows and columns like 4, or channels, rows and columns like 3x4x4
    - {method: occlusion, window: 4x4, baseline: gray}
                                  ^
spec.yaml:5:48: baseline is "gray", want a finite number or one of zero, black, white, mean, blur, uniform, gaussian, max_distance, train, image:PATH, images:PATH
    - {method: occlusion, window: 4x4, baseline: gray}
                                                 ^
spec.yaml:6:26: mask is "hexagons", want values, pixels, grid:N, cells:N, slic:N, slic:N:COMPACTNESS or file:PATH
    - {method: lime, mask: hexagons}
                           ^
3 errors`},
		{"one item of an axis", head + "attributions:\n  - method: integrated_gradients\n    n_steps: [10, ten, 20]\n", `
spec.yaml:6:19: n_steps is "ten", want a whole number
      n_steps: [10, ten, 20]
                    ^`},
		{"empty axis", head + "attributions: [{method: integrated_gradients, n_steps: []}]\n", `
spec.yaml:4:56: n_steps is an empty list, want at least one value
  attributions: [{method: integrated_gradients, n_steps: []}]
                                                         ^`},
		{"variables", "name: x\nseed: ${ASSAY_TEST_SET}\ndata: {dataset: image_folder, dir: \"${ASSAY_TEST_UNSET}/x\", images: \"${ASSAY_TEST_EMPTY}\"}\nmodel: {net: tutorial, weights: \"${ASSAY_TEST_UNSET:-a.pt}\"}\nattributions: [{method: saliency}]\n", `
spec.yaml:3:36: the environment variable ASSAY_TEST_UNSET is not set
  data: {dataset: image_folder, dir: "${ASSAY_TEST_UNSET}/x", images: "${ASSAY_TEST_EMPTY}"}
                                     ^
spec.yaml:3:69: the environment variable ASSAY_TEST_EMPTY is empty
  data: {dataset: image_folder, dir: "${ASSAY_TEST_UNSET}/x", images: "${ASSAY_TEST_EMPTY}"}
                                                                      ^
2 errors`},
		{"not YAML", "name: x\ndata: [1,2\nmodel: 3\n", `
spec.yaml:3:6: not YAML: while parsing a flow sequence: did not find expected ',' or ']'
  model: 3
       ^`},
		{"not a mapping", "- a\n", `
spec.yaml:1:1: the specification is a list, want a mapping of name, seed, data, model, target, controls, attributions, metrics, report
  - a
  ^`},
		{"empty", "", "\nspec.yaml: the specification is empty"},
		{"nothing said", "name: x\n", `
spec.yaml:1:1: the specification has no data section
  name: x
  ^
spec.yaml:1:1: the specification has no attributions
  name: x
  ^
spec.yaml:1:1: the specification has no model section
  name: x
  ^
3 errors`},
		{"unknown only", head + "attributions: [{method: saliency}]\nmetrics: [{metric: completeness, only: [salience]}]\n", `
spec.yaml:5:41: unknown method "salience" in only; did you mean "saliency"?
  metrics: [{metric: completeness, only: [salience]}]
                                          ^`},
		{"layers", "name: x\ndata: {dataset: shapes}\nmodel: {layers: [{kind: conv2d, outt: 3}], train: {}}\nattributions: [{method: saliency}]\n", `
spec.yaml:3:33: unknown key "outt" in model.layers[1]; did you mean "out"?
  model: {layers: [{kind: conv2d, outt: 3}], train: {}}
                                  ^`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse("spec.yaml", row.spec, nil)
			got := ""
			if err != nil {
				got = "\n" + err.Error()
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s\n%s", diff, got)
			}
		})
	}
}

func TestSetFaults(t *testing.T) {
	const spec = "name: x\ndata: {dataset: shapes}\nmodel: {net: tutorial, train: {}}\nattributions: [{method: saliency}]\n"
	for _, row := range []struct{ set, want string }{
		{"dta.images=0:4", `
--set:1:1: unknown key "dta" in the specification; did you mean "data"?
  dta.images=0:4
  ^`},
		{"model.train.lr=fast", `
--set:1:16: lr is "fast", want a number
  model.train.lr=fast
                 ^`},
		{"attributions.3.abs=false", `
--set:1:14: "3" is no item of the list, want 0 to 0
  attributions.3.abs=false
               ^`},
		{"seed", "\n--set:1:1: want key=value\n  seed\n  ^"},
		{"name.x=1", `
--set:1:6: "name" is a single value and has no "x"
  name.x=1
       ^`},
	} {
		t.Run(row.set, func(t *testing.T) {
			_, err := Parse("spec.yaml", spec, []string{row.set})
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(row.want, "\n"+err.Error()); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
	s, err := Parse("spec.yaml", spec, []string{"seed=7", "data.images=0:4", "attributions.0.abs=false", "model.train.epochs=2"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Seed != 7 || s.Data.Images != "0:4" || s.Model.Train.Epochs != 2 || s.Attributions[0].Options[0].Value != "false" {
		t.Errorf("--set did not arrive: %+v", s)
	}
}

func TestSweep(t *testing.T) {
	s, err := Parse("spec.yaml", `
name: x
data: {dataset: shapes}
model: {net: tutorial, train: {}}
attributions:
  - method: saliency
  - method: integrated_gradients
    n_steps: [10, 50]
    quadrature: [gausslegendre, riemann_left]
  - method: integrated_gradients
  - method: noise_tunnel
    over: [{method: saliency}, {method: integrated_gradients, n_steps: [5, 6]}]
    nt_samples: 2
  - method: noise_tunnel
    over: [saliency, deep_lift]
    nt_samples: 2
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range s.Attributions {
		got = append(got, a.ID)
	}
	want := []string{
		"saliency",
		"integrated_gradients-n_steps=10-quadrature=gausslegendre",
		"integrated_gradients-n_steps=10-quadrature=riemann_left",
		"integrated_gradients-n_steps=50-quadrature=gausslegendre",
		"integrated_gradients-n_steps=50-quadrature=riemann_left",
		"noise_tunnel-over.method=saliency-nt_samples=2",
		"noise_tunnel-over.method=integrated_gradients-over.n_steps=5-nt_samples=2",
		"noise_tunnel-over.method=integrated_gradients-over.n_steps=6-nt_samples=2",
		// A name alone is a method with its defaults; saliency there is the row above.
		"noise_tunnel-over.method=deep_lift-nt_samples=2",
		"random", "edge_detector",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configurations (-want +got):\n%s", diff)
	}
}

func TestDecodeMethod(t *testing.T) {
	for _, params := range [][]string{
		{"over={method: integrated_gradients, n_steps: 7}", "over.quadrature=riemann_left", "nt_samples=3"},
		{"over=integrated_gradients", "over.n_steps=7", "over.quadrature=riemann_left", "nt_samples=3"},
		{"over.method=integrated_gradients", "over.n_steps=7", "over.quadrature=riemann_left", "nt_samples=3"},
	} {
		m, err := DecodeMethod("noise_tunnel", params, "--param")
		if err != nil {
			t.Errorf("%q: %v", params, err)
			continue
		}
		var got []string
		for _, o := range describe(m.Method) {
			got = append(got, o.Name+"="+o.Value)
		}
		if s := strings.Join(got, " "); !strings.Contains(s, "over.method=integrated_gradients over.n_steps=7 over.quadrature=riemann_left") || !strings.Contains(s, "nt_samples=3") {
			t.Errorf("%q: got %s", params, s)
		}
	}
	tutorial := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := tutorial.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := DecodeMethod("noise_tunnel", []string{"over={method: layer_activation, layer: conv3}", "stdevs=-1"}, "--param")
	if err != nil {
		t.Fatal(err)
	}
	got := m.Check(tutorial)
	if want := `--param:1:8: stdevs is -1, want 0 to 1000
  stdevs=-1
         ^
--param:1:40: layer is "conv3", want one of conv1, relu1, pool1, conv2, relu2, pool2, flatten, fc1, relu3, fc2, relu4, fc3; did you mean "conv1"?
  over={method: layer_activation, layer: conv3}
                                         ^
2 errors`; got == nil || got.Error() != want {
		t.Errorf("Check: got %v\nwant %s", got, want)
	}
	_, err = DecodeMethod("saliency", []string{"abs="}, "--param")
	if want := "--param:1:5: abs has no value\n  abs=\n      ^"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = DecodeMethod("saliency", []string{"absolute=false"}, "--param")
	want := "--param:1:1: unknown key \"absolute\" in saliency; known are abs, method\n  absolute=false\n  ^"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCanonicalIsStable(t *testing.T) {
	const spec = "name: x\ndata: {dataset: shapes, images: \"0:4\"}\nmodel: {net: tutorial, train: {lr: 1e-2}}\nattributions: [{method: noise_tunnel, over: {method: integrated_gradients}}]\nmetrics: [{metric: deletion, max_images: 3, only: [noise_tunnel]}]\n"
	s, err := Parse("spec.yaml", spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Canonical()
	s2, err := Parse("canonical", c, nil)
	if err != nil {
		t.Fatalf("the canonical form does not parse: %v\n%s", err, c)
	}
	if diff := cmp.Diff(c, s2.Canonical()); diff != "" {
		t.Errorf("canonical form of the canonical form (-want +got):\n%s", diff)
	}
	if os.Getenv("ASSAY_SHOW") != "" {
		t.Log(c)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"deep_lift", "deep_lift_shap", "saliency", "vgg11_bn"}
	for _, row := range []struct{ name, want string }{
		{"saliancy", `; did you mean "saliency"?`},
		{"Deep_Lift", `; did you mean "deep_lift"?`},
		{"vgg11", `; did you mean "vgg11_bn"?`},                               // far, but the only one it begins
		{"deep", "; known are deep_lift, deep_lift_shap, saliency, vgg11_bn"}, // begins two
		{"", "; known are deep_lift, deep_lift_shap, saliency, vgg11_bn"},
	} {
		if got := Suggest(row.name, known); got != row.want {
			t.Errorf("%q: got %s, want %s", row.name, got, row.want)
		}
	}
	if got := Suggest("x", nil); got != "" {
		t.Errorf("of nothing: got %s, want nothing", got)
	}
}
