package model

import (
	"strings"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// relevance is the rule under which network builds an LRP graph: nothing is
// folded, and every layer's derivative is replaced by its LRP rule.
const relevance Rule = -4

// lrpGraph is what an LRP graph knows beyond its layers. What travels backward
// through it is relevance, not a gradient.
type lrpGraph struct {
	layers []Layer
	rules  []LRPRule // of every layer; the zero value for layers without weights
	norm   float64   // stabiliser of sums without weights: average pools, additions
	captum bool
	at     int // layer whose output's relevance is asked for, -1 for the image
	// nonNegative are the activations that are never below 0.
	nonNegative map[*gorgonia.Node]bool
	layer       map[*gorgonia.Node]int              // that made the activation
	readers     map[*gorgonia.Node][]*gorgonia.Node // of activations, in the forward half
	folded      map[*gorgonia.Node]bool             // max-pools that took the relu before them over
	shares      []*gorgonia.Node                    // [4, lanes] relevance: of the outputs, inputs, bias, z; output to input
	sharers     []int                               // layers that shares belong to
}

// attachLRP gives layer i, whose input has shape s and whose output is h, its
// rule in place of its derivative. Gorgonia then carries relevance from the
// logits to the input as it would a gradient, and adds up what comes from the
// branches of a network.
func (b *graph) attachLRP(i int, l Layer, s Shape, h *gorgonia.Node) {
	if _, done := b.lrp.layer[h]; done || h.Op() == nil {
		return // a flatten of what is flat, a relu that a pool takes over
	}
	o := h.Op().(*op)
	b.lrp.layer[h] = i
	k := kinds[l.Kind]
	switch k.role {
	case passing:
		o.diff = func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			ds := make([]*gorgonia.Node, len(in))
			ds[0] = grad
			return ds
		}
	case moving: // its gradient; of a max-pool the winner takes all
		if b.lrp.captum && l.Kind == "max_pool2d" {
			o.diff = b.lrpNorm(i, o.diff, 0)
		}
	case sharing:
		o.diff = b.lrpNorm(i, o.diff, k.shift)
	case ruled:
		o.diff = b.lrpWeighted(i, l, s, k.input)
	}
	switch k.sign {
	case notBelow0:
		b.lrp.nonNegative[h] = true
	case asInput:
		all := true
		for _, x := range b.operands[h] {
			all = all && b.nonNegative(x)
		}
		b.lrp.nonNegative[h] = b.lrp.nonNegative[h] || all || b.lrp.folded[h]
	}
}

// nonNegative reports whether an activation is known not to be below 0. A
// linear layer flattens its input by itself where that is an image, and what
// several layers read is copied.
func (b *graph) nonNegative(x *gorgonia.Node) bool {
	if b.lrp.nonNegative[x] {
		return true
	}
	o, isOp := x.Op().(*op)
	return isOp && (strings.HasPrefix(o.name, "flatten") || strings.HasPrefix(o.name, "copy")) && b.nonNegative(b.operands[x][0])
}

// asked reports whether the relevance of layer i's output is asked for. It then
// is a node of its own, though the layer may change nothing: its input may have
// other readers.
func (b *graph) asked(i int) bool { return b != nil && b.lrp != nil && b.lrp.at == i }

// listReaders notes who reads what; to be called when the forward half is there.
func (b *graph) listReaders() {
	b.lrp.readers = map[*gorgonia.Node][]*gorgonia.Node{}
	for n, operands := range b.operands {
		for _, x := range operands {
			b.lrp.readers[x] = append(b.lrp.readers[x], n)
		}
	}
}

// dead reports whether an activation has no relevance wherever it is 0 or below:
// a relu follows, and what reads the relu hands relevance out in proportion to
// its inputs. Rules need not look at such outputs.
func (b *graph) dead(x *gorgonia.Node) bool { return b.allReaders(x, b.deadFor) }

