package model

import (
	"context"
	"fmt"

	"assay/model/internal/kernel"
)

// Rule says how a backward pass treats the non-linear layers.
type Rule int

const (
	// Gradient is plain backpropagation. ReLU passes where its input is above 0
	// (not at 0, as PyTorch), max-pool routes to the first maximum.
	Gradient Rule = iota
	// Rescale gives DeepLift's multipliers by the Rescale rule of Shrikumar et
	// al. 2017, section 3.5.2, with the cross-maximum rule at max-pools.
	Rescale
	// RescaleCaptum is Captum's variant: max-pools route to the maximum of the
	// input alone, as in a plain gradient.
	RescaleCaptum
	// GuidedBackprop passes through a ReLU only what is positive, where its input
	// is above 0 (Springenberg et al. 2015, section 3.4).
	GuidedBackprop
	// Deconvolution passes through a ReLU what is positive, wherever its input
	// lies (Zeiler & Fergus 2014, section 2.1).
	Deconvolution
	// RevealCancel is Rescale, but that a ReLU behind a linear layer has a
	// multiplier for what speaks for it and one for what speaks against it
	// (Shrikumar et al. 2017, section 3.5.3), so that neither is lost where the
	// two cancel.
	RevealCancel
)

// baselined reports whether the rule compares with a reference input.
func (r Rule) baselined() bool { return r == Rescale || r == RescaleCaptum || r == RevealCancel }

// forward is the program of a pass without a backward half.
const forward Rule = -1

// Lanes is the number of points that run side by side.
const Lanes = 16

// Target is the scalar that is explained: the logit Class, less the logit Minus
// if Minus >= 0.
type Target struct{ Class, Minus int }

// Of returns the target's value.
func (t Target) Of(logits []float32) float64 {
	v := float64(logits[t.Class])
	if t.Minus >= 0 {
		v -= float64(logits[t.Minus])
	}
	return v
}

// Point is one evaluation of the network, filled in by the caller.
type Point struct {
	X        []float32 // [C*H*W] the input
	Baseline []float32 // [C*H*W] the reference input; nil but for DeepLift's rules
	Target   Target    // Minus is -1 before the call
}

// Result is what came of one point. Its slices are valid during the call only.
type Result struct {
	Grad           []float32 // [C*H*W] derivative (DeepLift's rules: multiplier) of the target by the input
	Logits         []float32 // [classes]
	BaselineLogits []float32 // [classes], DeepLift's rules only
	// Change is by how much the logits differ from the baseline's [classes],
	// Rescale and RevealCancel only: what is left of it in Logits-BaselineLogits is
	// rounded away where they are nearly the same.
	Change []float32
}

// Worker runs a model on one goroutine. It owns all memory that a pass needs,
// so that a pass allocates nothing.
type Worker struct {
	m     *Model
	runs  map[Rule]*pass
	lrp   map[string]*relevancePass
	parts map[*Model]*Worker
	paths *paths // of PathGradients

	precise *precise // of Multipliers
}

// pass is one program's memory and the rows that points come and go in.
type pass struct {
	*instance
	x, ref, grad, logits, refLogits rows

	change rows // of a program that computes changes instead of logits
}

// rows holds one row a lane.
type rows struct {
	buf []float32
	ld  int
	n   int
}

// newRows pads every row by a cache line: rows a multiple of 4 KiB apart, as
// those of a 3x32x32 image would be, fall into the same sets of the cache.
func newRows(n, lanes int) rows {
	ld := roundUp(n) + align
	return rows{aligned(ld * lanes), ld, n}
}

func (r rows) row(l int) []float32 { return r.buf[l*r.ld : l*r.ld+r.n : l*r.ld+r.n] }

// Worker returns a new worker.
func (m *Model) Worker() *Worker { return &Worker{m: m, runs: map[Rule]*pass{}} }

// Upto returns a worker on Model.Upto(layer), one and the same every time.
func (w *Worker) Upto(layer string) (*Worker, error) { return w.part(w.m.Upto(layer)) }

// After returns a worker on Model.After(layer), one and the same every time.
func (w *Worker) After(layer string) (*Worker, error) { return w.part(w.m.After(layer)) }

func (w *Worker) part(m *Model, err error) (*Worker, error) {
	if err != nil {
		return nil, err
	}
	if w.parts[m] == nil {
		if w.parts == nil {
			w.parts = map[*Model]*Worker{}
		}
		w.parts[m] = m.Worker()
	}
	return w.parts[m], nil
}

// Model returns the worker's model.
func (w *Worker) Model() *Model { return w.m }

func (w *Worker) pass(r Rule) *pass {
	if p := w.runs[r]; p != nil {
		return p
	}
	size, classes := w.m.net.Input.Size(), w.m.net.Classes()
	p := &pass{instance: w.m.program(r).instance(), x: newRows(size, Lanes), logits: newRows(classes, Lanes)}
	if r != forward {
		p.grad = newRows(size, Lanes)
	}
	if r.baselined() {
		p.ref, p.refLogits = newRows(size, Lanes), newRows(classes, Lanes)
	}
	if r.carries() {
		p.change = newRows(classes, Lanes)
	}
	w.runs[r] = p
	return p
}

