package model

import (
	"context"
	"fmt"
	"slices"
)

// Path is a straight path through the space of images, filled in by the caller.
type Path struct {
	X        []float32 // [C*H*W] its end
	Baseline []float32 // [C*H*W] its start
	Target   Target    // Minus is -1 before the call
}

// PathResult is what came of one path. Its slices are valid during the call only.
type PathResult struct {
	X        []float32 // [C*H*W] as they were filled in
	Baseline []float32
	Grad     []float32 // [C*H*W] mean over the path of the target's derivative by the input
	Regions  int       // affine pieces the path runs through, at least 1
}

// tiny is the length below which a region is counted to its neighbour, as a
// share of the path. Float32 tells points that close apart for no value between
// 2^-8 and the path's own scale, and what is lost is at most tiny times the jump
// of the gradient.
const tiny = 0x1p-32

// PathGradients integrates the gradient over n straight paths exactly, for
// networks that are piecewise linear (Net.PiecewiseLinear says why another is
// not). Fill and fold are called in order, fill some paths ahead, and a result
// does not depend on the paths beside it. It stops with ctx's error between
// blocks, and with an error where a logit or a gradient is not finite.
//
// A path is cut at every point where a ReLU switches or the winner of a
// max-pool changes; between two cuts the network is affine, so its gradient at
// the middle, times the length, is the integral. The cuts are found layer by
// layer (Sotoudeh & Thakur, "Computing Linear Restrictions of Neural Networks",
// NeurIPS 2019): before the first non-linear layer the activation is affine on
// the whole path, and its values at both ends give the cuts of that layer;
// between those the activation before the second one is affine, and so on.
// Nothing walks from cut to cut: each layer is a stage that takes the points of
// a path in order, 16 side by side, compares neighbours, and hands on the points
// with the new ones between them. Consecutive paths share the lanes.
//
// Values are float32 and cuts float64. A cut that rounding puts a little beside
// its place costs its distance times the jump of the gradient there, since every
// gradient is that of the network at a point on the path, whatever the stages
// found: errors do not add up along the path. What lies before the first
// non-linear layer is never run again: its gradient is taken once, of the sum.
func (w *Worker) PathGradients(ctx context.Context, n int, fill func(i int, p *Path), fold func(i int, r PathResult)) error {
	if err := w.m.net.PiecewiseLinear(); err != nil {
		return err
	}
	if w.paths == nil {
		w.paths = newPaths(w.m)
	}
	p := w.paths
	p.ctx, p.fold = ctx, fold
	p.reset()
	for i := range n {
		k := p.open(i)
		pt := Path{X: k.x, Baseline: k.base, Target: Target{Minus: -1}}
		fill(i, &pt)
		k.target = pt.Target
		if err := p.start(k); err != nil {
			return err
		}
	}
	return p.flush()
}

// paths is the memory of PathGradients: stages that find the cuts, a pass that
// takes gradients between them, and one that leads those to the input.
type paths struct {
	ctx    context.Context
	fold   func(i int, r PathResult)
	stages []*stage
	size   int // values of an image
	inner  int // and of the activation before the first non-linear layer

	grad  *pass // of the layers from the first non-linear one on
	piece [Lanes]piece
	n     int // lanes of grad that are taken

	back *pass // of the layers before it, nil if there is none
	seed rows  // sums to lead back
	mean rows  // and what becomes of them
	done []*walk

	free []*walk
}

// walk is one path on its way.
type walk struct {
	i       int
	target  Target
	x, base []float32 // [size] the path's ends,
	zx, zb  []float32 // [inner] and those of the activation that grad starts from
	last    float64   // the last cut that came out of the stages
	regions int
	sum     []float64 // [inner]
}

// piece is a region of a path, in a lane of grad.
type piece struct {
	walk   *walk
	length float64
	last   bool
}

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
	kink  kink
	next  *stage
	done  func(p point) error // takes the points of the last stage

	points   [Lanes]point
	n        int
	cuts     []float64
	prevZ    []float32 // those of the point before the one in the first row,
	prevOut  []float32
	prevAt   float64 // and where on the path that was
	keepEnds bool    // z at the ends of the path is where grad starts from
}

// point is a place on a path, 0 the baseline and 1 the input.
type point struct {
	walk *walk
	t    float64
}

func newPaths(m *Model) *paths {
	n := m.net
	p := &paths{size: n.Input.Size(), inner: n.Input.Size()}
	rest, at := m, 0 // at is the activation that the next stage takes
	for i := 0; i < len(n.Layers); {
		k, layers := n.kinkOf(i)
		if k == nil {
			i++
			continue
		}
		z := n.reads()[i][0]
		s := &stage{layer: n.Layers[i].Name, kink: k, done: p.region}
		if z == at {
			s.x = newRows(n.shapeOf(at).Size(), Lanes)
			s.z = s.x
		} else {
			s.pass = m.between(at, z).Worker().pass(forward)
			s.x, s.z = s.pass.x, s.pass.logits
		}
		s.out = s.x
		if n.cutAt(z) {
			s.out, at = s.z, z
		}
		s.prevZ, s.prevOut = make([]float32, s.z.n), make([]float32, s.out.n)
		if len(p.stages) == 0 && at > 0 {
			s.keepEnds = true
			p.inner = s.z.n
			p.back = m.between(0, z).Worker().pass(Gradient)
			p.seed = newRows(p.inner, Lanes)
			rest = m.between(z, len(n.Layers))
		}
		if len(p.stages) > 0 {
			p.stages[len(p.stages)-1].next = s
		}
		p.stages = append(p.stages, s)
		i += layers
	}
	p.grad = rest.Worker().pass(Gradient)
	p.mean = newRows(p.size, Lanes)
	return p
}

