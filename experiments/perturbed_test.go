package experiments

import (
	"path/filepath"
	"strings"
	"testing"
)

// perturbing scores maps of perturbed images, by metrics that run the network
// and by some that explain anew.
const perturbing = `
name: perturbing
seed: 5
data: {dataset: shapes, images: "0:9", n_train: 40, n_test: 20}
model:
  layers:
    - {kind: conv2d, out: 3, kernel: 5, stride: 3}
    - {kind: relu}
    - {kind: max_pool2d, kernel: 2}
    - {kind: flatten}
    - {kind: linear, out: 10}
  train: {epochs: 1, lr: 0.01}
attributions:
  - method: deep_lift
  - method: noise_tunnel
    over: {method: saliency}
    nt_samples: [2, 5]
metrics:
  - metric: infidelity
    perturbation: [gaussian, square]
  - metric: sensitivity_max
  - metric: parameter_randomization
    mode: cascading
    measures: [kendall, hog]
report: {formats: [csv], figures: []}
`

// Configurations that are explained anew together, by several workers, have the
// cells that each has alone.
func TestPerturbedImagesTogetherAndAlone(t *testing.T) {
	dir := t.TempDir()
	whole, again, alone := filepath.Join(dir, "whole"), filepath.Join(dir, "again"), filepath.Join(dir, "alone")
	mustRun(t, perturbing, whole, Options{Workers: 1})
	mustRun(t, perturbing, again, Options{Workers: 3})
	sameFiles(t, "three workers", whole, again)
	mustRun(t, strings.ReplaceAll(perturbing, "nt_samples: [2, 5]", "nt_samples: 5"), alone, Options{Workers: 1})
	all, cells := files(t, whole), 0
	for name, got := range files(t, alone) {
		if !strings.HasPrefix(name, "cells/") {
			continue
		}
		cells++
		if want, ok := all[name]; !ok || got != want {
			t.Errorf("%s: cell differs from the one computed together with others, or that is missing", name)
		}
	}
	// Images and the network; maps, and 4 metrics, of 2 methods and 2 controls.
	if want := 2 + 4*(1+4); cells != want {
		t.Errorf("%d cells, want %d", cells, want)
	}
}

// A list in a configuration's name has nothing that file systems or readers mind.
func TestListsInNames(t *testing.T) {
	s, err := Parse("spec.yaml", perturbing, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := s.Metrics[len(s.Metrics)-1]
	if want := "parameter_randomization-mode=cascading-measures=kendall+hog"; last.ID != want {
		t.Errorf("got %s, want %s", last.ID, want)
	}
}

// Measures that are not given are in no key, so that the cells of older
// specifications stay; given, they make another cell of this metric alone.
func TestMeasuresInKeys(t *testing.T) {
	keys := allKeys(planOf(t, tiny, nil, "model"))
	given := allKeys(planOf(t, strings.Replace(tiny, "max_images: 35", "max_images: 35\n    measures: [ssim]", 1), nil, "model"))
	plan := planOf(t, tiny, nil, "model")
	of := 0
	for a := range plan.Attributions {
		for b := range plan.Blocks() {
			if plan.applies(a, 2) && plan.scored(2, b) > 0 {
				of++
			}
		}
	}
	common := 0
	for _, k := range given {
		for _, l := range keys {
			if k == l {
				common++
			}
		}
	}
	if len(given) != len(keys) || common != len(keys)-of {
		t.Errorf("%d of %d keys stay, want %d", common, len(given), len(keys)-of)
	}
	for _, o := range plan.Metrics[2].Options {
		if o.Name == "measures" {
			t.Errorf("the option measures is %q where it is not given, want it left out", o.Value)
		}
	}
}