// Gradients evaluates n points by the rule. It calls fill for point 0, 1, ...,
// up to Lanes points ahead, and fold once for each point in the same order, so
// a stream of any length runs in constant memory. A point's result does not
// depend on its neighbours. It stops with ctx's error between blocks, and with
// an error where a logit, a gradient or an activation in between is not finite.
func (w *Worker) Gradients(ctx context.Context, rule Rule, n int, fill func(i int, p *Point), fold func(i int, r Result)) error {
	return w.evaluate(ctx, w.pass(rule), rule.baselined(), n, fill, fold)
}

// evaluate runs points through a pass with a backward half.
func (w *Worker) evaluate(ctx context.Context, p *pass, baselined bool, n int, fill func(i int, p *Point), fold func(i int, r Result)) error {
	size, classes := w.m.net.Input.Size(), w.m.net.Classes()
	var pt Point
	for i := 0; i < n; i += Lanes {
		if err := ctx.Err(); err != nil {
			return err
		}
		count := min(Lanes, n-i)
		seed := p.leaf["seed"]
		clear(seed)
		for l := range count {
			pt = Point{X: p.x.row(l), Target: Target{Minus: -1}}
			if baselined {
				pt.Baseline = p.ref.row(l)
			}
			fill(i+l, &pt)
			seed[pt.Target.Class*Lanes+l]++
			if pt.Target.Minus >= 0 {
				seed[pt.Target.Minus*Lanes+l]--
			}
		}
		p.load(size, "x", p.x)
		if baselined {
			p.load(size, "baseline", p.ref)
		}
		p.run()
		p.store(classes, p.out[0], p.logits)
		p.store(p.grad.n, p.out[1], p.grad)
		if baselined {
			p.store(classes, p.out[2], p.refLogits)
			if p.change.n > 0 {
				p.store(classes, p.out[0], p.change)
				p.add()
			}
		}
		for l := range count {
			r := Result{Grad: p.grad.row(l), Logits: p.logits.row(l)}
			if baselined {
				r.BaselineLogits = p.refLogits.row(l)
				if p.change.n > 0 {
					r.Change = p.change.row(l)
				}
			}
			if err := p.finite(i+l, l, r); err != nil {
				return err
			}
			fold(i+l, r)
		}
	}
	return nil
}

// add makes logits of the baseline's and the change.
func (p *pass) add() {
	for l := range Lanes {
		logits, ref, change := p.logits.row(l), p.refLogits.row(l), p.change.row(l)
		for j, r := range ref {
			logits[j] = r + change[j]
		}
	}
}

// Logits evaluates n inputs forward only; fill and fold are called as in
// Gradients.
func (w *Worker) Logits(ctx context.Context, n int, fill func(i int, x []float32), fold func(i int, logits []float32)) error {
	p := w.pass(forward)
	size, classes := w.m.net.Input.Size(), w.m.net.Classes()
	for i := 0; i < n; i += Lanes {
		if err := ctx.Err(); err != nil {
			return err
		}
		count := min(Lanes, n-i)
		for l := range count {
			fill(i+l, p.x.row(l))
		}
		p.load(size, "x", p.x)
		p.run()
		p.store(classes, p.out[0], p.logits)
		for l := range count {
			if err := p.finite(i+l, l, Result{Logits: p.logits.row(l)}); err != nil {
				return err
			}
			fold(i+l, p.logits.row(l))
		}
	}
	return nil
}

// load interleaves rows into a leaf, store takes a result apart. Kernels move
// four values of each row at a time; the rest follows one by one.
func (p *instance) load(n int, leaf string, r rows) {
	dst := p.leaf[leaf]
	whole := n &^ 3
	if whole > 0 {
		p.k.Lanes16(whole, &r.buf[0], r.ld, &dst[0])
	}
	for i := whole; i < n; i++ {
		for l := range Lanes {
			dst[i*Lanes+l] = r.buf[l*r.ld+i]
		}
	}
}

func (p *instance) store(n int, src []float32, r rows) {
	whole := n &^ 3
	if whole > 0 {
		p.k.Rows16(whole, &src[0], &r.buf[0], r.ld)
	}
	for i := whole; i < n; i++ {
		for l := range Lanes {
			r.buf[l*r.ld+i] = src[i*Lanes+l]
		}
	}
}

// finite refuses point i, in lane l, where anything that was computed for it is not
// finite.
func (p *pass) finite(i, l int, r Result) error {
	if layer := p.lost[l]; layer != "" {
		return fmt.Errorf("model: values of %s are not finite for point %d: the network overflows float32 on this input", layer, i)
	}
	for _, c := range []struct {
		what string
		x    []float32
	}{{"logit", r.Logits}, {"baseline logit", r.BaselineLogits}, {"gradient", r.Grad}} {
		if j := firstNotFinite(p.k, c.x); j >= 0 {
			return fmt.Errorf("model: %s %d of point %d is %v: the network overflows float32 on this input", c.what, j, i, c.x[j])
		}
	}
	return nil
}

// firstNotFinite returns the index of the first NaN or infinity, -1 if none.
func firstNotFinite(k *kernel.Set, x []float32) int {
	whole := len(x) &^ 3
	if whole > 0 && !k.NotFinite(whole, &x[0]) {
		x = x[whole:]
	} else {
		whole = 0
	}
	for i, v := range x {
		if v-v != 0 {
			return whole + i
		}
	}
	return -1
}
