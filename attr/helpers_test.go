package attr

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"assay/model"
	"assay/model/npy"
	"assay/model/rng"
)

// tiny is a network with every kind of layer that runs in microseconds.
func tiny(in model.Shape) *model.Net {
	return &model.Net{Name: "tiny", Input: in, Layers: []model.Layer{
		{Kind: "conv2d", Out: 3, Kernel: 3, Padding: 1},
		{Kind: "relu"},
		{Kind: "max_pool2d", Kernel: 2},
		{Kind: "conv2d", Out: 4, Kernel: 2},
		{Kind: "relu"},
		{Kind: "flatten"},
		{Kind: "linear", Out: 6},
		{Kind: "relu"},
		{Kind: "linear", Out: 3},
	}}
}

// env returns an environment around a network with its initial weights, three
// times as large as usual so that ReLUs switch.
func env(t testing.TB, n *model.Net, seed uint64) *Env {
	t.Helper()
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	w := model.Init(n, seed)
	for _, x := range w.Tensors {
		for i := range x.Data {
			x.Data[i] *= 3
		}
	}
	return envOf(t, n, w)
}

func envOf(t testing.TB, n *model.Net, w *model.Weights) *Env {
	t.Helper()
	m, err := model.New(n, w)
	if err != nil {
		t.Fatal(err)
	}
	e := &Env{Ctx: context.Background(), Worker: m.Worker(), Seed: 7}
	for range n.Input.C {
		e.Mean, e.Std = append(e.Mean, 0.5), append(e.Std, 0.5)
	}
	e.MeanImage = make([]float32, n.Input.Size())
	rng.New(98, "test mean").Normals(e.MeanImage)
	e.TrainSize = 30
	e.Train = func(i int, x []float32) { rng.New(97, "test training image", i).Normals(x) }
	return e
}

// images returns n inputs of standard normal pixels; indices are not 0..n-1.
func images(e *Env, n int) []Input {
	in := make([]Input, n)
	for i := range in {
		in[i] = Input{Index: 10*i + 3, X: make([]float32, e.size()), Target: model.Target{Class: i % 3, Minus: -1}}
		rng.New(99, "test image", i).Normals(in[i].X)
	}
	return in
}

// kept is an Attribution that outlives emit.
type kept struct {
	Attribution
}

// attribute runs a method and keeps everything.
func attribute(t testing.TB, e *Env, m Method, in []Input) []kept {
	t.Helper()
	if err := m.Check(e.Worker.Model().Net()); err != nil {
		t.Fatalf("%s: %v", Name(m), err)
	}
	var out []kept
	err := m.Attribute(e, in, func(i int, a Attribution) {
		if i != len(out) {
			t.Fatalf("%s: emit(%d), want %d", Name(m), i, len(out))
		}
		a.Map, a.StdErr, a.Relevance = slices.Clone(a.Map), slices.Clone(a.StdErr), slices.Clone(a.Relevance)
		out = append(out, kept{a})
	})
	if err != nil {
		t.Fatalf("%s: %v", Name(m), err)
	}
	if len(out) != len(in) {
		t.Fatalf("%s: %d attributions, want %d", Name(m), len(out), len(in))
	}
	return out
}

// same demands the same bits.
func same(t testing.TB, what string, got, want kept) {
	t.Helper()
	if got.FX != want.FX || got.FB != want.FB || got.Summed != want.Summed {
		t.Errorf("%s: FX, FB, Summed are %v %v %v, want %v %v %v", what, got.FX, got.FB, got.Summed, want.FX, want.FB, want.Summed)
	}
	if len(got.Map) != len(want.Map) {
		t.Fatalf("%s: %d values, want %d", what, len(got.Map), len(want.Map))
	}
	for j := range got.Map {
		if math.Float32bits(got.Map[j]) != math.Float32bits(want.Map[j]) {
			t.Errorf("%s: value %d is %v, want the bits of %v", what, j, got.Map[j], want.Map[j])
			return
		}
	}
	if len(got.StdErr) != len(want.StdErr) {
		t.Fatalf("%s: %d standard errors, want %d", what, len(got.StdErr), len(want.StdErr))
	}
	for j := range got.StdErr {
		if math.Float32bits(got.StdErr[j]) != math.Float32bits(want.StdErr[j]) {
			t.Errorf("%s: standard error %d is %v, want the bits of %v", what, j, got.StdErr[j], want.StdErr[j])
			return
		}
	}
}

// delta is the completeness delta.
func (k kept) delta() float64 {
	var sum float64
	for _, v := range k.Map {
		sum += float64(v)
	}
	return sum - (k.FX - k.FB)
}

// relative returns |got-want|/|want| in the Euclidean norm.
func relative(got []float32, want []float64) float64 {
	var d, w float64
	for i := range want {
		x := float64(got[i]) - want[i]
		d += x * x
		w += want[i] * want[i]
	}
	return math.Sqrt(d / w)
}

// outside is a folder of values computed by other software.
type outside struct {
	dir string
	env *Env
	in  []Input
}

// openOutside reads the inputs of a folder and puts the tutorial's network with
// the weights behind them.
func openOutside(t testing.TB, dir, weights string) outside {
	t.Helper()
	w, err := model.ReadWeights(weights)
	if err != nil {
		t.Fatal(err)
	}
	o := outside{dir: dir}
	x, labels := o.array(t, "inputs"), o.array(t, "labels").Ints()
	o.env = envOf(t, model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10), w)
	size := o.env.size()
	for i, l := range labels {
		o.in = append(o.in, Input{Index: i, X: x.Float32s()[i*size : (i+1)*size], Target: model.Target{Class: l, Minus: -1}})
	}
	return o
}

func (o outside) array(t testing.TB, name string) *npy.Array {
	t.Helper()
	a, err := npy.Read(filepath.Join(o.dir, name+".npy"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

const oracle = "../testdata/oracle"

// committed opens the values that are part of the repository.
func committed(t testing.TB) outside {
	t.Helper()
	return openOutside(t, oracle, filepath.Join(oracle, "weights.pt"))
}

// logits returns the logits of one input.
func (e *Env) logits(x []float32) ([]float32, error) {
	var out []float32
	err := e.Worker.Logits(e.Ctx, 1,
		func(_ int, dst []float32) { copy(dst, x) },
		func(_ int, l []float32) { out = append(out, l...) })
	return out, err
}

// has reports whether design i shows feature f.
func (t *hsicTrial) has(i, f int) bool {
	return t.designs[f*t.words+(2+i)/64]>>((2+i)%64)&1 == 1
}
