package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/model"
)

// smallNet is a network for blobs.
func smallNet() *model.Net {
	return &model.Net{Name: "small", Input: model.Shape{C: 2, H: 8, W: 8}, Layers: []model.Layer{
		{Kind: "conv2d", Out: 4, Kernel: 3},
		{Kind: "relu"},
		{Kind: "max_pool2d", Kernel: 2},
		{Kind: "flatten"},
		{Kind: "linear", Out: 3},
	}}
}

func TestPredict(t *testing.T) {
	d := blobs("test", 600, 1)
	n := smallNet()
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := model.New(n, model.Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	one, err := Predict(context.Background(), m, d, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{0, 2, 5} {
		got, err := Predict(context.Background(), m, d, nil, workers)
		if err != nil || !slices.Equal(got, one) {
			t.Errorf("%d workers: error %v, other classes than one worker", workers, err)
		}
	}
	some := []int{599, 0, 7, 300}
	got, err := Predict(context.Background(), m, d, some, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range some {
		if got[i] != one[k] {
			t.Errorf("image %d alone: got %d, want %d", k, got[i], one[k])
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Predict(ctx, m, d, nil, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// golearn's numbers against the definitions.
func TestReportAgainstDefinitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.IntRange(2, 6).Draw(t, "classes")
		class := rapid.IntRange(0, classes-1)
		n := rapid.IntRange(1, 40).Draw(t, "n")
		labels := rapid.SliceOfN(class, n, n).Draw(t, "labels")
		predicted := rapid.SliceOfN(class, n, n).Draw(t, "predicted")
		matrix, err := Confusion(labels, predicted, classes)
		if err != nil {
			t.Fatal(err)
		}
		want := make([][]int, classes)
		hits := 0
		for i := range want {
			want[i] = make([]int, classes)
		}
		for i := range labels {
			want[labels[i]][predicted[i]]++
			if labels[i] == predicted[i] {
				hits++
			}
		}
		for i := range want {
			if !slices.Equal(matrix[i], want[i]) {
				t.Fatalf("row %d: got %v, want %v", i, matrix[i], want[i])
			}
		}
		same := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-14 || math.IsNaN(got) != math.IsNaN(want) {
				t.Errorf("%s: got %v, want %v", what, got, want)
			}
		}
		same("accuracy", Accuracy(matrix), float64(hits)/float64(n))
		names := []string{"a", "b", "c", "c", "", "f"} // not unique
		for c, r := range Report(names[:classes], matrix) {
			tp, fp, fn := float64(matrix[c][c]), 0.0, 0.0
			for k := range classes {
				if k != c {
					fp += float64(matrix[k][c])
					fn += float64(matrix[c][k])
				}
			}
			same("precision", r.Precision, tp/(tp+fp))
			same("recall", r.Recall, tp/(tp+fn))
			same("f1", r.F1, 2*tp/(2*tp+fp+fn))
			if r.Name != names[c] || r.Support != int(tp+fn) {
				t.Errorf("class %d: got name %q, support %d; want %q, %v", c, r.Name, r.Support, names[c], tp+fn)
			}
		}
	})
}

func TestReportOfOneClass(t *testing.T) {
	// All images are of class 0 or 1 and predicted as 0: nothing says anything
	// about precision of 1, or about 2 at all.
	matrix, err := Confusion([]int{0, 0, 1}, []int{0, 0, 0}, 3)
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := []Class{{"a", 2. / 3, 1, 0.8, 2}, {"b", nan, 0, 0, 1}, {"c", nan, nan, nan, 0}}
	for i, got := range Report([]string{"a", "b", "c"}, matrix) {
		for _, v := range [][2]float64{{got.Precision, want[i].Precision}, {got.Recall, want[i].Recall}, {got.F1, want[i].F1}} {
			if math.Abs(v[0]-v[1]) > 1e-15 || math.IsNaN(v[0]) != math.IsNaN(v[1]) {
				t.Errorf("got %+v, want %+v", got, want[i])
			}
		}
	}
}

func TestConfusionRefuses(t *testing.T) {
	for _, c := range []struct {
		name              string
		labels, predicted []int
	}{
		{"nothing", nil, nil},
		{"lengths", []int{0, 1}, []int{0}},
		{"label", []int{3}, []int{0}},
		{"prediction", []int{0}, []int{-1}},
	} {
		if _, err := Confusion(c.labels, c.predicted, 3); err == nil {
			t.Errorf("%s: got no error", c.name)
		}
	}
}
