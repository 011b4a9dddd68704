package experiments

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"assay/attr"
	"assay/model"
	"assay/train"
	"assay/train/dataset"
)

// sampled has every method that says something of its own numerics, over two
// blocks of images, and one that does not.
const sampled = `
name: sampled
data: {dataset: shapes, images: "0:34", n_train: 20, n_test: 40}
model: {net: tutorial, weights: default}
attributions:
  - {method: integrated_gradients, quadrature: riemann_left, tolerance: 0.1, max_steps: 64}
  - {method: rise, n_masks: 20}
  - {method: noise_tunnel, over: {method: saliency}, tolerance: 0.3, max_samples: 64, stdevs: 0.1}
  - method: saliency
controls: false
metrics:
  - {metric: completeness, only: [saliency]}
report: {formats: [csv], figures: [], pictures: 1}
`

// TestSamplingGetsIntoTheReport compares the report's file of all numbers with
// what the methods say when they are called by themselves.
func TestSamplingGetsIntoTheReport(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	_, said := mustRun(t, sampled, out, Options{Workers: 2})
	for _, w := range []string{` gradients="at most `, ` forwards="at most `, ` about="at most `} {
		if !strings.Contains(said, w) {
			t.Errorf("the plan does not say %q:\n%s", w, said)
		}
	}
	text, err := os.ReadFile(filepath.Join(out, "report", "tables", "sampling.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"\nintegrated_gradients,", "\nrise,", "\nnoise_tunnel,"} {
		if strings.Count(string(text), m) != 1 {
			t.Errorf("the table has not one row%q:\n%s", m, text)
		}
	}
	if strings.Contains(string(text), "\nsaliency,") {
		t.Errorf("saliency has a row:\n%s", text)
	}
	all, err := os.ReadFile(filepath.Join(out, "report", "tables", "scores.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(string(all))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]float64{} // method, series, image
	for _, l := range lines {
		if l[2] != "sampling" {
			continue
		}
		v, err := strconv.ParseFloat(l[6], 64)
		if err != nil {
			t.Fatalf("line %v: %v", l, err)
		}
		stored[l[0]+" "+l[3]+" "+l[5]] = v
	}
	if want := 4 * 34; len(stored) != want {
		t.Errorf("%d numbers, want %d", len(stored), want)
	}

	s, err := Parse("spec.yaml", sampled, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := dataset.Open(dataset.Options{Dataset: "shapes", Split: "test", Train: 20, Test: 40})
	if err != nil {
		t.Fatal(err)
	}
	weights, err := train.DefaultWeights()
	if err != nil {
		t.Fatal(err)
	}
	n := model.Nets["tutorial"].New(d.Shape, len(d.Classes))
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := model.New(n, weights)
	if err != nil {
		t.Fatal(err)
	}
	in := attr.Input{Index: 33, X: make([]float32, d.Shape.Size()), Target: model.Target{Class: d.Labels[33], Minus: -1}}
	d.Normalize(33, in.X)
	for _, a := range s.Attributions {
		e := &attr.Env{Ctx: context.Background(), Worker: m.Worker(), Mean: d.Mean, Std: d.Std}
		err := a.Method.Attribute(e, []attr.Input{in}, func(_ int, r attr.Attribution) {
			if got, have := stored[a.Name+" steps 33"]; have != (r.Steps > 0) || int(got) != r.Steps {
				t.Errorf("%s: %v steps, want %d", a.Name, got, r.Steps)
			}
			got, have := stored[a.Name+" relative standard error 33"]
			if have != (r.StdErr != nil) {
				t.Errorf("%s: standard error there: %v, want %v", a.Name, have, r.StdErr != nil)
			}
			if !have {
				return
			}
			top, bottom := 0.0, 0.0
			for j, v := range r.StdErr {
				top = math.Hypot(top, float64(v))
				bottom = math.Hypot(bottom, float64(r.Map[j]))
			}
			if want := top / bottom; !(math.Abs(got-want) <= 1e-12*want) {
				t.Errorf("%s: standard error %v of the map, want %v", a.Name, got, want)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A map of zeros has no share; that is no number, not an infinite one.
func TestSamplingOfNothing(t *testing.T) {
	var s sampling
	s.take(1, 3, attr.Attribution{Map: []float32{0, 0}, StdErr: []float32{3, 4}})
	s.take(2, 3, attr.Attribution{Map: []float32{5, 12}, StdErr: []float32{3, 4}, Steps: 7})
	if !math.IsNaN(s.stderr[0]) || !math.IsNaN(s.stderr[1]) || s.stderr[2] != 5./13 {
		t.Errorf("standard errors %v, want NaN, NaN, 5/13", s.stderr)
	}
	if s.steps[0] != 0 || s.steps[1] != 0 || s.steps[2] != 7 {
		t.Errorf("steps %v, want 0, 0, 7", s.steps)
	}
	var r, none record
	s.write(&r)
	(&sampling{}).write(&none)
	if len(none.b) != 0 {
		t.Errorf("%d bytes of nothing", len(none.b))
	}
	a, err := readRecord(r.b)
	if err != nil {
		t.Fatal(err)
	}
	back, err := readSampling(a, 3)
	if err != nil || back.steps[2] != 7 || back.stderr[2] != 5./13 {
		t.Errorf("read back %v, %v", back, err)
	}
	if _, err := readSampling(a, 2); err == nil {
		t.Error("the arrays of 3 images were taken for 2")
	}
}
