package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// graph builds one Gorgonia expression graph and remembers what the executor
// needs of it: every node's operands in order, and which leaves are which.
type graph struct {
	g        *gorgonia.ExprGraph
	lanes    int
	operands map[*gorgonia.Node][]*gorgonia.Node
	weights  map[string]*gorgonia.Node // by tensor name
	leaves   map[string]*gorgonia.Node // "x", "baseline", "seed", "labels"
	stats    map[string]*gorgonia.Node // of the batch, by batch norm, in a training graph
	sums     map[*gorgonia.Node]*op    // Gorgonia's own sums of the derivatives of an activation read twice
	gates    map[int]standIn           // of a gatedGraph, by layer; nil otherwise
	lrp      *lrpGraph                 // of an LRP graph: the layers' rules; nil otherwise
	// layer is the layer under construction, if it has no weights. Gorgonia merges
	// nodes of one name and operands, and two layers that do the same to the same
	// activation must stay two: what comes back to either is a backward rule's to
	// change before the sum of both.
	layer string
}

func newGraph(lanes int) *graph {
	return &graph{
		g: gorgonia.NewGraph(), lanes: lanes, operands: map[*gorgonia.Node][]*gorgonia.Node{},
		weights: map[string]*gorgonia.Node{}, leaves: map[string]*gorgonia.Node{},
		stats: map[string]*gorgonia.Node{}, sums: map[*gorgonia.Node]*op{},
	}
}

// apply adds an operation; an error is a fault of this package.
func (b *graph) apply(o *op, in ...*gorgonia.Node) *gorgonia.Node {
	if b.layer != "" {
		o.name += " of " + b.layer
	}
	n, err := gorgonia.ApplyOp(o, in...)
	if err != nil {
		panic(fmt.Sprintf("model: %s: %v", o.name, err))
	}
	b.operands[n] = in
	return n
}

func (b *graph) leaf(name string, shape ...int) *gorgonia.Node {
	n := gorgonia.NewTensor(b.g, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	b.leaves[name] = n
	return n
}

// network adds the layers from x to the logits. ref holds the activations of
// the baseline, the image first and then one after each layer, or is nil. By a
// rule that carries changes, x and what follows from it are changes from ref. The
// returned activations are those of x; a layer that another one takes over has
// the activation of that one.
func (b *graph) network(n *Net, x *gorgonia.Node, ref []*gorgonia.Node, needX, train bool, rule Rule) []*gorgonia.Node {
	p := &pathway{taps: newTaps(b, n, train), ref: ref, rule: rule, train: train, moves: rule.carries() && ref != nil, denses: map[int]*dense{}}
	t := p.taps
	t.acts[0] = x
	if rule == RevealCancel && ref != nil {
		p.linears = n.revealed()
	}
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	for i, l := range n.Layers {
		if t.alias[i+1] != i+1 {
			t.acts[i+1] = t.acts[t.alias[i+1]]
			continue
		}
		in := t.alias[t.reads[i][0]]
		for _, from := range t.reads[i] {
			b.watch(n, l, t.alias[from], t.acts)
		}
		c := &site{pathway: p, i: i, l: l, s: shapes[in], in: in, x: t.take(in), wrtX: needX || in > 0}
		if gate := b.gates[i]; gate != nil {
			t.acts[i+1] = gate(c.x)
			continue
		}
		if ref != nil {
			c.base = ref[in]
		}
		c.dims = tensor.Shape{c.s.C, c.s.H, c.s.W, b.lanes}
		if len(c.x.Shape()) == 2 {
			c.dims = tensor.Shape{c.s.C, b.lanes}
		}
		if kinds[l.Kind].params == nil {
			b.layer = l.Name
		}
		h := builders[l.Kind](b, c)
		if b.asked(i) && h == c.x { // what others read too is not all the layer's
			h = b.same(h)
		}
		b.layer = ""
		if b.lrp != nil {
			b.attachLRP(i, l, c.s, h)
		}
		t.acts[i+1] = h
	}
	return t.acts
}

// watch has runs look at an activation that layer l reads, if l computes sums. A
// sum of finite numbers is no NaN, but one that overflowed to infinity makes NaN of
// the next, and a relu or a max-pool would make 0 of that, and nobody would know.
func (b *graph) watch(n *Net, l Layer, activation int, acts []*gorgonia.Node) {
	if !kinds[l.Kind].role.sums() {
		return
	}
	if o, computed := acts[activation].Op().(*op); computed && activation > 0 {
		o.layer = n.nameOf(activation)
	}
}

func (b *graph) weight(n *Net, name string) *gorgonia.Node {
	if w := b.weights[name]; w != nil {
		return w
	}
	for _, p := range n.Params() {
		if p.Name == name {
			w := gorgonia.NewTensor(b.g, tensor.Float32, len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName(name))
			b.weights[name] = w
			return w
		}
	}
	panic("model: no parameter " + name)
}

// differentiate asks Gorgonia for the derivative of out, weighted by seed.
func (b *graph) differentiate(out, seed *gorgonia.Node, wrt ...*gorgonia.Node) []*gorgonia.Node {
	ds, err := gorgonia.Backpropagate(gorgonia.Nodes{out}, gorgonia.Nodes{seed}, wrt)
	if err != nil {
		panic(fmt.Sprintf("model: differentiate: %v", err))
	}
	b.adoptSums()
	return ds
}

// forwardGraph computes logits.
func forwardGraph(n *Net) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	in := n.Input
	acts := b.network(n, b.leaf("x", in.C, in.H, in.W, Lanes), nil, false, false, Gradient)
	return b, []*gorgonia.Node{acts[len(acts)-1]}
}

