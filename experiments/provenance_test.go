package experiments

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/model"
	"assay/train/dataset"
)

// Maps made outside a run say of data, network and weights what the manifest of a
// run of the same says.
func TestProvenanceIsAsManifest(t *testing.T) {
	const layers = "layers: [{kind: conv2d, out: 4, kernel: 3, stride: 2}, {kind: batch_norm2d}, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]"
	writeNet(t, "net.yaml", layers)
	source, err := LoadNet("net.yaml", "--net")
	if err != nil {
		t.Fatal(err)
	}
	o := dataset.Options{Dataset: "shapes", Split: "test", Train: 20, Test: 20}
	d, err := dataset.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	n, err := source.For(d.Shape, len(d.Classes), d.Name)
	if err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(t.TempDir(), "net.safetensors")
	if err := model.Init(n, 3).WriteSafetensors(weights); err != nil {
		t.Fatal(err)
	}
	w, err := model.ReadWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(n, w)
	if err != nil {
		t.Fatal(err)
	}
	flagged, err := DecodeMethod("expected_gradients", []string{"n_samples=7"}, "--param")
	if err != nil {
		t.Fatal(err)
	}
	o.Split = "train"
	train, err := dataset.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	o.Split = "test"
	x := Explained{
		Method: flagged.Method, Net: source, Model: m, Weights: weights, Data: d, Options: o, Train: train,
		Images: "0:4", Target: "disc-ring", Seed: 5,
	}
	b, err := x.Provenance()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := Parse("spec.yaml", `
name: expected_gradients
seed: 5
data: {dataset: shapes, images: "0:4", n_train: 20, n_test: 20}
model: {`+layers+`, weights: `+weights+`}
target: disc-ring
controls: false
attributions: [{method: expected_gradients, n_samples: 7}]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	bench, err := spec.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	man, err := bench.manifest()
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]any{}, map[string]any{}
	mb, err := encodeManifest(man)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		b  []byte
		to *map[string]any
	}{{mb, &want}, {b, &got}} {
		if err := json.Unmarshal(v.b, v.to); err != nil {
			t.Fatal(err)
		}
	}
	for key, v := range got {
		if !reflect.DeepEqual(v, want[key]) {
			t.Errorf("%s: (-manifest +provenance)\n%s", key, cmp.Diff(want[key], v))
		}
	}
	for _, key := range []string{"spec", "net", "layers", "weights", "weights_file", "model", "data_hash", "reference_hash"} {
		if got[key] == nil || got[key] == "" {
			t.Errorf("%s is not told", key)
		}
	}
	x.Weights = "nowhere.pt"
	if _, err := x.Provenance(); err == nil {
		t.Error("weights that cannot be read: no error")
	}
}
