package attr

import (
	"fmt"
	"math"
	"math/bits"

	"assay/model"
	"assay/model/rng"
)

// A trial is one image under a perturbation method: perturbed copies that the
// network evaluates, and what becomes of its answers. begin, all fills, all
// folds and end come in this order; fills run up to model.Lanes ahead of folds.
// A trial serves image after image, so that memory does not grow.
type trial interface {
	// begin takes the next image, whose values stay until end, and returns the
	// number of evaluations, at least 1.
	begin(in *Input) (int, error)
	// fill writes the input of evaluation k = 0, 1, ...
	fill(k int, x []float32)
	// fold takes the target's value there.
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
		at := 0
		count := min(waiting, model.Lanes)
		err := e.Worker.Logits(e.Ctx, count,
			func(_ int, x []float32) {
				for open[at].filled == open[at].evals {
					at++
				}
				s := open[at]
				s.fill(s.filled, x)
				s.filled++
			},
			func(_ int, logits []float32) {
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

// setting is what the trials of one run have in common: the features and the
// baseline.
type setting struct {
	e        *Env
	mask     Mask
	part     *partition                     // nil where it depends on the image
	size     int                            // values of an image
	baseline func(in *Input, dst []float32) // writes the image's baseline
}

func newSetting(e *Env, mask Mask, b Baseline) (*setting, error) {
	part, err := mask.fixed(e.Worker.Model().Net().Input)
	if err != nil {
		return nil, fmt.Errorf("attr: mask %w", err)
	}
	base, err := b.one(e)
	if err != nil {
		return nil, err
	}
	return &setting{e: e, mask: mask, part: part, size: e.size(), baseline: base}, nil
}

// subject is an image with its features and baseline: what trials over features
// have in common. Its evaluations 0 and 1 are those of the baseline and of the
// image.
type subject struct {
	*setting
	*partition // of this image
	in         *Input
	base       []float32 // [C*H*W]
	own        partition // its memory, where it depends on the image
	slic       slic
	fx, fb     float64
	score      []float64 // [features]
	m, se      []float32 // [C*H*W]
}

func newSubject(s *setting) *subject {
	return &subject{setting: s, base: make([]float32, s.size), m: make([]float32, s.size), se: make([]float32, s.size)}
}

// take is the start of every begin.
func (s *subject) take(in *Input) {
	s.in = in
	s.baseline(in, s.base)
	s.partition = s.part
	if s.part == nil {
		of, count := s.slic.segment(s.e, in.X, s.mask)
		s.own.build(of, count)
		s.partition = &s.own
	}
	s.score = resize(s.score, s.count())
}

// compose writes the image with the features present and the baseline's values
// for the others; it starts from where less is to be written.
func (s *subject) compose(present []uint64, x []float32) {
	n, have := s.count(), ones(present)
	from, with, want := s.in.X, s.base, uint64(0)
	if 2*have < n {
		from, with, want = s.base, s.in.X, 1
	}
	copy(x, from)
	for i, w := range present {
		if want == 0 {
			w = ^w
			if left := n - 64*i; left < 64 {
				w &= 1<<left - 1
			}
		}
		for ; w != 0; w &= w - 1 {
			s.put(64*i+bits.TrailingZeros64(w), with, x)
		}
	}
}

// ones counts the bits that are set.
func ones(set []uint64) int {
	n := 0
	for _, w := range set {
		n += bits.OnesCount64(w)
	}
	return n
}

// resize returns a zeroed slice of n values, in the memory of s where it
// suffices.
func resize(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// fillEdges and foldEdges handle evaluations 0 and 1; they report whether k is
// one of them.
func (s *subject) fillEdges(k int, x []float32) bool {
	switch k {
	case 0:
		copy(x, s.base)
	case 1:
		copy(x, s.in.X)
	default:
		return false
	}
	return true
}

func (s *subject) foldEdges(k int, v float64) bool {
	switch k {
	case 0:
		s.fb = v
	case 1:
		s.fx = v
	default:
		return false
	}
	return true
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
// perturbation methods. For superpixels it is the largest number.
func Forwards(m Method, n *model.Net) int {
	switch o := m.(type) {
	case *NoiseTunnel:
		return o.copies() * Forwards(o.Over, n)
	case interface{ forwards(n *model.Net) int }:
		return o.forwards(n)
	}
	return 0
}
