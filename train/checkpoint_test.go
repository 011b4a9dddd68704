package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/model"
	"assay/train/dataset"
)

// attempt trains in dir and stops in the batch with the given number (from 1,
// over all epochs of this attempt); 0 lets it finish.
func attempt(t *testing.T, dir string, s Settings, stop int) (res *Result, warnings []string, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.LossInterval = 1
	res, err = Run(ctx, smallNet(), blobs("train", 42, 1), blobs("test", 30, 1), s, Options{
		Seed: 5, Checkpoints: dir,
		Running: func(int, int, float64) {
			if stop--; stop == 0 {
				cancel()
			}
		},
		Warn: func(m string) { warnings = append(warnings, m) },
	})
	return res, warnings, err
}

// same demands two trainings to be equal in every bit.
func same(t *testing.T, got, want *Result) {
	t.Helper()
	if got.Weights.Hash() != want.Weights.Hash() {
		t.Error("other weights")
	}
	if !slices.Equal(got.Epochs, want.Epochs) {
		t.Errorf("got epochs %v, want %v", got.Epochs, want.Epochs)
	}
	if !slices.Equal(got.Running, want.Running) {
		t.Errorf("got running losses %v, want %v", got.Running, want.Running)
	}
	if !reflect.DeepEqual(got.Confusion, want.Confusion) {
		t.Errorf("got %v, want %v", got.Confusion, want.Confusion)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestContinueGivesSameBits(t *testing.T) {
	want, _, err := attempt(t, "", quick(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, stops := range [][]int{{1}, {12}, {15}, {15, 3, 14}, {33}} { // 11 batches an epoch
		dir := filepath.Join(t.TempDir(), "new", "checkpoints")
		for _, stop := range stops {
			if _, _, err := attempt(t, dir, quick(), stop); !errors.Is(err, context.Canceled) {
				t.Fatalf("stop in batch %d: got %v", stop, err)
			}
		}
		got, warnings, err := attempt(t, dir, quick(), 0)
		if err != nil || len(warnings) > 0 {
			t.Fatalf("stops %v: %v %v", stops, err, warnings)
		}
		same(t, got, want)
		if got, want := files(t, dir), []string{"epoch-00002.json", "epoch-00002.safetensors", "epoch-00003.json", "epoch-00003.safetensors"}; !slices.Equal(got, want) {
			t.Errorf("got files %v, want %v", got, want)
		}
		// A complete training is only measured.
		got, _, err = attempt(t, dir, quick(), 1)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, want)
	}
}

func TestInterruptionSaysWhatIsKept(t *testing.T) {
	dir := t.TempDir()
	_, _, err := attempt(t, dir, quick(), 15)
	if want := "1 of 3 epochs are kept in " + dir; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want it to say %q", err, want)
	}
}

func TestDiscard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	if _, _, err := attempt(t, dir, quick(), 0); err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(dir, "epoch-2.json")
	for _, path := range []string{mine, filepath.Join(dir, ".epoch-00003.json123")} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Discard(dir); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, dir), []string{"epoch-2.json"}; !slices.Equal(got, want) {
		t.Errorf("got files %v, want %v", got, want)
	}
	if err := os.Remove(mine); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Discard(dir); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the empty directory is still there: %v", err)
		}
	}
}

