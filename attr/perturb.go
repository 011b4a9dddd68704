package attr

import (
	"fmt"
	"math"

	"assay/model"
	"assay/model/rng"
)

// A trial is one image under a perturbation method: perturbed copies that the
// network evaluates, and what becomes of its answers. begin, all fills, all
// folds and end come in this order, block by block: what a fill wrote is folded
// before the next fill. A trial serves image after image, so that memory does not
// grow.
type trial interface {
	// begin takes the next image, whose values stay until end, and returns the
	// number of evaluations, at least 1.
	begin(in *Input) (int, error)
	// fill writes the inputs of evaluations k to k+n-1 into the lanes of b from
	// lane on. It leaves the lanes before and may spoil those behind.
	fill(k, n int, b *model.Block, lane int)
	// fold takes the target's value at evaluation k = 0, 1, ...
	fold(k int, v float64)
	// end returns the map, valid until the next begin.
	end() Attribution
}

// slot is an image on its way through the network.
type slot struct {
	trial
	in             Input
	evals          int
	filled, folded int
}

// perturb runs n images through trials and packs their evaluations into full
// lanes, across images: fresh makes a trial, of which there are as many as
// images share a block of lanes.
func perturb(e *Env, name string, n int, input func(i int, in *Input), emit func(i int, a Attribution), fresh func() trial) error {
	var open, free []*slot
	opened, emitted, waiting := 0, 0, 0
	b := e.Worker.Block()
	for {
		for waiting < model.Lanes && opened < n {
			if len(free) == 0 {
				free = append(free, &slot{trial: fresh(), in: Input{X: make([]float32, e.size())}})
			}
			s := free[len(free)-1]
			free = free[:len(free)-1]
			input(opened, &s.in)
			evals, err := s.begin(&s.in)
			if err != nil {
				return fmt.Errorf("attr: %s: image %d: %w", name, s.in.Index, err)
			}
			s.evals, s.filled, s.folded = evals, 0, 0
			open = append(open, s)
			opened++
			waiting += evals
		}
		if waiting == 0 {
			return nil
		}
		count := min(waiting, model.Lanes)
		for lane, at := 0, 0; lane < count; at++ {
			s := open[at]
			k := min(s.evals-s.filled, count-lane)
			s.fill(s.filled, k, b, lane)
			s.filled += k
			lane += k
		}
		err := b.Run(e.Ctx, count, func(_ int, logits []float32) {
			s := open[0]
			s.fold(s.folded, s.in.Target.Of(logits))
			if s.folded++; s.folded < s.evals {
				return
			}
			emit(emitted, s.end())
			emitted++
			free = append(free, s)
			open = append(open[:0], open[1:]...)
		})
		if err != nil {
			return fmt.Errorf("attr: %s: %w", name, err)
		}
		waiting -= count
	}
}

// attributePerturbed explains the inputs by a perturbation method.
func attributePerturbed(e *Env, o streamer, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

// checkSpread reports an unknown value of the option spread.
func checkSpread(spread string) error { return oneOf("spread", spread, "copy", "share") }

// moments is a running mean and variance (Welford 1962).
type moments struct {
	n    int
	mean float64
	m2   float64 // sum of squared deviations
}

func (m *moments) add(v float64) {
	m.n++
	d := v - m.mean
	m.mean += d / float64(m.n)
	m.m2 += float64(d * (v - m.mean))
}

// stderr is the standard error of the mean; 0 for a single value, which says
// nothing about it.
func (m *moments) stderr() float64 {
	if m.n < 2 {
		return 0
	}
	return math.Sqrt(m.m2 / float64(m.n) / float64(m.n-1))
}

// shuffle permutes p uniformly (Fisher-Yates from the end).
func shuffle(s *rng.Stream, p []int32) {
	for i := len(p) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
}

// Forwards returns how many passes forward m takes per image on a network that
// passed its Check, beyond those that Passes counts: the perturbed copies of
// perturbation methods, DeepLift's baselines, and what LRP's rules take beyond a
// gradient. For superpixels it is the largest number.
func Forwards(m Method, n *model.Net) int {
	switch o := m.(type) {
	case *NoiseTunnel:
		each := Forwards(o.Over, n)
		switch over := o.Over.(type) {
		// What the map is compared with: maps of noisy copies are not.
		case *GradientSHAP:
			each -= over.path().forwards()
		case *ExpectedGradients:
			each -= over.path().forwards()
		}
		return o.copies() * each
	case interface{ forwards(n *model.Net) int }:
		return o.forwards(n)
	}
	return 0
}
