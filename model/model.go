// Package model holds networks: their description, weights, graph and executor.
//
// A network is a list of layers (Net). Gorgonia builds its expression graph
// from this package's operations and differentiates it; the sorted graph is
// compiled into a flat program that runs SIMD kernels over an arena, without
// allocating. What Gorgonia's own machine would compute from the same graph has
// the same bits.
//
// # Order of arithmetic
//
// Results do not depend on the instruction set, the number of workers, the
// batch size, or the company a point is evaluated in:
//
//   - An output of a convolution or linear layer, or an element of their input
//     gradients, is one chain of float32 fused multiply-adds. It starts at the
//     bias (0 for gradients) and runs over blocks of channels and, within a
//     block, over tap rows, tap columns and channels, each ascending, taps on the
//     padding left out. A block is 8 channels where a kernel of more than one tap
//     reads more than 16, else all channels.
//   - Outside training a batch norm right behind a convolution is folded into its
//     weights and bias, in float64, rounded once; another one is one fused
//     multiply-add. An average is a float64 sum over its window, rows and columns
//     ascending, rounded once.
//   - ReLU, max-pooling, sums of two activations and their backward rules round
//     every operation by itself. Smooth activations are float64 on one value, with
//     the exp and log of package rng, rounded once.
//   - LRP's rules are chains as above with other weights; between them every
//     division, product and sum is rounded by itself. Where a chain reads its
//     inputs by the sign of the weights, weights that count for nothing are left
//     out, and a block has as many channels as the first cache holds of 8 pixels of
//     a row (see signed). A rule's sum may be put together from the layer's output
//     and another sum, where both have the same sign.
//   - RevealCancel's sums by sign are chains over what changes upwards and, behind
//     it, what changes downwards, and so are their input gradients over the outputs;
//     a ReLU's multipliers are float64 on one value, rounded once with what they
//     multiply.
//   - In training by fours, a linear layer's output is eight partial sums over its inputs
//     by position, a fixed tree, then the bias.
//   - A weight gradient is the sum over rows, columns and images in eight chains
//     by position within the row and a fixed tree, per block of four images;
//     blocks are added in order. For linear layers it is a chain over the four
//     images. A network with batch norms trains on its whole batch as one block;
//     its statistics are float64 sums.
//   - The softmax is float64, with the exp and log of package rng.
//   - The Rescale and RevealCancel rules carry the change from the baseline, not the
//     input's own activations: chains as above without bias, and changes of the
//     other layers that are rounded against themselves, not against the activation.
//     The change of the logits is a float64 sum, rounded once, and the logits are
//     the baseline's and that change, added. Worker.Multipliers is float64
//     throughout.
//   - Worker.PathGradients keeps places on a path and sums of gradients in
//     float64, and values in float32, as sums are that go back through a part of
//     the network: rounding moves a cut by about as much as it moves a value, and
//     costs that distance times the gradient's jump there, some 1e-6 of a map in
//     all. Cuts closer than 2^-32 of the path are one.
package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// Model is a network with its weights, ready to run. It is immutable and safe
// for concurrent use; every goroutine takes a Worker of its own.
type Model struct {
	net     *Net
	weights *Weights
	level   kernel.Level

	mu       sync.Mutex
	programs map[Rule]*program
	lrp      map[string]*relevanceProgram
	parts    map[string]*Model
}

// New checks the weights against the network (Weights.Fit). Both are kept, not
// copied, and must not be changed afterwards.
func New(n *Net, w *Weights) (*Model, error) {
	if err := n.Resolve(); err != nil {
		return nil, err
	}
	w, err := w.Fit(n)
	if err != nil {
		return nil, err
	}
	return newModel(n, w, activeLevel()), nil
}

// newModel takes a network that was resolved and weights that fit it.
func newModel(n *Net, w *Weights, l kernel.Level) *Model {
	return &Model{net: n, weights: w, level: l, programs: map[Rule]*program{}, parts: map[string]*Model{}}
}

// Upto returns the model of the layers up to and including the named one (see
// Net.Upto). Its targets are that layer's neurons.
func (m *Model) Upto(layer string) (*Model, error) {
	n, err := m.net.Upto(layer)
	if err != nil {
		return nil, err
	}
	return m.part("upto "+layer, n), nil
}

// After returns the model of the layers behind the named one (see Net.After).
// Its input is that layer's activation, so a method applied to it attributes to
// the layer.
func (m *Model) After(layer string) (*Model, error) {
	n, err := m.net.After(layer)
	if err != nil {
		return nil, err
	}
	return m.part("after "+layer, n), nil
}

// part makes a part of the network once.
func (m *Model) part(id string, n *Net) *Model {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.parts[id]; p != nil {
		return p
	}
	w := &Weights{}
	for _, p := range n.Params() {
		w.Tensors = append(w.Tensors, Tensor{p.Name, p.Shape, m.weights.Get(p.Name)})
	}
	m.parts[id] = newModel(n, w, m.level)
	return m.parts[id]
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

// program returns the compiled pass for a rule, with the weights packed.
func (m *Model) program(r Rule) *program {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.programs[r]; p != nil {
		return p
	}
	var g *graph
	var outs []*gorgonia.Node
	switch r {
	case forward:
		g, outs = forwardGraph(m.net)
	case biased:
		g, outs = biasGraph(m.net)
	case gated:
		g, outs = gatedGraph(m.net)
	default:
		g, outs = backwardGraph(m.net, r)
	}
	m.programs[r] = m.compile(g, outs)
	return m.programs[r]
}

// compile makes a graph's program, with the weights packed.
func (m *Model) compile(g *graph, outs []*gorgonia.Node) *program {
	p := g.compile(m.level, outs)
	in := p.instance()
	for _, t := range m.weights.Tensors {
		copy(in.weights[t.Name], t.Data)
	}
	in.prepare()
	p.release()
	return p
}