func (b *graph) allReaders(x *gorgonia.Node, ok func(reader *gorgonia.Node) bool) bool {
	for _, r := range b.lrp.readers[x] {
		if !ok(r) {
			return false
		}
	}
	return len(b.lrp.readers[x]) > 0
}

// kind returns the kind of the layer that a node is, "" for reshapings, copies
// and what belongs to no layer.
func (b *graph) kind(x *gorgonia.Node) string {
	if i, ok := b.lrp.layer[x]; ok {
		return b.lrp.layers[i].Kind
	}
	return ""
}

// passes reports whether a node hands relevance to values of its input that are
// values of its output.
func (b *graph) passes(x *gorgonia.Node) bool {
	name := x.Op().(*op).name
	return b.kind(x) == "max_pool2d" && !b.lrp.captum || strings.HasPrefix(name, "flatten") || strings.HasPrefix(name, "copy")
}

func (b *graph) deadFor(r *gorgonia.Node) bool {
	switch {
	case b.lrp.folded[r]:
		return true
	case b.passes(r):
		return b.dead(r)
	case b.kind(r) == "relu":
		return b.allReaders(r, b.proportionalFor)
	}
	return false
}

// proportionalFor reports whether reader r gives 0 to an input that is 0.
func (b *graph) proportionalFor(r *gorgonia.Node) bool {
	switch i, of := b.lrp.layer[r]; {
	case of && kinds[b.lrp.layers[i].Kind].role == ruled:
		return b.lrp.rules[i].proportional()
	case of && kinds[b.lrp.layers[i].Kind].role == sharing:
		return true
	}
	return b.passes(r) && b.allReaders(r, b.proportionalFor)
}

// foldsRelevance reports whether layer i is a relu that a max-pool, its only
// reader, takes over. The pool then gives nothing back where all that it reads is
// 0 or below; nothing is there to be given back if all that read the pool share
// relevance out in proportion.
func (b *graph) foldsRelevance(t *taps, i int) bool {
	if b.lrp.captum || b.asked(i) || t.n.Layers[i].Kind != "relu" || t.uses[i+1] != 1 {
		return false
	}
	pool := t.readers(i + 1)[0]
	return t.n.Layers[pool].Kind == "max_pool2d" && b.proportional(t, pool)
}

// proportional reports whether all that read layer i give 0 to an input that is 0.
func (b *graph) proportional(t *taps, i int) bool {
	readers := t.readers(i + 1)
	for _, j := range readers {
		switch kinds[t.n.Layers[j].Kind].role {
		case ruled:
			if !b.lrp.rules[j].proportional() {
				return false
			}
		case moving:
			if !b.proportional(t, j) {
				return false
			}
		case passing:
			return false
		}
	}
	return len(readers) > 0
}

// proportional reports whether the rule gives 0 to an input that is 0.
func (r LRPRule) proportional() bool {
	return r.Kind == "epsilon" || r.Kind == "gamma" || r.Kind == "z_plus" || r.Kind == "alpha_beta"
}

// lrpNorm is the epsilon rule of an operation that is linear in its operands:
// each gets in proportion to what it adds to the output. Operand bias, if not 0,
// is what is added per channel.
func (b *graph) lrpNorm(i int, gradient func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node, bias int) func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
	return func(in []*gorgonia.Node, out, rel *gorgonia.Node) []*gorgonia.Node {
		var shift *gorgonia.Node
		if bias > 0 {
			shift = in[bias]
		}
		s := b.handOut(rel, out, []divisor{only(out, shift)}, b.lrp.norm, nil)
		ds := gradient(in, out, s)
		var rs []*gorgonia.Node
		for j, d := range ds {
			if d != nil {
				ds[j] = b.binary("times", in[j], d, -1, func(k *kernel.Set, n int, x, y, out *float32) { k.Mul(n, x, y, out) })
				rs = append(rs, ds[j])
			}
		}
		b.account(i, rs, []*gorgonia.Node{s})
		return ds
	}
}
