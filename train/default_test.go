package train

import (
	"testing"

	"assay/model"
	"assay/train/dataset"
)

func TestDefaultWeights(t *testing.T) {
	w, err := DefaultWeights()
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(dataset.Options{Dataset: "shapes", Split: "test"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(model.Nets["tutorial"].New(set.Shape, len(set.Classes)), w)
	if err != nil {
		t.Fatal(err)
	}
	pred, err := Predict(t.Context(), m, set, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, p := range pred {
		if p == set.Labels[i] {
			right++
		}
	}
	if right != 1914 {
		t.Errorf("%d of %d test images are classified rightly, want 1914", right, set.Len())
	}
}
