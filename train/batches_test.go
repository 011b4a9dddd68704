package train

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/model"
	"assay/model/rng"
	"assay/train/dataset"
)

// blobs makes a data set of n images of three classes that a small network can
// tell apart: a bright patch in one of three places, on noise.
func blobs(split string, n int, seed uint64) *dataset.Dataset {
	d := &dataset.Dataset{
		Name: "blobs", Split: split, Shape: model.Shape{C: 2, H: 8, W: 8}, Classes: []string{"left", "middle", "right"},
		Mean: []float32{0.5, 0.4}, Std: []float32{0.5, 0.25},
	}
	for i := range n {
		s := rng.New(seed, "blobs/"+split, i)
		label := s.IntN(3)
		d.Labels = append(d.Labels, label)
		for range d.Shape.C {
			for y := range d.Shape.H {
				for x := range d.Shape.W {
					v := s.IntN(120)
					if y > 1 && y < 6 && x/3 == label {
						v += 100
					}
					d.Pixels = append(d.Pixels, byte(v))
				}
			}
		}
	}
	return d
}

func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		n := rapid.IntRange(20, 300).Draw(t, "n")
		first := order(seed, 0, n)
		second := order(seed, 1, n)
		if slices.Equal(first, second) {
			t.Error("epochs 0 and 1 have the same order")
		}
		if !slices.Equal(first, order(seed, 0, n)) {
			t.Error("epoch 0 differs from itself")
		}
		for _, p := range [][]int{first, second} {
			for i, v := range slices.Sorted(slices.Values(p)) {
				if i != v {
					t.Fatalf("%v is no permutation", p)
				}
			}
		}
	})
}

// gathered runs one epoch and returns copies of its batches.
func gathered(t *testing.T, d *dataset.Dataset, s Settings, epoch int) []batch {
	t.Helper()
	var all []batch
	f := newFeeder(d, s, 3)
	for range 2 { // the second pass must give the same
		all = nil
		err := f.epoch(context.Background(), epoch, func(b batch) error {
			c := batch{labels: slices.Clone(b.labels)}
			for _, x := range b.x {
				c.x = append(c.x, slices.Clone(x))
			}
			all = append(all, c)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestBatches(t *testing.T) {
	d := blobs("train", 23, 1)
	for _, size := range []int{1, 4, 23, 50} {
		s := DefaultSettings()
		s.BatchSize = size
		var seen int
		perm := order(3, 2, d.Len())
		want := make([]float32, d.Shape.Size())
		for i, b := range gathered(t, d, s, 2) {
			if got, want := len(b.x), min(size, d.Len()-i*size); got != want || len(b.labels) != want {
				t.Errorf("batch size %d: batch %d has %d images and %d labels, want %d", size, i, got, len(b.labels), want)
			}
			for j, x := range b.x {
				d.Normalize(perm[seen], want)
				if !slices.Equal(x, want) || b.labels[j] != d.Labels[perm[seen]] {
					t.Errorf("batch size %d: batch %d, image %d is not image %d of the data set, normalised", size, i, j, perm[seen])
				}
				seen++
			}
		}
		if seen != d.Len() {
			t.Errorf("batch size %d: got %d images, want %d", size, seen, d.Len())
		}
	}
}

// An augmented image is the same whatever batch it is in, another one in
// another epoch, and mirrored or not independently of the crop.
func TestAugmentationIsNamed(t *testing.T) {
	d := blobs("train", 40, 1)
	s := DefaultSettings()
	s.CropPadding, s.Flip = 2, true
	flat := func(size, epoch int) (all []float32) {
		s.BatchSize = size
		for _, b := range gathered(t, d, s, epoch) {
			for _, x := range b.x {
				all = append(all, x...)
			}
		}
		return all
	}
	if !slices.Equal(flat(4, 0), flat(7, 0)) {
		t.Error("batch sizes 4 and 7 give other images")
	}
	f := newFeeder(d, s, 3)
	a, b := make([]float32, d.Shape.Size()), make([]float32, d.Shape.Size())
	same := 0
	for i := range d.Len() {
		f.image(0, i, a)
		f.image(1, i, b)
		if slices.Equal(a, b) {
			same++
		}
	}
	if same > d.Len()/4 { // by chance 1 in 50
		t.Errorf("%d of %d images are the same in two epochs", same, d.Len())
	}
}

// Every augmented image is one of the (2p+1)^2 crops of the padded image, or its
// mirror, and all of them occur about equally often.
func TestCropAndFlip(t *testing.T) {
	d := blobs("train", 1, 1)
	h, w := d.Shape.H, d.Shape.W
	s := DefaultSettings()
	s.CropPadding, s.Flip = 1, true
	f := newFeeder(d, s, 3)
	// The 18 possible images, written down from the definition.
	var want [][]float32
	plain := make([]float32, d.Shape.Size())
	d.Normalize(0, plain)
	for _, flip := range []bool{false, true} {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				x := make([]float32, len(plain))
				for c := range d.Shape.C {
					for r := range h {
						for q := range w {
							to := c*h*w + r*w + q
							if flip {
								to = c*h*w + r*w + w - 1 - q
							}
							x[to] = (0 - d.Mean[c]) / d.Std[c]
							if y, z := r+dy, q+dx; y >= 0 && y < h && z >= 0 && z < w {
								x[to] = plain[c*h*w+y*w+z]
							}
						}
					}
				}
				want = append(want, x)
			}
		}
	}
	const draws = 1800
	counts := make([]int, len(want))
	got := make([]float32, len(plain))
	for epoch := range draws {
		f.image(epoch, 0, got)
		k := slices.IndexFunc(want, func(x []float32) bool { return slices.Equal(x, got) })
		if k < 0 {
			t.Fatalf("epoch %d: the image is no crop of the original", epoch)
		}
		counts[k]++
	}
	for k, n := range counts { // 100 expected, standard deviation 9.7
		if math.Abs(float64(n)-draws/18) > 50 {
			t.Errorf("crop %d occurs %d times in %d, want about %d", k, n, draws, draws/18)
		}
	}
}

func TestEpochStops(t *testing.T) {
	d := blobs("train", 40, 1)
	f := newFeeder(d, DefaultSettings(), 3)
	boom := errors.New("boom")
	calls := 0
	if err := f.epoch(context.Background(), 0, func(batch) error { calls++; return boom }); err != boom || calls != 1 {
		t.Errorf("got %v after %d calls, want boom after 1", err, calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	calls = 0
	err := f.epoch(ctx, 0, func(batch) error { calls++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("got %v after %d calls, want context.Canceled after 1", err, calls)
	}
}

// A longer epoch allocates no more than a shorter one, but for the permutation.
func TestEpochAllocatesNothingPerStep(t *testing.T) {
	s := DefaultSettings()
	s.CropPadding, s.Flip = 2, true
	mallocs := func(n int) uint64 {
		f := newFeeder(blobs("train", n, 1), s, 3)
		one := func() {
			if err := f.epoch(context.Background(), 0, func(batch) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		one()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		one()
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	short, long := mallocs(40), mallocs(4000)
	if long > short+100 { // the runtime itself allocates now and then
		t.Errorf("got %d allocations for 1000 steps and %d for 10, want about the same", long, short)
	}
}
