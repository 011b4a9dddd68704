package experiments

import (
	"path/filepath"
	"strings"
	"testing"
)

// layered attributes to layers, for the difference of two logits.
const layered = `
name: layered
data: {dataset: shapes, images: "0:5", n_train: 20, n_test: 20}
model: {net: tutorial, weights: default}
target: {class: predicted, minus: ring}
attributions:
  - {method: layer_deep_lift, layer: [pool1, fc1]}
  - {method: neuron_integrated_gradients, neuron: [[17], [3, 4, 4]], n_steps: 3}
  - {method: noise_tunnel, over: {method: layer_activation, layer: conv1}, tolerance: 0.5, stdevs: 0.1, stdevs_relative: true}
metrics:
  - {metric: completeness}
  - {metric: deletion, step: 512, only: [neuron_integrated_gradients]}
report: {formats: [csv], figures: [svg], pictures: 1}
`

// Maps of layers go through cells and reports like any others.
func TestRunOfLayers(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	mustRun(t, layered, one, Options{Workers: 1})
	mustRun(t, layered, two, Options{Workers: 2})
	sameFiles(t, "two workers", one, two)
	if _, err := Report(two, nil, nil); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, "report from the store", one, two)
}

// Metrics of pixels refuse maps that have none, before any work, each method
// once.
func TestPixelMetricsRefuseLayers(t *testing.T) {
	text := strings.Replace(layered, ", only: [neuron_integrated_gradients]", "", 1)
	s, err := Parse("spec.yaml", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Prepare()
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for l := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(l, "spec.yaml:") {
			got = append(got, l)
		}
	}
	want := []string{
		"spec.yaml:12:14: deletion scores maps of the image's shape 3x32x32, but those of layer_deep_lift are 6x14x14; name the methods it is for in only",
		"spec.yaml:12:14: deletion scores maps of the image's shape 3x32x32, but those of noise_tunnel are 6x28x28; name the methods it is for in only",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
