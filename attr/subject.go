package attr

import (
	"fmt"

	"assay/model"
)

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

	lanes     []uint32  // of each feature, the lanes of the block that show it
	turned    []int32   // features that not all lanes show alike
	rewritten bool      // that may be any of them
	m, se     []float32 // [C*H*W]
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
		of, count := s.slic.cut(s.e, in.X, s.mask)
		s.own.build(of, count, s.e.Worker.Model().Net().Input.C)
		s.partition = &s.own
	}
	s.score = resize(s.score, s.count())
	if cap(s.lanes) < s.count() {
		s.lanes = make([]uint32, s.count())
	}
	s.lanes, s.turned, s.rewritten = s.lanes[:s.count()], s.turned[:0], false
	clear(s.lanes)
}

// everyLane is the word of a feature that all lanes show; its upper half goes
// with the last lane.
const everyLane = ^uint32(0)

// all shows all features, or none, from lane on.
func (s *subject) all(lane int, on bool) {
	from := everyLane << lane
	for f := range s.lanes {
		if on {
			s.lanes[f] |= from
		} else {
			s.lanes[f] &^= from
		}
	}
	s.rewritten = true
}

// turn shows a feature that was absent, or the other way round, from lane on.
func (s *subject) turn(f, lane int) {
	s.lanes[f] ^= everyLane << lane
	s.turned = append(s.turned, int32(f))
}

// show writes the lanes from the first on, and leaves for the next block what the
// last lane shows.
func (s *subject) show(b *model.Block, first int) {
	b.Select(first, s.of, s.lanes, s.in.X, s.base)
	last := func(f int) { s.lanes[f] = uint32(int32(s.lanes[f]) >> 31) }
	if s.rewritten {
		for f := range s.lanes {
			last(f)
		}
	} else {
		for _, f := range s.turned {
			last(int(f))
		}
	}
	s.rewritten, s.turned = false, s.turned[:0]
}

// showEdges writes those of evaluations k to k+n-1 that are 0 or 1 and returns
// how many they are. Afterwards all features are shown.
func (s *subject) showEdges(k, n int, b *model.Block, lane int) int {
	if k >= 2 {
		return 0
	}
	count := min(2-k, n)
	for i := range count {
		s.all(lane+i, k+i == 1)
	}
	s.show(b, lane)
	return count
}

// showSets writes the lanes from the first on: lane l shows the features whose
// bits are set in sets[l*words:(l+1)*words].
func (s *subject) showSets(b *model.Block, first int, sets []uint64, words int) {
	// The table of lanes by features is turned over 8 by 8.
	for w := range words {
		to := s.lanes[64*w:]
		for at := 0; at < 64 && at < len(to); at += 8 {
			var low, high uint64
			for l := range 8 {
				low |= sets[l*words+w] >> at & 0xff << (8 * l)
				high |= sets[(8+l)*words+w] >> at & 0xff << (8 * l)
			}
			low, high = turnOver(low), turnOver(high)
			for i := range min(8, len(to)-at) {
				to[at+i] = uint32(low>>(8*i)&0xff | high>>(8*i)&0xff<<8)
			}
		}
	}
	b.Select(first, s.of, s.lanes, s.in.X, s.base)
}

// turnOver transposes an 8 by 8 matrix of bits, a byte a row (Warren, Hacker's
// Delight, 2nd ed., section 7-3): blocks of 1, 2 and 4 trade places across the
// diagonal.
func turnOver(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
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

// foldEdges takes evaluations 0 and 1; it reports whether k is one of them.
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
