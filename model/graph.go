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
	lrp      *lrpGraph                 // of an LRP graph: the layers' rules; nil otherwise
}

func newGraph(lanes int) *graph {
	return &graph{
		g: gorgonia.NewGraph(), lanes: lanes, operands: map[*gorgonia.Node][]*gorgonia.Node{},
		weights: map[string]*gorgonia.Node{}, leaves: map[string]*gorgonia.Node{},
	}
}

// apply adds an operation; an error is a fault of this package.
func (b *graph) apply(o *op, in ...*gorgonia.Node) *gorgonia.Node {
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
// the baseline, one before and one after each layer, or is nil. The returned
// activations are those of x.
func (b *graph) network(n *Net, x *gorgonia.Node, ref []*gorgonia.Node, needX, train bool, rule Rule) []*gorgonia.Node {
	acts := []*gorgonia.Node{x}
	s := n.Input
	for i, l := range n.Layers {
		h := acts[i]
		o := l.output(s)
		before := func(j int) *gorgonia.Node {
			if ref == nil {
				return nil
			}
			return ref[j]
		}
		full := tensor.Shape{s.C, s.H, s.W, b.lanes}
		if len(h.Shape()) == 2 {
			full = tensor.Shape{s.C, b.lanes}
		}
		switch l.Kind {
		case "conv2d":
			h = b.conv2d(l, s, h, b.weight(n, l.Name+".weight"), b.weight(n, l.Name+".bias"), needX || i > 0, train)
		case "relu":
			if b.folds(n, i, rule) {
				break // the pool that follows does it
			}
			h = b.relu(full, h, before(i), rule)
		case "max_pool2d":
			if rule == Rescale && ref != nil {
				h = b.maxPool(l, s, h, ref[i], ref[i+1], false)
			} else {
				h = b.maxPool(l, s, h, nil, nil, i > 0 && b.folds(n, i-1, rule))
			}
		case "flatten":
			if len(h.Shape()) == 4 {
				h = b.flatten(s, h)
			}
		case "linear":
			if len(h.Shape()) == 4 {
				h = b.flatten(s, h)
			}
			h = b.linear(s.Size(), l.Out, h, b.weight(n, l.Name+".weight"), b.weight(n, l.Name+".bias"), needX || i > 0, train)
		}
		if b.lrp != nil {
			b.attachLRP(i, l, s, h)
		}
		acts = append(acts, h)
		s = o
	}
	return acts
}

// folds reports whether layer i is a relu that the max-pool after it takes over,
// which needs no reference and halves the traffic on the largest activations.
func (b *graph) folds(n *Net, i int, rule Rule) bool {
	return rule == Gradient && n.Layers[i].Kind == "relu" && i+1 < len(n.Layers) && n.Layers[i+1].Kind == "max_pool2d"
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
	return ds
}

// forwardGraph computes logits.
func forwardGraph(n *Net) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	in := n.Input
	acts := b.network(n, b.leaf("x", in.C, in.H, in.W, Lanes), nil, false, false, Gradient)
	return b, []*gorgonia.Node{acts[len(acts)-1]}
}

// backwardGraph computes [logits, gradient], and for the Rescale rules the
// baseline's logits.
func backwardGraph(n *Net, rule Rule) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	in := n.Input
	x := b.leaf("x", in.C, in.H, in.W, Lanes)
	seed := b.leaf("seed", n.Classes(), Lanes)
	var ref []*gorgonia.Node
	if rule.baselined() {
		ref = b.network(n, b.leaf("baseline", in.C, in.H, in.W, Lanes), nil, false, false, rule)
	}
	acts := b.network(n, x, ref, true, false, rule)
	logits := acts[len(acts)-1]
	outs := append([]*gorgonia.Node{logits}, b.differentiate(logits, seed, x)...)
	if ref != nil {
		outs = append(outs, ref[len(ref)-1])
	}
	return b, outs
}

// trainingLanes is the number of images of a training block.
const trainingLanes = 4

// trainingGraph computes [loss per lane, gradient of every parameter...] for
// the loss sum over lanes of seed[lane] * cross entropy.
func trainingGraph(n *Net) (*graph, []*gorgonia.Node) {
	b := newGraph(trainingLanes)
	in := n.Input
	acts := b.network(n, b.leaf("x", in.C, in.H, in.W, b.lanes), nil, false, true, Gradient)
	loss := b.crossEntropy(n.Classes(), acts[len(acts)-1], b.leaf("labels", n.Classes(), b.lanes))
	var wrt []*gorgonia.Node
	for _, p := range n.Params() {
		wrt = append(wrt, b.weights[p.Name])
	}
	return b, append([]*gorgonia.Node{loss}, b.differentiate(loss, b.leaf("seed", b.lanes), wrt...)...)
}
