package experiments

import (
	"context"
	"slices"
	"testing"

	"assay/attr"
	"assay/model"
	"assay/model/npy"
	"assay/train"
	"assay/train/dataset"
)

// preset is one of the networks that come with assay under weights of some
// origin, with images of the generated set to explain.
type preset struct {
	name string // "resnet20 trained"
	env  *attr.Env
	in   []attr.Input
	// brief says that deep_lift alone is run: other weights of the same kind are
	// among the presets, too, or of the same network where it is a deep one.
	brief bool
}

// deep tells whether the network's passes are so dear that little is run on it.
func (p preset) deep() bool { return p.env.Worker.Model().Net().Name == "vgg11_bn" }

// presetCases returns every preset with its first weights, of two seeds but for
// vgg11_bn, and with trained ones, count images each.
func presetCases(t *testing.T, count int) []preset {
	t.Helper()
	open := func(split string) *dataset.Dataset {
		d, err := dataset.Open(dataset.Options{Dataset: "shapes", Split: split, Train: 16, Test: 16})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	learn, test := open("train"), open("test")
	var out []preset
	for _, name := range []string{"tutorial", "resnet20", "vgg11_bn"} {
		n := model.Nets[name].New(test.Shape, len(test.Classes))
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		type origin struct {
			of string
			w  *model.Weights
		}
		weights := []origin{{"seed 0", model.Init(n, 0)}}
		if name != "vgg11_bn" { // whose passes are ten times as dear
			weights = append(weights, origin{"seed 1", model.Init(n, 1)})
		}
		var err error
		var w *model.Weights
		if name == "tutorial" {
			if w, err = train.DefaultWeights(); err != nil {
				t.Fatal(err)
			}
			weights = append(weights, origin{"default", w})
			w, err = model.ReadWeights("../testdata/oracle/weights.pt")
			if err != nil {
				t.Fatal(err)
			}
		} else {
			lr := 0.02
			if name == "vgg11_bn" {
				lr = 0.005
			}
			w = trained(t, n, lr, learn)
		}
		weights = append(weights, origin{"trained", w})
		for _, from := range weights {
			m, err := model.New(n, from.w)
			if err != nil {
				t.Fatal(err)
			}
			p := preset{name: name + " " + from.of, brief: from.of == "seed 1" || name == "vgg11_bn" && from.of == "seed 0", env: &attr.Env{Ctx: context.Background(), Worker: m.Worker(), Seed: 7, Mean: test.Mean, Std: test.Std}}
			p.env.MeanImage, p.env.Train, p.env.TrainSize = meanImage(learn), learn.Normalize, learn.Len()
			for i := range count {
				x := attr.Input{Index: i, X: make([]float32, n.Input.Size()), Target: model.Target{Class: test.Labels[i], Minus: -1}}
				if i%4 == 3 {
					x.Target.Minus = (x.Target.Class + 1) % len(test.Classes)
				}
				test.Normalize(i, x.X)
				p.in = append(p.in, x)
			}
			out = append(out, p)
		}
	}
	return out
}

// trained returns the weights after twenty steps on sixteen images: enough that
// the network knows them, and that weights and statistics of batch norms are
// unlike the first ones.
func trained(t *testing.T, n *model.Net, lr float64, learn *dataset.Dataset) *model.Weights {
	t.Helper()
	const steps, batch = 20, 8
	k, err := model.NewTrainer(n, model.Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	images := make([][]float32, learn.Len())
	for i := range images {
		images[i] = make([]float32, n.Input.Size())
		learn.Normalize(i, images[i])
	}
	for step := range steps {
		from := step * batch % learn.Len()
		// Towards a rate of 0, so that the running statistics catch up.
		rate := lr * (1 - float64(step)/steps)
		if _, err := k.Step(images[from:from+batch], learn.Labels[from:from+batch], model.SGD{LR: float32(rate), Momentum: 0.9}); err != nil {
			t.Fatal(err)
		}
	}
	w := k.Weights()
	m, err := model.New(n, w)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	err = m.Worker().Logits(context.Background(), len(images),
		func(i int, x []float32) { copy(x, images[i]) },
		func(i int, logits []float32) {
			if slices.Index(logits, slices.Max(logits)) == learn.Labels[i] {
				right++
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s knows %d of its %d images after %d steps", n.Name, right, len(images), steps)
	if right < 5 {
		t.Fatalf("%s knows %d of its %d images, want 5 at least, of ten classes", n.Name, right, len(images))
	}
	return w
}

// writeArray writes an array for a method to read.
func writeArray(t *testing.T, path string, a *npy.Array) {
	t.Helper()
	if err := npy.Write(path, a); err != nil {
		t.Fatal(err)
	}
}
