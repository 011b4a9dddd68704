package metrics

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"assay/model"
	"assay/model/npy"
	"assay/model/rng"
)

// outside is a folder of values computed by other software, with the network
// they belong to.
type outside struct {
	dir    string
	arrays map[string]bool
	worker *model.Worker
	inputs [][]float32
	labels []int
	logits [][]float32
}

const oracleDir = "../testdata/oracle"

// openOutside reads testdata/oracle, or for cifar10 the folder ASSAY_GOLDEN
// with the weights ASSAY_WEIGHTS.
func openOutside(t *testing.T, cifar10 bool) *outside {
	t.Helper()
	o := &outside{dir: oracleDir, arrays: map[string]bool{}}
	weights := filepath.Join(oracleDir, "weights.pt")
	if cifar10 {
		o.dir, weights = os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
		if o.dir == "" || weights == "" {
			t.Skip("set ASSAY_GOLDEN (outside values for CIFAR-10 images) and ASSAY_WEIGHTS (the weights they belong to)")
		}
	}
	b, err := os.ReadFile(filepath.Join(o.dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Arrays []struct{ Name string } }
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	for _, a := range manifest.Arrays {
		o.arrays[a.Name] = true
	}
	w, err := model.ReadWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10), w)
	if err != nil {
		t.Fatal(err)
	}
	o.worker = m.Worker()
	o.inputs, o.labels = o.images(t, "inputs"), o.read(t, "labels").Ints()
	o.logits = logitsOf(t, o.worker, o.inputs)
	return o
}

func (o *outside) read(t *testing.T, name string) *npy.Array {
	t.Helper()
	a, err := npy.Read(filepath.Join(o.dir, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// images returns a [N,...] array as one slice per image.
func (o *outside) images(t *testing.T, name string) [][]float32 {
	t.Helper()
	a := o.read(t, name)
	return rowsOf(a.Float32s(), a.Shape[0])
}

func (o *outside) float64s(t *testing.T, name string) [][]float64 {
	t.Helper()
	a := o.read(t, name)
	return rowsOf(a.Float64s(), a.Shape[0])
}

func rowsOf[T any](v []T, n int) [][]T {
	out := make([][]T, n)
	for i := range out {
		out[i] = v[i*len(v)/n : (i+1)*len(v)/n]
	}
	return out
}

// cases pairs the images with the maps of an array and the objects' masks; the
// label is explained.
func (o *outside) cases(t *testing.T, attribution string) []Case {
	t.Helper()
	maps, masks := o.images(t, attribution), rowsOf(o.read(t, "masks").Ints(), len(o.inputs))
	out := make([]Case, len(o.inputs))
	for i := range out {
		out[i] = Case{
			Index: i, X: o.inputs[i], Label: o.labels[i], Predicted: argmax(o.logits[i]),
			Target: model.Target{Class: o.labels[i], Minus: -1}, Logits: o.logits[i], Map: maps[i],
		}
		for _, m := range masks[i] {
			out[i].Mask = append(out[i].Mask, byte(m))
		}
	}
	return out
}

func (o *outside) env() *Env {
	return &Env{
		Ctx: context.Background(), Worker: o.worker, Seed: 7,
		Mean: []float32{-0.02, -0.04, -0.1}, Explain: gradientTimesInput, Exact: o.integral,
	}
}

// integral is the exact integral from 0.
func (o *outside) integral(cases []Case, emit func(i int, m []float32)) error {
	return o.worker.PathGradients(context.Background(), len(cases), func(i int, p *model.Path) {
		copy(p.X, cases[i].X)
		clear(p.Baseline)
		p.Target = cases[i].Target
	}, func(i int, r model.PathResult) {
		for j, x := range r.X {
			r.Grad[j] *= x
		}
		emit(i, r.Grad)
	})
}

// gradientTimesInput is a method to re-explain with.
func gradientTimesInput(m *model.Model, cases []Case, emit func(i int, m []float32)) error {
	fill := func(i int, p *model.Point) {
		copy(p.X, cases[i].X)
		p.Target = cases[i].Target
	}
	out := make([]float32, m.Net().Input.Size())
	return m.Worker().Gradients(context.Background(), model.Gradient, len(cases), fill, func(i int, r model.Result) {
		for j, g := range r.Grad {
			out[j] = g * cases[i].X[j]
		}
		emit(i, out)
	})
}

func logitsOf(t *testing.T, w *model.Worker, x [][]float32) [][]float32 {
	t.Helper()
	out := make([][]float32, len(x))
	err := w.Logits(context.Background(), len(x),
		func(i int, dst []float32) { copy(dst, x[i]) },
		func(i int, l []float32) { out[i] = append([]float32(nil), l...) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func argmax(v []float32) int {
	at := 0
	for i := range v {
		if v[i] > v[at] {
			at = i
		}
	}
	return at
}

// linear returns a worker of logits = w.x + b for two classes: w [2][C*H*W].
func linear(t *testing.T, in model.Shape, w [2][]float32, b [2]float32) *model.Worker {
	t.Helper()
	n := &model.Net{Name: "linear", Input: in, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	m, err := model.New(n, &model.Weights{Tensors: []model.Tensor{
		{Name: "fc1.weight", Shape: []int{2, in.Size()}, Data: append(append([]float32(nil), w[0]...), w[1]...)},
		{Name: "fc1.bias", Shape: []int{2}, Data: b[:]},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return m.Worker()
}

func normals(n int, purpose string) []float32 {
	x := make([]float32, n)
	rng.New(1, purpose).Normals(x)
	return x
}

// near reports whether got is want within tol, NaN being near NaN only.
func near(got, want, tol float64) bool {
	if math.IsNaN(got) || math.IsNaN(want) {
		return math.IsNaN(got) && math.IsNaN(want)
	}
	return math.Abs(got-want) <= tol
}
