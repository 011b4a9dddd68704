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
	room []float64 // how far to the end of the band, 0 for values that arrived
	size ranks     // |gradient| of values that may move, infinite for those that arrived
	far  float64   // the L1 distance from baseline to input
}

func newWalk(size int) *walk {
	return &walk{
		Input: Input{X: make([]float32, size)}, base: make([]float32, size),
		x: make([]float64, size), sum: make([]float64, size), room: make([]float64, size),
		size: newRanks(size),
	}
}

func (w *walk) start() {
	w.far = 0
	for j, b := range w.base {
		w.x[j], w.sum[j] = float64(b), 0
		w.far += math.Abs(float64(w.X[j]) - float64(b))
	}
}

// infinite is the key of values that arrived, the bits of that float.
const infinite = 0x7f800000

// step makes the moves of step s (from 0) with the gradient at the walk's place.
//
// The authors' loop moves the share fraction of all values again and again. Which
// they are depends on the gradient alone, so the values are looked at in the order
// of |gradient|, in layers of that share, and moved once all layers are known: those
// of the full layers to the end of the band, those of the last as far as needed.
func (o *GuidedIntegratedGradients) step(w *walk, s int, grad []float32) {
	steps := float64(o.NSteps)
	alpha := float64(s+1) / steps
	behind, ahead := max(alpha-o.MaxDist, 0), min(alpha+o.MaxDist, 1)
	left := w.enter(behind, ahead, grad)
	target := float64(w.far * (1 - alpha))
	rank := int(float64(o.Fraction * float64(len(grad)-1)))
	// Values of a key below full go all the way, those from there to below some a
	// part of it.
	var full, some uint32
	var part float64
	w.size.sort()
	// Sums of thousands of terms agree to about 1e-13 of the whole; 1e-9 is the
	// authors' tolerance.
	for arrived := 0; left-target > 1e-9*w.far; {
		// Those that arrived are behind all others by now.
		if arrived+rank >= w.size.moving {
			some = infinite
		} else {
			some = w.size.key(arrived+rank) + 1
		}
		reach, n := w.reach(full, some)
		if left-target < reach {
			part = (left - target) / reach
			break
		}
		full, left, arrived = some, left-reach, arrived+n
		if full == infinite {
			break // all are at the end of the band
		}
	}
	w.move(full, some, part, ahead, grad)
}

// enter moves what is behind the band to its near end, notes how far the values
// are from its far end, and returns the L1 distance to the input.
func (w *walk) enter(behind, ahead float64, grad []float32) (left float64) {
	n := len(grad)
	base, to, x, sum, room, keys := w.base[:n], w.X[:n], w.x[:n], w.sum[:n], w.room[:n], w.size.keys[:n]
	// Four sums, which do not wait for each other, and choices of bits, which are no
	// branches: nobody could foresee them.
	var lefts [4]float64
	for j, g := range grad {
		b, in, at := float64(base[j]), float64(to[j]), x[j]
		d := in - b
		near := b + float64(behind*d)
		bits := math.Float64bits(at)
		if n := math.Float64bits(near); math.Abs(at-b) < math.Abs(near-b) {
			bits = n
		}
		v := math.Float64frombits(bits)
		sum[j] += float64(float64(g) * (v - at))
		x[j] = v
		r := b + float64(ahead*d) - v
		room[j] = r
		key := math.Float32bits(g) &^ (1 << 31)
		if math.Float64bits(r)<<1 == 0 {
			key = infinite
		}
		keys[j] = key
		lefts[j&3] += math.Abs(in - v)
	}
	return (lefts[0] + lefts[1]) + (lefts[2] + lefts[3])
}

// reach returns how far values of a key from lo to below hi could go, and how
// many they are.
func (w *walk) reach(lo, hi uint32) (reach float64, n int) {
	room := w.room[:len(w.size.keys)]
	var sums [4]float64
	for j, key := range w.size.keys {
		// 1 if lo <= key < hi, without a branch that nobody can foresee.
		in := (uint64(key-lo) - uint64(hi-lo)) >> 63
		n += int(in)
		r := math.Float64bits(room[j]) &^ (1 << 63) & -in
		sums[j&3] += math.Float64frombits(r)
	}
	return (sums[0] + sums[1]) + (sums[2] + sums[3]), n
}

// move takes values of a key below full to the end of the band, and those from
// there to below some a part of the way.
func (w *walk) move(full, some uint32, part, ahead float64, grad []float32) {
	n := len(grad)
	base, to, x, sum, room, keys := w.base[:n], w.X[:n], w.x[:n], w.sum[:n], w.room[:n], w.size.keys[:n]
	for j, g := range grad {
		key, at, b := keys[j], x[j], float64(base[j])
		// The end itself, however room was rounded.
		end := math.Float64bits(b + float64(ahead*(float64(to[j])-b)))
		bits := math.Float64bits(at + float64(part*room[j]))
		if key < full {
			bits = end
		}
		if key >= some {
			bits = math.Float64bits(at)
		}
		v := math.Float64frombits(bits)
		sum[j] += float64(float64(g) * (v - at))
		x[j] = v
	}
}