func TestContinueForMoreEpochs(t *testing.T) {
	dir := t.TempDir()
	s := quick()
	s.Epochs = 2
	if _, _, err := attempt(t, dir, s, 0); err != nil {
		t.Fatal(err)
	}
	got, _, err := attempt(t, dir, quick(), 0)
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := attempt(t, "", quick(), 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
	// And back to two: that checkpoint is still there.
	two, _, err := attempt(t, dir, s, 1)
	if err != nil || len(two.Epochs) != 2 {
		t.Errorf("got %v, want the two epochs that are kept", err)
	}
}

func TestCorruptCheckpoint(t *testing.T) {
	want, _, err := attempt(t, "", quick(), 0)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for _, c := range []struct {
		name   string
		files  []string
		change func([]byte) []byte // nil removes the file
		warns  int
	}{
		{"tensors, first byte", []string{"epoch-00002.safetensors"}, flip(0), 1},
		{"tensors, last byte", []string{"epoch-00002.safetensors"}, flip(-1), 1},
		{"tensors, cut", []string{"epoch-00002.safetensors"}, func(b []byte) []byte { return b[:len(b)/2] }, 1},
		{"tensors, gone", []string{"epoch-00002.safetensors"}, nil, 1},
		{"state, a digit", []string{"epoch-00002.json"}, func(b []byte) []byte {
			return []byte(strings.Replace(string(b), `"test_accuracy": 0`, `"test_accuracy": 1`, 1))
		}, 1},
		{"state, cut", []string{"epoch-00002.json"}, func(b []byte) []byte { return b[:40] }, 1},
		{"state, empty", []string{"epoch-00002.json"}, func([]byte) []byte { return nil }, 1},
		{"state, a list", []string{"epoch-00002.json"}, func([]byte) []byte { return []byte("[]") }, 1},
		{"state, gone", []string{"epoch-00002.json"}, nil, 0}, // never finished writing
		{"all", []string{"epoch-00001.safetensors", "epoch-00002.json"}, flip(30), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if _, _, err := attempt(t, dir, quick(), 25); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			for _, name := range c.files {
				path := filepath.Join(dir, name)
				b, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if c.change == nil {
					err = os.Remove(path)
				} else {
					err = os.WriteFile(path, c.change(b), 0o644)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			got, warnings, err := attempt(t, dir, quick(), 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) != c.warns {
				t.Errorf("got warnings %q, want %d", warnings, c.warns)
			}
			same(t, got, want)
			if c.warns > 0 && !slices.ContainsFunc(files(t, dir), func(n string) bool { return strings.HasSuffix(n, ".corrupt") }) {
				t.Errorf("nothing was set aside: %v", files(t, dir))
			}
		})
	}
}

// A process that has trained the same network removes the checkpoints; the others
// go on.
func TestCheckpointsRemovedByAnother(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "checkpoints")
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 5 { // fewer than writePair tries
			os.RemoveAll(dir)
			time.Sleep(time.Millisecond)
		}
	}()
	for n := 0; ; n++ {
		if err := writePair(dir, n, []byte("tensors"), []byte("state")); err != nil {
			t.Fatalf("checkpoint %d: %v", n, err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestCheckpointOfAnotherTraining(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := attempt(t, dir, quick(), 15); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	before := files(t, dir)
	base := func() (*model.Net, *dataset.Dataset, *dataset.Dataset, Settings, Options) {
		s := quick()
		s.LossInterval = 1
		return smallNet(), blobs("train", 42, 1), blobs("test", 30, 1), s, Options{Seed: 5, Checkpoints: dir}
	}
	for _, c := range []struct {
		name   string
		change func(*model.Net, *dataset.Dataset, *dataset.Dataset, *Settings, *Options)
		want   []string
	}{
		{"settings", func(_ *model.Net, _, _ *dataset.Dataset, s *Settings, _ *Options) { s.LR, s.Flip = 0.25, true }, []string{"lr is 0.02, want 0.25", "flip is false, want true"}},
		{"seed", func(_ *model.Net, _, _ *dataset.Dataset, _ *Settings, o *Options) { o.Seed = 6 }, []string{"the seed is 5, want 6"}},
		{"net", func(n *model.Net, _, _ *dataset.Dataset, _ *Settings, _ *Options) { n.Layers[0].Out = 5 }, []string{"the network is input 2x8x8; conv1 conv2d 4 ", "want input 2x8x8; conv1 conv2d 5 "}},
		{"train data", func(_ *model.Net, d, _ *dataset.Dataset, _ *Settings, _ *Options) { d.Pixels[77]++ }, []string{"the training split's hash is "}},
		{"test data", func(_ *model.Net, _, d *dataset.Dataset, _ *Settings, _ *Options) { d.Pixels[77]++ }, []string{"the test split's hash is "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, a, b, s, o := base()
			c.change(n, a, b, &s, &o)
			_, err := Run(context.Background(), n, a, b, s, o)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, want := range append(c.want, dir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want it to say %q", err, want)
				}
			}
			if after := files(t, dir); !slices.Equal(before, after) {
				t.Errorf("the directory changed from %v to %v", before, after)
			}
		})
	}
	// The number of epochs is part of the cosine schedule alone.
	cosine := t.TempDir()
	s := quick()
	s.Schedule, s.StepSize = "cosine", 0
	if _, _, err := attempt(t, cosine, s, 15); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.Epochs = 4
	if _, _, err := attempt(t, cosine, s, 0); err == nil || !strings.Contains(err.Error(), "epochs is 3, want 4") {
		t.Errorf("cosine with more epochs: got %v", err)
	}
}

// The settings' seed and the run's may say the same.
func TestSeedFromEitherSide(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := attempt(t, dir, quick(), 15); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s := quick()
	s.Seed = 5
	if _, _, err := attempt(t, dir, s, 0); err != nil {
		t.Error(err)
	}
}

func TestCheckpointsCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := attempt(t, file, quick(), 0); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error that names %s", err, file)
	}
}
