package attr

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
)

// GuidedIntegratedGradients integrates the gradient along a path that moves the
// values with the smallest gradients first and so stays away from regions where
// the network swings wildly. It sums to F(x)-F(baseline) up to the error of the
// steps.
//
// Kapishnikov et al., "Guided Integrated Gradients: an Adaptive Path Method for
// Removing Noise", CVPR 2021, algorithm 1. A band around the straight path takes
// the place of the paper's anchors, as in the authors' package saliency, whose
// names, defaults and order of moves these are (x_steps is our n_steps).
//
// A step must bring the L1 distance to the input down by 1/n_steps of the whole.
// It moves the share fraction of all values, those of the smallest |gradient|
// that are not there yet, to the far end of the band; if that is more than the
// step asks for, only as far as needed; if less, it goes on with the next ones.
// The band reaches from max_dist behind to max_dist ahead of the straight path,
// in parts of its length.
type GuidedIntegratedGradients struct {
	NSteps   int      `yaml:"n_steps" doc:"gradients per image" jsonschema:"minimum=1,maximum=100000"`
	Fraction float64  `yaml:"fraction" doc:"share of the values that move at a time" jsonschema:"minimum=0,maximum=1"`
	MaxDist  float64  `yaml:"max_dist" doc:"how far a value may be from the straight path, in parts of its length" jsonschema:"minimum=0,maximum=1"`
	Baseline Baseline `yaml:"baseline" doc:"start of the path: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports numbers out of range and a baseline that cannot be read or has
// not the network's input shape.
func (o *GuidedIntegratedGradients) Check(n *model.Net) error {
	errs := []error{between("n_steps", o.NSteps, 1, maxSteps), o.Baseline.check(n)}
	for _, r := range []struct {
		option string
		v      float64
	}{{"fraction", o.Fraction}, {"max_dist", o.MaxDist}} {
		if !(r.v >= 0 && r.v <= 1) { // NaN must fail too
			errs = append(errs, &Problem{Option: r.option, Msg: fmt.Sprintf("is %v, want 0 to 1", r.v)})
		}
	}
	return errors.Join(errs...)
}

// Attribute explains the inputs: NSteps passes each, and one forward pass for
// the input and one for the baseline.
func (o *GuidedIntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	fb, err := e.baselineValues(in, from)
	if err != nil {
		return fmt.Errorf("attr: guided_integrated_gradients: baseline: %w", err)
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: guided_integrated_gradients: %w", err)
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX, a.FB, a.Summed = fx[i], fb[i], true
		emit(i, a)
	})
}

func (o *GuidedIntegratedGradients) passes() int { return o.NSteps }

func (o *GuidedIntegratedGradients) baselines() []Baseline { return []Baseline{o.Baseline} }

// stream takes 16 inputs at a time along their paths: a step needs the gradient
// that the one before it led to.
func (o *GuidedIntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	size := e.size()
	walks := make([]*walk, min(n, model.Lanes))
	for l := range walks {
		walks[l] = newWalk(size)
	}
	m := make([]float32, size)
	var block []*walk
	var s int // the step
	fill := func(l int, p *model.Point) {
		for j, v := range block[l].x {
			p.X[j] = float32(v)
		}
		p.Target = block[l].Target
	}
	fold := func(l int, res model.Result) { o.step(block[l], s, res.Grad) }
	for first := 0; first < n; first += len(walks) {
		block = walks[:min(len(walks), n-first)]
		for l, w := range block {
			input(first+l, &w.Input)
			from(&w.Input, w.base)
			w.start()
		}
		for s = range o.NSteps {
			if err := e.Worker.Gradients(e.Ctx, model.Gradient, len(block), fill, fold); err != nil {
				return fmt.Errorf("attr: guided_integrated_gradients: %w", err)
			}
		}
		for l, w := range block {
			for j, v := range w.sum {
				m[j] = float32(v)
			}
			emit(first+l, Attribution{Map: m})
		}
	}
	return nil
}

// walk is one image on its path.
type walk struct {
	Input
	base []float32
	x    []float64 // where it is
	sum  []float64 // of gradient times movement
	size []float32 // |gradient| of values that may move, infinite for those that arrived
	work []float32
	far  float64 // the L1 distance from baseline to input
}

func newWalk(size int) *walk {
	return &walk{
		Input: Input{X: make([]float32, size)}, base: make([]float32, size),
		x: make([]float64, size), sum: make([]float64, size),
		size: make([]float32, size), work: make([]float32, size),
	}
}

func (w *walk) start() {
	w.far = 0
	for j, b := range w.base {
		w.x[j], w.sum[j] = float64(b), 0
		w.far += math.Abs(float64(w.X[j]) - float64(b))
	}
}

// at returns value j of the straight path at alpha.
func (w *walk) at(j int, alpha float64) float64 {
	b := float64(w.base[j])
	return b + float64(alpha*(float64(w.X[j])-b))
}

// move takes value j to v, gradient g on the way.
func (w *walk) move(j int, v float64, g float32) {
	w.sum[j] += float64(float64(g) * (v - w.x[j]))
	w.x[j] = v
}

// left returns the L1 distance to the input.
func (w *walk) left() float64 {
	d := 0.0
	for j, v := range w.x {
		d += math.Abs(float64(w.X[j]) - v)
	}
	return d
}

// step makes the moves of step s (from 0) with the gradient at the walk's place.
func (o *GuidedIntegratedGradients) step(w *walk, s int, grad []float32) {
	steps := float64(o.NSteps)
	alpha := float64(s+1) / steps
	behind, ahead := max(alpha-o.MaxDist, 0), min(alpha+o.MaxDist, 1)
	target := float64(w.far * (1 - alpha))
	inf := float32(math.Inf(1))
	for j, g := range grad {
		b, d := float64(w.base[j]), float64(w.X[j])-float64(w.base[j])
		// Nobody stays behind the band.
		if d != 0 && (w.x[j]-b)/d < behind {
			w.move(j, w.at(j, behind), g)
		}
		w.size[j] = float32(math.Abs(float64(g)))
		if w.x[j] == w.at(j, ahead) {
			w.size[j] = inf
		}
	}
	rank := int(float64(o.Fraction * float64(len(grad)-1)))
	for {
		left := w.left()
		// Sums of thousands of terms agree to about 1e-13 of the whole; 1e-9 is
		// the authors' tolerance.
		if left-target <= 1e-9*w.far {
			return
		}
		copy(w.work, w.size)
		threshold := smallest(w.work, rank)
		reach := 0.0 // how far the chosen could go
		for j, v := range w.size {
			if v <= threshold && v < inf {
				reach += math.Abs(w.at(j, ahead) - w.x[j])
			}
		}
		if reach == 0 && threshold == inf {
			return // all are at the end of the band
		}
		part := 1.0
		if left-target < reach {
			part = (left - target) / reach
		}
		for j, v := range w.size {
			if v > threshold || v == inf {
				continue
			}
			end := w.at(j, ahead)
			if part < 1 {
				w.move(j, w.x[j]+float64(part*(end-w.x[j])), grad[j])
				continue
			}
			w.move(j, end, grad[j])
			w.size[j] = inf
		}
		if part < 1 {
			return
		}
	}
}

// smallest returns the value of the given rank, 0 the least, and leaves x in
// another order. It is Hoare's selection with the median of three as pivot.
func smallest(x []float32, rank int) float32 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		mid := (lo + hi) / 2
		a, b, c := x[lo], x[mid], x[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case rank <= j:
			hi = j
		case rank >= i:
			lo = i
		default:
			return x[rank]
		}
	}
	return x[rank]
}
