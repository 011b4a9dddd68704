package train

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"assay/model"
)

// quick are settings under which the small network learns blobs in a second.
func quick() Settings {
	s := DefaultSettings()
	s.Epochs, s.LR, s.LossInterval = 3, 0.02, 10
	s.Schedule, s.StepSize, s.Gamma = "step", 2, 0.5
	s.CropPadding = 1
	return s
}

func TestRunLearns(t *testing.T) {
	var running []float64
	var epochs []Epoch
	var last Progress
	res, err := Run(context.Background(), smallNet(), blobs("train", 242, 1), blobs("test", 150, 1), quick(), Options{
		Seed:     5,
		Progress: func(p Progress) { last = p },
		Running: func(epoch, batch int, loss float64) {
			if want := len(running)%6*10 + 10; batch != want || epoch != len(running)/6+1 {
				t.Errorf("running loss %d: got epoch %d, batch %d, want batch %d", len(running), epoch, batch, want)
			}
			running = append(running, loss)
		},
		Epoch: func(epoch int, e Epoch) {
			if epochs = append(epochs, e); epoch != len(epochs) {
				t.Errorf("got epoch %d, want %d", epoch, len(epochs))
			}
		},
		Warn: func(m string) { t.Errorf("unexpected warning: %s", m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Accuracy < 0.95 {
		t.Errorf("got test accuracy %g, want at least 0.95 on separable images", res.Accuracy)
	}
	// 61 batches an epoch, the last of two images: six full intervals.
	if len(res.Running) != 18 || !slices.Equal(res.Running, running) || res.Interval != 10 {
		t.Errorf("got %d running losses every %d batches, want 18 every 10, as reported", len(res.Running), res.Interval)
	}
	if !slices.Equal(res.Epochs, epochs) || len(epochs) != 3 {
		t.Errorf("got %v, reported %v", res.Epochs, epochs)
	}
	for i, lr := range []float64{0.02, 0.02, 0.01} {
		if got := res.Epochs[i].LR; got != lr {
			t.Errorf("epoch %d: got learning rate %g, want %g", i, got, lr)
		}
	}
	if a, b := res.Epochs[0].Loss, res.Epochs[2].Loss; b >= a {
		t.Errorf("the loss went from %g to %g", a, b)
	}
	if got := res.Epochs[2].TestAccuracy; got != res.Accuracy {
		t.Errorf("got accuracy %g in the last epoch, %g in the report", got, res.Accuracy)
	}
	support := 0
	for _, c := range res.PerClass {
		support += c.Support
	}
	if support != 150 || len(res.Confusion) != 3 {
		t.Errorf("got a report on %d images of %d classes, want 150 of 3", support, len(res.Confusion))
	}
	if last.Batch != 61 || last.Batches != 61 || last.Epoch != 3 || last.ETA != 0 || last.ImagesPerSecond <= 0 {
		t.Errorf("got last progress %+v", last)
	}
}

func TestRunSameBits(t *testing.T) {
	hash := func(s Settings, o Options) string {
		res, err := Run(context.Background(), smallNet(), blobs("train", 60, 1), blobs("test", 30, 1), s, o)
		if err != nil {
			t.Fatal(err)
		}
		return res.Weights.Hash()
	}
	s := quick()
	s.Epochs = 1
	want := hash(s, Options{Seed: 5, Workers: 1})
	if got := hash(s, Options{Seed: 5, Workers: 3}); got != want {
		t.Error("three workers give other weights than one")
	}
	if got := hash(s, Options{Seed: 6}); got == want {
		t.Error("seeds 5 and 6 give the same weights")
	}
	s.Seed = 5
	if got := hash(s, Options{Seed: 6}); got != want {
		t.Error("the settings' seed 5 gives other weights than the run's")
	}
}

func TestRunWarnsOfOneClass(t *testing.T) {
	s := quick()
	s.Epochs, s.LR = 1, 1e-30
	d := blobs("test", 30, 1)
	for i := range d.Pixels { // every image the same
		d.Pixels[i] = 7
	}
	var warnings []string
	_, err := Run(context.Background(), smallNet(), blobs("train", 9, 1), d, s, Options{Warn: func(m string) { warnings = append(warnings, m) }})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "every image of the test split is classified as ") {
		t.Errorf("got %v and warnings %q, want one that a single class is predicted", err, warnings)
	}
}

func TestRunDiverges(t *testing.T) {
	s := quick()
	s.LR = 1e30
	_, err := Run(context.Background(), smallNet(), blobs("train", 60, 1), blobs("test", 30, 1), s, Options{})
	if err == nil {
		t.Fatal("got no error at learning rate 1e30")
	}
	for _, want := range []string{"epoch 1, batch ", "learning rate 1e+30", "try a lower lr"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to say %q", err, want)
		}
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := quick()
	s.LossInterval = 1
	batches := 0
	_, err := Run(ctx, smallNet(), blobs("train", 60, 1), blobs("test", 30, 1), s, Options{
		Running: func(int, int, float64) {
			if batches++; batches == 3 {
				cancel()
			}
		},
	})
	var stopped *Interrupted
	if !errors.As(err, &stopped) || stopped.Kept != 0 || !errors.Is(err, context.Canceled) || batches != 3 {
		t.Errorf("got %v after %d batches, want Interrupted after 3", err, batches)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func() error
		want string
	}{
		{"settings", func() error {
			_, err := Run(context.Background(), smallNet(), blobs("train", 9, 1), blobs("test", 9, 1), Settings{}, Options{})
			return err
		}, "epochs is 0"},
		{"shape", func() error {
			n := smallNet()
			n.Input = model.Shape{C: 1, H: 8, W: 8}
			_, err := Run(context.Background(), n, blobs("train", 9, 1), blobs("test", 9, 1), quick(), Options{})
			return err
		}, "its images are 2x8x8, want 1x8x8"},
		{"classes", func() error {
			n := smallNet()
			n.Layers[4].Out = 4
			_, err := Run(context.Background(), n, blobs("train", 9, 1), blobs("test", 9, 1), quick(), Options{})
			return err
		}, "it has 3 classes, want 4"},
		{"empty test split", func() error {
			_, err := Run(context.Background(), smallNet(), blobs("train", 9, 1), blobs("test", 0, 1), quick(), Options{})
			return err
		}, "the test split of blobs: it holds no image"},
		{"other normalisation", func() error {
			d := blobs("test", 9, 1)
			d.Mean[1] = 0
			_, err := Run(context.Background(), smallNet(), blobs("train", 9, 1), d, quick(), Options{})
			return err
		}, "normalised by mean [0.5 0]"},
		{"label", func() error {
			d := blobs("train", 9, 1)
			d.Labels[4] = 3
			_, err := Run(context.Background(), smallNet(), d, blobs("test", 9, 1), quick(), Options{})
			return err
		}, "the label of image 4 is 3, want 0 to 2"},
		{"pixels", func() error {
			d := blobs("train", 9, 1)
			d.Pixels = d.Pixels[1:]
			_, err := Run(context.Background(), smallNet(), d, blobs("test", 9, 1), quick(), Options{})
			return err
		}, "it holds 1151 pixel values, want 1152"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}
