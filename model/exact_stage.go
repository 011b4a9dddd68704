package model

import (
	"cmp"
	"fmt"
	"slices"
)

// stage runs the layers up to a non-linear one and finds the cuts of the latter.
// It takes points as activations where the network can be cut; those before its
// non-linear layer are what it compares. It hands these on, if the network can
// be cut there too, else (inside a residual block) what it took.
type stage struct {
	*pass // nil if nothing lies between
	x     rows
	z     rows   // the activation before the non-linear layer
	out   rows   // z or x: what is handed on
	layer string // its name
	at    int    // place among the stages
	kink  kink
	next  *stage
	end   func(k *walk) error // takes the paths of the last stage

	points  [Lanes]point
	n       int
	cuts    []cut
	now     []uint16  // the state of the kink
	prevZ   []float32 // those of the point before the one in the first row,
	prevOut []float32
	prevAt  float64 // and where on the path that was
}

// point is a place on a path, 0 the baseline and 1 the input.
type point struct {
	walk *walk
	t    float64
}

// push takes the point at alpha between a (0) and b (1) into the stage's rows.
func (s *stage) push(at point, alpha float32, b, a []float32) error {
	row := s.x.row(s.n)
	if alpha == 1 {
		copy(row, b)
	} else {
		Lerp(alpha, b, a, row)
	}
	s.points[s.n] = at
	s.n++
	if s.n == Lanes {
		return s.run()
	}
	return nil
}

// run finds the cuts between the points in the rows and hands all of them on.
func (s *stage) run() error {
	if s.n == 0 {
		return nil
	}
	if s.pass != nil {
		s.load(s.x.n, "x", s.x)
		s.pass.run()
		s.store(s.z.n, s.pass.out[0], s.z)
	}
	n := s.n
	s.n = 0
	prevZ, prevOut, prevAt := s.prevZ, s.prevOut, s.prevAt
	for l := range n {
		at, z, out := s.points[l], s.z.row(l), s.out.row(l)
		if j := firstNotFinite(set(), z); j >= 0 { // a ReLU would turn NaN into 0 and nobody would know
			return fmt.Errorf("model: value %d before %s of point %d is %v: the network overflows float32 on this input", j, s.layer, at.walk.i, z[j])
		}
		if at.t == 0 {
			s.kink.state(z, s.now)
			copy(at.walk.states[s.at], s.now)
		} else if err := s.between(at, prevZ, z, prevAt, prevOut, out); err != nil {
			return err
		}
		if err := s.hand(at, 1, out, out); err != nil {
			return err
		}
		prevZ, prevOut, prevAt = z, out, at.t
	}
	copy(s.prevZ, prevZ)
	copy(s.prevOut, prevOut)
	s.prevAt = prevAt
	return nil
}

// between finds the cuts between two neighbours a and b, the latter at, and hands
// them on.
func (s *stage) between(at point, za, zb []float32, from float64, a, b []float32) error {
	s.cuts = s.kink.cuts(za, zb, s.now, s.cuts[:0])
	slices.SortStableFunc(s.cuts, func(a, b cut) int { return cmp.Compare(a.u, b.u) })
	last, k := from, at.walk
	for _, c := range s.cuts {
		t := min(max(from, from+float64(c.u*(at.t-from))), at.t)
		k.events = append(k.events, event{t, int32(s.at), c.unit, c.to})
		s.now[c.unit] = c.to
		if !(t-last >= tiny && at.t-t >= tiny) { // nor NaN
			continue
		}
		if err := s.hand(point{k, t}, float32(c.u), b, a); err != nil {
			return err
		}
		last = t
	}
	return nil
}

// hand gives a point to the next stage. After the last one the end of a path is
// all that matters.
func (s *stage) hand(at point, alpha float32, b, a []float32) error {
	switch {
	case s.next != nil:
		return s.next.push(at, alpha, b, a)
	case at.t == 1:
		return s.end(at.walk)
	}
	return nil
}
