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
// max-pool changes; between two cuts the network is affine, so its gradient
// there, times the length, is the integral. The cuts are found layer by
// layer (Sotoudeh & Thakur, "Computing Linear Restrictions of Neural Networks",
// NeurIPS 2019): before the first non-linear layer the activation is affine on
// the whole path, and its values at both ends give the cuts of that layer;
// between those the activation before the second one is affine, and so on.
// Nothing walks from cut to cut: each layer is a stage that takes the points of
// a path in order, 16 side by side, compares neighbours, and hands on the points
// with the new ones between them. Consecutive paths share the lanes. Gradients
// are then led back through the parts of the network by links, which need not
// run it forward again (link).
//
// Values are float32 and cuts float64. A cut that rounding puts a little beside
// its place costs its distance times the jump of the gradient there. Errors do
// not add up along the path: at every point of a stage the state of its layer is
// that of the values there, however it was reached. What lies before the first
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

// paths is the memory of PathGradients: stages that find the cuts, links that take
// gradients between them, and a pass that leads those to the input.
type paths struct {
	ctx    context.Context
	fold   func(i int, r PathResult)
	stages []*stage
	links  []*link
	size   int // values of an image
	inner  int // and of the activation that the first link leads to

	back *pass // of the layers before it, nil if there is none
	seed rows  // sums to lead back
	mean rows  // and what becomes of them
	done []*walk

	target []float32 // [classes] the derivative that the last link begins with
	free   []*walk
}

// walk is one path on its way.
type walk struct {
	i       int
	target  Target
	x, base []float32  // [size] the path's ends
	states  [][]uint16 // by kink, at the beginning
	events  []event
	split   int // the first link whose gradients are taken kink by kink
	regions int
	sum     []float64 // [inner]
}

// reset forgets what an interrupted call left behind.
func (p *paths) reset() {
	p.done = p.done[:0]
	for _, s := range p.stages {
		s.n = 0
	}
	for _, l := range p.links {
		l.n, l.walk = 0, nil
	}
}

// open takes a walk for path i. As many are open as there are ends of paths in
// the lanes of all stages and links, however many paths there are.
func (p *paths) open(i int) *walk {
	var k *walk
	if n := len(p.free); n > 0 {
		k, p.free = p.free[n-1], p.free[:n-1]
	} else {
		k = &walk{x: make([]float32, p.size), base: make([]float32, p.size), sum: make([]float64, p.inner)}
		for _, s := range p.stages {
			k.states = append(k.states, make([]uint16, len(s.now)))
		}
	}
	k.i, k.events = i, k.events[:0]
	clear(k.sum)
	return k
}

// start sends the ends of a path through the stages.
func (p *paths) start(k *walk) error {
	if len(p.stages) == 0 {
		return p.end(k)
	}
	for t, x := range [][]float32{k.base, k.x} {
		if err := p.stages[0].push(point{k, float64(t)}, 1, x, x); err != nil {
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
	for _, l := range slices.Backward(p.links) {
		if err := l.run(); err != nil {
			return err
		}
	}
	return p.lead()
}

// end takes a path whose cuts are found.
func (p *paths) end(k *walk) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	p.arrange(k)
	clear(p.target)
	p.target[k.target.Class]++
	if k.target.Minus >= 0 {
		p.target[k.target.Minus]--
	}
	return p.links[len(p.links)-1].push(piece{walk: k, to: 1}, p.target)
}

// add takes a piece's gradient from the first link.
func (p *paths) add(c piece, g []float32) error {
	length := 1.0
	if !c.summed {
		length = c.to - c.from
	}
	Accumulate(length, g, c.walk.sum)
	if c.to < 1 {
		return nil
	}
	p.done = append(p.done, c.walk)
	if len(p.done) < Lanes {
		return nil
	}
	return p.lead()
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
		if j := firstNotFinite(set(), grad); j >= 0 {
			return fmt.Errorf("model: gradient %d of point %d is %v: the network overflows float32 on this input", j, k.i, grad[j])
		}
		p.fold(k.i, PathResult{X: k.x, Baseline: k.base, Grad: grad, Regions: k.regions})
		p.free = append(p.free, k)
	}
	p.done = p.done[:0]
	return nil
}
