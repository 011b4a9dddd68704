package experiments

import (
	"math"
	"slices"
	"strings"
	"testing"

	"assay/attr"
	"assay/train/dataset"
)

// ofTraining is a specification whose baselines are training images.
const ofTraining = `
name: reference
data: {dataset: shapes, images: "0:4", n_train: 30, n_test: 10}
model:
  layers:
    - {kind: flatten}
    - {kind: linear, out: 10}
  train: {epochs: 1}
attributions:
  - method: integrated_gradients
    baseline: [zero, mean]
  - method: expected_gradients
    n_samples: 3
    baseline: BASELINE
metrics:
  - metric: completeness
`

func TestTrainingImagesReachTheMethods(t *testing.T) {
	s, err := Parse("spec.yaml", strings.Replace(ofTraining, "BASELINE", "train:30", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	o := s.Data.Options
	o.Split = "train"
	train, err := dataset.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	var e attr.Env
	b.ref.Fill(&e)
	if e.TrainSize != 30 || b.refSum != train.Hash() {
		t.Fatalf("%d training images with hash %.8s, want 30 with %.8s", e.TrainSize, b.refSum, train.Hash())
	}
	size := train.Shape.Size()
	want, got, mean := make([]float32, size), make([]float32, size), make([]float64, size)
	for i := range 30 {
		train.Normalize(i, want)
		if e.Train(i, got); !slices.Equal(got, want) {
			t.Fatalf("training image %d is another", i)
		}
		for j, v := range want {
			mean[j] += float64(v) / 30
		}
	}
	for j, v := range e.MeanImage {
		if math.Abs(float64(v)-mean[j]) > 1e-6 {
			t.Fatalf("mean of value %d: got %v, want %v", j, v, mean[j])
		}
	}
	// Methods that take nothing get nothing, and no split is opened for them.
	none := NewReference([]attr.Method{attr.Methods["saliency"].New()}, func() *dataset.Dataset {
		t.Error("the training images were opened")
		return nil
	})
	e = attr.Env{}
	none.Fill(&e)
	if e.Train != nil || e.MeanImage != nil {
		t.Error("there are images for methods that ask for none")
	}
}

func TestTooManyTrainingImagesAreRefused(t *testing.T) {
	s, err := Parse("spec.yaml", strings.Replace(ofTraining, "BASELINE", "[train:5, train:31]", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Prepare()
	if err == nil || !strings.Contains(err.Error(), "spec.yaml:14:25: baseline wants 31 training images, shapes has 30") {
		t.Errorf("got %v", err)
	}
}

// The training images are part of the key of what is made of them, and of
// nothing else.
func TestKeysNameTrainingImages(t *testing.T) {
	spec := strings.Replace(ofTraining, "BASELINE", "train", 1)
	one := allKeys(planOf(t, spec, func(_ *Spec, m *Manifest) { m.Reference = "one" }, "model"))
	two := allKeys(planOf(t, spec, func(_ *Spec, m *Manifest) { m.Reference = "two" }, "model"))
	common := 0
	for _, k := range one {
		if slices.Contains(two, k) {
			common++
		}
	}
	// Maps and scores of baseline mean and of expected_gradients, on two blocks.
	if len(one)-common != 8 {
		t.Errorf("%d of %d keys depend on the training images, want 8", len(one)-common, len(one))
	}
}