// backwardGraph computes [logits, gradient], and for DeepLift's rules the
// baseline's logits; by a rule that carries changes the first are the change from
// these.
func backwardGraph(n *Net, rule Rule) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	in := n.Input
	x := b.leaf("x", in.C, in.H, in.W, Lanes)
	var ref []*gorgonia.Node
	if rule.baselined() {
		ref = b.network(n, b.leaf("baseline", in.C, in.H, in.W, Lanes), nil, false, false, rule)
	}
	in0 := x
	if rule.carries() {
		in0 = b.change(x, ref[0])
	}
	acts := b.network(n, in0, ref, true, false, rule)
	logits := acts[len(acts)-1]
	seed := b.leaf("seed", logits.Shape()...) // in rows and columns where a part of a network ends so
	outs := append([]*gorgonia.Node{logits}, b.differentiate(logits, seed, x)...)
	if ref != nil {
		outs = append(outs, ref[len(ref)-1])
	}
	return b, outs
}

// trainingLanes is the number of images of a training block. A network with
// batch norms takes its whole batch as one block, rounded up to a multiple.
const trainingLanes = 4

// trainingGraph computes [loss per lane, gradient of every trained parameter...,
// statistics of every batch norm...] for the loss sum over lanes of seed[lane] *
// cross entropy.
func trainingGraph(n *Net, lanes int) (*graph, []*gorgonia.Node) {
	b := newGraph(lanes)
	in := n.Input
	acts := b.network(n, b.leaf("x", in.C, in.H, in.W, b.lanes), nil, false, true, Gradient)
	loss := b.crossEntropy(n.Classes(), acts[len(acts)-1], b.leaf("labels", n.Classes(), b.lanes))
	var wrt []*gorgonia.Node
	for _, p := range n.Params() {
		if !p.Statistic {
			wrt = append(wrt, b.weights[p.Name])
		}
	}
	outs := append([]*gorgonia.Node{loss}, b.differentiate(loss, b.leaf("seed", b.lanes), wrt...)...)
	for _, l := range n.Layers {
		if l.Kind == "batch_norm2d" {
			outs = append(outs, b.stats[l.Name])
		}
	}
	return b, outs
}