// between returns the model from one activation, where the network can be cut,
// to a later one, both as Net.reads counts them.
func (m *Model) between(from, to int) *Model {
	part, end := m, m.net.nameOf(to)
	var err error
	if from > 0 {
		part, err = m.After(m.net.nameOf(from))
	}
	if err == nil && to < len(m.net.Layers) {
		part, err = part.Upto(end)
	}
	if err != nil {
		panic(err) // cutAt has said that it can be cut
	}
	return part
}

// reset forgets what an interrupted call left behind.
func (p *paths) reset() {
	p.n, p.done = 0, p.done[:0]
	for _, s := range p.stages {
		s.n = 0
	}
}

// open takes a walk for path i. As many are open as there are ends of paths in
// the lanes of all stages, however many paths there are.
func (p *paths) open(i int) *walk {
	var k *walk
	if n := len(p.free); n > 0 {
		k, p.free = p.free[n-1], p.free[:n-1]
	} else {
		k = &walk{x: make([]float32, p.size), base: make([]float32, p.size), sum: make([]float64, p.inner)}
		k.zx, k.zb = k.x, k.base
		if p.back != nil {
			k.zx, k.zb = make([]float32, p.inner), make([]float32, p.inner)
		}
	}
	k.i, k.last, k.regions = i, 0, 0
	clear(k.sum)
	return k
}

// start sends the ends of a path through the stages.
func (p *paths) start(k *walk) error {
	for t, x := range [][]float32{k.base, k.x} {
		at := point{k, float64(t)}
		if len(p.stages) == 0 {
			if err := p.region(at); err != nil {
				return err
			}
			continue
		}
		if err := p.stages[0].push(at, 1, x, x); err != nil {
			return err
		}
	}
	return nil
}

// flush empties the lanes after the last path.
func (p *paths) flush() error {
	for _, s := range p.stages {
		if err := s.run(); err != nil {
			return err
		}
	}
	if err := p.gradients(); err != nil {
		return err
	}
	return p.lead()
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
		if s.keepEnds && at.t == 0 {
			copy(at.walk.zb, z)
		}
		if s.keepEnds && at.t == 1 {
			copy(at.walk.zx, z)
		}
		if at.t > 0 {
			s.cuts = s.kink.cuts(prevZ, z, s.cuts[:0])
			if err := s.between(at, prevAt, prevOut, out); err != nil {
				return err
			}
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

// between hands on the cuts between two neighbours a and b, the latter at.
func (s *stage) between(at point, from float64, a, b []float32) error {
	slices.Sort(s.cuts)
	last := from
	for _, u := range s.cuts {
		t := from + float64(u*(at.t-from))
		if !(t-last >= tiny && at.t-t >= tiny) { // nor NaN
			continue
		}
		if err := s.hand(point{at.walk, t}, float32(u), b, a); err != nil {
			return err
		}
		last = t
	}
	return nil
}

// hand gives a point to the next stage, or to the gradients after the last.
func (s *stage) hand(at point, alpha float32, b, a []float32) error {
	if s.next == nil {
		return s.done(at)
	}
	return s.next.push(at, alpha, b, a)
}

// region takes the next cut of a path and puts the middle of what it ends into a
// lane of the gradient pass.
func (p *paths) region(at point) error {
	k := at.walk
	if at.t == 0 {
		return nil
	}
	middle := p.grad.x.row(p.n)
	Lerp(float32(0.5*(k.last+at.t)), k.zx, k.zb, middle)
	if j := firstNotFinite(set(), middle); j >= 0 {
		return fmt.Errorf("model: from %v to %v at value %d of point %d overflows float32", k.zb[j], k.zx[j], j, k.i)
	}
	p.piece[p.n] = piece{k, at.t - k.last, at.t == 1}
	k.last = at.t
	p.n++
	if p.n == Lanes {
		return p.gradients()
	}
	return nil
}

// gradients runs the gradient pass and adds gradient times length to the sums.
func (p *paths) gradients() error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	g := p.grad
	seed := g.leaf["seed"]
	clear(seed)
	for l := range p.n {
		t := p.piece[l].walk.target
		seed[t.Class*Lanes+l]++
		if t.Minus >= 0 {
			seed[t.Minus*Lanes+l]--
		}
	}
	g.load(p.inner, "x", g.x)
	g.run()
	g.store(g.logits.n, g.out[0], g.logits)
	g.store(p.inner, g.out[1], g.grad)
	n := p.n
	p.n = 0
	for l := range n {
		c := p.piece[l]
		r := Result{Grad: g.grad.row(l), Logits: g.logits.row(l)}
		if err := g.finite(c.walk.i, r); err != nil {
			return err
		}
		Accumulate(c.length, r.Grad, c.walk.sum)
		c.walk.regions++
		if !c.last {
			continue
		}
		p.done = append(p.done, c.walk)
		if len(p.done) == Lanes {
			if err := p.lead(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lead takes finished sums back to the input, all of them in one pass, and
// folds them.
func (p *paths) lead() error {
	if p.back != nil {
		for l, k := range p.done {
			row := p.seed.row(l)
			for j, v := range k.sum {
				row[j] = float32(v)
			}
		}
		p.back.load(p.inner, "seed", p.seed)
		p.back.run()
		p.back.store(p.size, p.back.out[1], p.mean)
	}
	for l, k := range p.done {
		grad := p.mean.row(l)
		if p.back == nil {
			for j, v := range k.sum {
				grad[j] = float32(v)
			}
		}
		if err := p.grad.finite(k.i, Result{Grad: grad}); err != nil {
			return err
		}
		p.fold(k.i, PathResult{X: k.x, Baseline: k.base, Grad: grad, Regions: k.regions})
		p.free = append(p.free, k)
	}
	p.done = p.done[:0]
	return nil
}
