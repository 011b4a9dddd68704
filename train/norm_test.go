package train

import (
	"context"
	"errors"
	"testing"

	"assay/model"
)

// A training whose batch norms follow the batches and whose dropout draws by the
// step is continued to the same bits, running statistics included.
func TestContinueWithBatchNormAndDropout(t *testing.T) {
	s := quick()
	s.BatchSize = 7 // neither a block nor a divisor of the images
	run := func(dir string, stop int) (*Result, error) {
		n := &model.Net{Name: "normed", Input: model.Shape{C: 2, H: 8, W: 8}, Layers: []model.Layer{
			{Kind: "conv2d", Out: 4, Kernel: 3, NoBias: true},
			{Kind: "batch_norm2d"},
			{Kind: "relu"},
			{Kind: "max_pool2d", Kernel: 2},
			{Kind: "dropout", P: 0.2},
			{Kind: "flatten"},
			{Kind: "linear", Out: 3},
		}}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return Run(ctx, n, blobs("train", 110, 1), blobs("test", 40, 2), s, Options{
			Seed: 5, Checkpoints: dir,
			Epoch: func(epoch int, _ Epoch) {
				if epoch == stop {
					cancel()
				}
			},
		})
	}
	want, err := run("", 0)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := run(dir, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an interruption", err)
	}
	got, err := run(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
	if v := got.Weights.Get("bn1.running_var"); v == nil || v[0] == 1 {
		t.Errorf("the running variance is %v after training", v)
	}
}
