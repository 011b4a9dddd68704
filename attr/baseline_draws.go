package attr

import (
	"fmt"

	"assay/model"
	"assay/model/rng"
)

// draws is a baseline ready for use.
type draws struct {
	// n is how many different baselines an image has: 1, the number of images
	// of a distribution, or 0 for noise, where every k is another draw.
	n int
	// fill writes baseline k of the input into dst [C*H*W].
	fill func(in *Input, k int, dst []float32)
}

// drawer gets the baseline ready: reads its file, makes its kernel.
func (b Baseline) drawer(e *Env) (draws, error) {
	s := e.Worker.Model().Net().Input
	size := s.Size()
	fixed := func(x []float32) (draws, error) {
		return draws{1, func(_ *Input, _ int, dst []float32) { copy(dst, x) }}, nil
	}
	var black, white []float32
	switch b.kind {
	case "black", "white", "uniform", "gaussian", "max_distance":
		var err error
		if black, white, err = extremes(e, s); err != nil {
			return draws{}, err
		}
	}
	switch b.kind {
	case "":
		x := make([]float32, size)
		for i := range x {
			x[i] = b.value
		}
		return fixed(x)
	case "black":
		return fixed(black)
	case "white":
		return fixed(white)
	case "mean":
		if len(e.MeanImage) != size {
			return draws{}, fmt.Errorf("attr: baseline mean: the mean of the training images has %d values, want %d", len(e.MeanImage), size)
		}
		return fixed(e.MeanImage)
	case "blur":
		k := newBlurrer(s)
		k.sigma(float64(b.value))
		return draws{1, func(in *Input, _ int, dst []float32) { k.blur(dst, in.X) }}, nil
	case "uniform":
		var st rng.Stream
		return draws{0, func(in *Input, k int, dst []float32) {
			st.Reset(e.Seed, "baseline", in.Index, k)
			for j := range dst {
				dst[j] = float32(float64(black[j]) + float64(st.Float64()*(float64(white[j])-float64(black[j]))))
			}
		}}, nil
	case "gaussian":
		var st rng.Stream
		return draws{0, func(in *Input, k int, dst []float32) {
			st.Reset(e.Seed, "baseline", in.Index, k)
			sigma := float64(b.value)
			for j, x := range in.X {
				lo, hi := (float64(black[j])-float64(x))/sigma, (float64(white[j])-float64(x))/sigma
				v := float32(float64(x) + float64(sigma*truncatedNormal(&st, lo, hi)))
				dst[j] = min(max(v, black[j]), white[j]) // but for rounding it is there
			}
		}}, nil
	case "max_distance":
		return draws{1, func(in *Input, _ int, dst []float32) {
			for j, v := range in.X {
				dst[j] = black[j]
				if white[j]-v > v-black[j] {
					dst[j] = white[j]
				}
			}
		}}, nil
	case "train":
		return b.training(e)
	case "image", "images":
		x, err := b.read(s, e.Mean, e.Std)
		if err != nil {
			return draws{}, fmt.Errorf("attr: baseline %w", err)
		}
		return draws{len(x) / size, func(_ *Input, k int, dst []float32) { copy(dst, x[k*size:(k+1)*size]) }}, nil
	}
	panic("attr: unknown baseline " + b.kind)
}

// one gets a baseline ready that is a single image for every input.
func (b Baseline) one(e *Env) (func(in *Input, dst []float32), error) {
	if b.Distribution() {
		return nil, fmt.Errorf("attr: baseline %s is a distribution of images, want a single one", b)
	}
	d, err := b.drawer(e)
	if err != nil {
		return nil, err
	}
	return func(in *Input, dst []float32) { d.fill(in, 0, dst) }, nil
}

// extremes returns black and white images [C*H*W] in normalised units.
func extremes(e *Env, s model.Shape) (black, white []float32, err error) {
	if len(e.Mean) != s.C || len(e.Std) != s.C {
		return nil, nil, fmt.Errorf("attr: baseline: there are %d means and %d deviations to normalise black and white with, want %d", len(e.Mean), len(e.Std), s.C)
	}
	black, white = make([]float32, s.Size()), make([]float32, s.Size())
	area := s.H * s.W
	for j := range black {
		m, d := e.Mean[j/area], e.Std[j/area]
		black[j], white[j] = (0-m)/d, (1-m)/d
	}
	return black, white, nil
}

// training gets training images ready. The draw is one permutation of them for
// the run, of which train:N takes the first N.
func (b Baseline) training(e *Env) (draws, error) {
	if e.Train == nil || e.TrainSize < 1 {
		return draws{}, fmt.Errorf("attr: baseline %s: there are no training images", b)
	}
	if b.count == 0 {
		return draws{e.TrainSize, func(_ *Input, k int, dst []float32) { e.Train(k, dst) }}, nil
	}
	if b.count > e.TrainSize {
		return draws{}, fmt.Errorf("attr: baseline %s: there are %d training images", b, e.TrainSize)
	}
	// Fisher and Yates from the front; the map holds what is out of its place.
	s := rng.New(e.Seed, "baseline images")
	moved := map[int]int{}
	place := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}
	chosen := make([]int, b.count)
	for i := range chosen {
		j := i + s.IntN(e.TrainSize-i)
		chosen[i] = place(j)
		moved[j] = place(i)
	}
	return draws{b.count, func(_ *Input, k int, dst []float32) { e.Train(chosen[k], dst) }}, nil
}
