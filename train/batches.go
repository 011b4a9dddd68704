package train

import (
	"context"

	"assay/model/rng"
	"assay/train/dataset"
)

// order returns the images of an epoch in the order in which they are seen, a
// permutation drawn from the stream "shuffle" of that epoch.
func order(seed uint64, epoch, n int) []int {
	return rng.New(seed, "shuffle", epoch).Perm(n)
}

// batch is one step's images, normalised, with their labels.
type batch struct {
	x      [][]float32 // [images][C*H*W]
	labels []int       // [images]
}

// feeder gathers the batches of an epoch beside the steps. It owns two batches
// that go round between it and the consumer, so that nothing is allocated per
// step.
type feeder struct {
	d      *dataset.Dataset
	s      Settings
	seed   uint64
	table  []float32 // [C][256] the normalised value of every pixel value
	full   [2]batch  // with room for BatchSize images
	random rng.Stream
}

func newFeeder(d *dataset.Dataset, s Settings, seed uint64) *feeder {
	f := &feeder{d: d, s: s, seed: seed, table: make([]float32, d.Shape.C*256)}
	// One image with every pixel value in every channel, normalised as any other.
	ramp := &dataset.Dataset{Shape: d.Shape, Mean: d.Mean, Std: d.Std, Labels: []int{0}, Pixels: make([]byte, d.Shape.C*256)}
	ramp.Shape.H, ramp.Shape.W = 16, 16
	for i := range ramp.Pixels {
		ramp.Pixels[i] = byte(i)
	}
	ramp.Normalize(0, f.table)
	n := min(s.BatchSize, d.Len())
	for i := range f.full {
		f.full[i] = batch{make([][]float32, n), make([]int, n)}
		for j := range n {
			f.full[i].x[j] = make([]float32, d.Shape.Size())
		}
	}
	return f
}

// epoch calls use for every batch of the epoch in order; the last may be
// smaller, as with PyTorch's drop_last=False. While use works on one batch the
// next is gathered. It stops at the first error of use, or with ctx's.
func (f *feeder) epoch(ctx context.Context, epoch int, use func(b batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	free, ready := make(chan int, len(f.full)), make(chan batch, len(f.full))
	for i := range f.full {
		free <- i
	}
	perm := order(f.seed, epoch, f.d.Len())
	go func() {
		defer close(ready)
		for len(perm) > 0 {
			var b batch
			select {
			case i := <-free:
				b = f.full[i]
			case <-ctx.Done():
				return
			}
			n := min(f.s.BatchSize, len(perm))
			b = batch{b.x[:n], b.labels[:n]}
			for j, image := range perm[:n] {
				f.image(epoch, image, b.x[j])
				b.labels[j] = f.d.Labels[image]
			}
			perm = perm[n:]
			ready <- b
		}
	}()
	// The goroutine must be gone before the batches are used again.
	defer func() {
		cancel()
		for range ready {
		}
	}()
	turn := 0
	for b := range ready {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := use(b); err != nil {
			return err
		}
		free <- turn // batches come in turn, so this is the one just used
		turn = (turn + 1) % len(f.full)
	}
	return ctx.Err()
}

// image writes image i as it is seen in the epoch into x [C*H*W]: normalised,
// and with Settings.CropPadding and Flip cropped and mirrored as by
// torchvision's RandomCrop(size, padding) and RandomHorizontalFlip, which pad
// with pixel value 0 (black) before the normalisation. The draws are named by
// epoch and image, so neither batches nor the other augmentation change them.
func (f *feeder) image(epoch, i int, x []float32) {
	h, w := f.d.Shape.H, f.d.Shape.W
	pixels := f.d.Pixels[i*len(x) : (i+1)*len(x)]
	dy, dx, flip := 0, 0, false
	if p := f.s.CropPadding; p > 0 {
		f.random.Reset(f.seed, "crop", epoch, i)
		dy, dx = f.random.IntN(2*p+1)-p, f.random.IntN(2*p+1)-p
	}
	if f.s.Flip {
		f.random.Reset(f.seed, "flip", epoch, i)
		flip = f.random.Uint64()>>63 == 1
	}
	for c := range f.d.Shape.C {
		table := f.table[c*256 : (c+1)*256]
		in, out := pixels[c*h*w:(c+1)*h*w], x[c*h*w:(c+1)*h*w]
		if dy == 0 && dx == 0 && !flip {
			for j, v := range in {
				out[j] = table[v]
			}
			continue
		}
		for r := range h {
			for q := range w {
				y, z := r+dy, q+dx
				if flip {
					z = w - 1 - q + dx
				}
				v := byte(0)
				if y >= 0 && y < h && z >= 0 && z < w {
					v = in[y*w+z]
				}
				out[r*w+q] = table[v]
			}
		}
	}
}
