package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Model is a network with its weights, ready to run. It is immutable and safe
// for concurrent use; every goroutine takes a Worker of its own.
type Model struct {
	net     *Net
	weights *Weights
}

// New checks the weights against the network (Weights.Fit) and compiles it.
func New(n *Net, w *Weights) (*Model, error) {
	if err := n.Resolve(); err != nil {
		return nil, err
	}
	w, err := w.Fit(n)
	if err != nil {
		return nil, err
	}
	return &Model{net: n, weights: w}, nil
}

// Net returns the network, not to be modified.
func (m *Model) Net() *Net { return m.net }

// Weights returns the weights, not to be modified.
func (m *Model) Weights() *Weights { return m.weights }

// Hash identifies what the model computes: layers and weights, whatever file
// they came from.
func (m *Model) Hash() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%v\n%s", m.net, m.weights.Hash()))
	return hex.EncodeToString(h[:])
}

// Rule says how a backward pass treats the non-linear layers.
type Rule int

const (
	// Gradient is plain backpropagation. ReLU passes where its input is above 0
	// (not at 0, as PyTorch), max-pool routes to the first maximum.
	Gradient Rule = iota
	// Rescale gives DeepLift's multipliers by the Rescale rule of Shrikumar et
	// al. 2017, section 3.5.1, with the cross-maximum rule at max-pools.
	Rescale
	// RescaleCaptum is Captum's variant: max-pools route to the maximum of the
	// input alone, as in a plain gradient.
	RescaleCaptum
)

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
	Baseline []float32 // [C*H*W] the reference input; nil but for the Rescale rules
	Target   Target
}

// Result is what came of one point. Its slices are valid during the call only.
type Result struct {
	Grad           []float32 // [C*H*W] derivative (Rescale: multiplier) of the target by the input
	Logits         []float32 // [classes]
	BaselineLogits []float32 // [classes], Rescale rules only
}

// Worker runs a model on one goroutine. It owns all memory that a pass needs,
// so that a pass allocates nothing.
type Worker struct {
	m *Model
	ref
}

// Worker returns a new worker.
func (m *Model) Worker() *Worker { return &Worker{m: m} }

// Model returns the worker's model.
func (w *Worker) Model() *Model { return w.m }

// Gradients evaluates n points by the rule. It calls fill for point 0, 1, ...,
// up to Lanes points ahead, and fold once for each point in the same order, so
// a stream of any length runs in constant memory. A point's result does not
// depend on its neighbours. It stops with ctx's error between blocks, and with
// an error where a logit or a gradient is not finite.
func (w *Worker) Gradients(ctx context.Context, rule Rule, n int, fill func(i int, p *Point), fold func(i int, r Result)) error {
	return w.slow(ctx, rule, n, fill, fold)
}

// Logits evaluates n inputs forward only; fill and fold are called as in
// Gradients.
func (w *Worker) Logits(ctx context.Context, n int, fill func(i int, x []float32), fold func(i int, logits []float32)) error {
	return w.slow(ctx, -1, n, func(i int, p *Point) { fill(i, p.X) }, func(i int, r Result) { fold(i, r.Logits) })
}

// Lanes is the number of points that run side by side.
const Lanes = 16
