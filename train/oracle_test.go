package train

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"assay/model"
	"assay/model/npy"
)

// Forty SGD steps against PyTorch 1.13: the tutorial's network, batches of
// four in the given order, lr 0.01, momentum 0.9.
func TestStepsAgainstPyTorch(t *testing.T) {
	t.Run("synthetic", func(t *testing.T) { againstPyTorch(t, filepath.Join("..", "testdata", "oracle")) })
	t.Run("cifar10", func(t *testing.T) {
		dir := os.Getenv("ASSAY_GOLDEN")
		if dir == "" {
			t.Skip("ASSAY_GOLDEN is not set")
		}
		againstPyTorch(t, dir)
	})
}

func againstPyTorch(t *testing.T, dir string) {
	read := func(name string) *npy.Array {
		t.Helper()
		a, err := npy.Read(filepath.Join(dir, name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	net := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := net.Resolve(); err != nil {
		t.Fatal(err)
	}
	weights := &model.Weights{}
	for _, p := range net.Params() {
		weights.Tensors = append(weights.Tensors, model.Tensor{Name: p.Name, Shape: p.Shape, Data: read("train_init." + p.Name).Float32s()})
	}
	trainer, err := model.NewTrainer(net, weights)
	if err != nil {
		t.Fatal(err)
	}
	inputs, labels := read("train_inputs").Float32s(), read("train_labels").Ints()
	const batch, tolerance = 4, 1e-4
	size := net.Input.Size()
	worst := 0.0
	for step, want := range read("train_losses").Float64s() {
		x := make([][]float32, batch)
		for i := range x {
			k := step*batch + i
			x[i] = inputs[k*size : (k+1)*size]
		}
		got, err := trainer.Step(x, labels[step*batch:(step+1)*batch], model.SGD{LR: 0.01, Momentum: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(got - want); !(d <= tolerance) {
			t.Errorf("step %d: got loss %.7f, want %.7f", step, got, want)
		} else {
			worst = max(worst, d)
		}
	}
	t.Logf("largest difference of a loss: %.1e", worst)
	trained := trainer.Weights()
	for _, p := range net.Params() {
		worst := 0.0
		for i, want := range read("train_final." + p.Name).Float64s() {
			d := math.Abs(float64(trained.Get(p.Name)[i]) - want)
			if !(d <= tolerance) {
				t.Fatalf("%s[%d]: got %.7f, want %.7f", p.Name, i, trained.Get(p.Name)[i], want)
			}
			worst = max(worst, d)
		}
		t.Logf("largest difference in %-13s %.1e", p.Name+":", worst)
	}
}
