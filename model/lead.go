package model

import (
	"cmp"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Gradients between cuts are taken by parts of the network, each with a chain
// that goes back through it alone: what it needs to know of the activations is
// the affine piece that every non-linear layer is in. A cut in one part changes
// nothing in the gradients of the parts behind it, and the parts before it are
// linear in the gradient that reaches them. So from a certain part on a gradient
// is taken wherever a cut of its own or of a later part lies, and before that
// part, of the sum over the path between two cuts of its own or of an earlier
// part: about a quarter of what all gradients everywhere would cost.

// event is a cut of a path: at t the value that kink puts out at place unit goes
// over to state to.
type event struct {
	t    float64
	kink int32
	unit int32
	to   uint16
}

// link is a chain back through one part of the network.
type link struct {
	*instance
	p       *paths
	at      int // place among the links, input to output
	before  *link
	gates   []gate
	first   int // the part's first kink; it has len(gates) of them
	seed    rows
	grad    rows
	n       int // lanes taken
	pieces  [Lanes]piece
	walk    *walk // whose states the gates hold
	path    int   // and its path: walks are used again
	next    int   // of its events
	sum     []float64
	pending float64 // how much of the path is in sum
}

// gate is the state of a kink, now and in the lanes.
type gate struct {
	leaf string
	now  []float32
	rows rows
}

// piece is a part of a path in a lane of a link.
type piece struct {
	walk     *walk
	from, to float64
	summed   bool // its gradient was integrated, else is the same all along
}

// standIn adds what stands for a layer.
type standIn func(z *gorgonia.Node) *gorgonia.Node

// gated is the program of a link.
const gated Rule = -3

func codesOf(kink int) string { return fmt.Sprint("codes", kink) }

// gatedGraph computes the gradient by the input, where leaves say which piece
// every kink is in.
func gatedGraph(n *Net) (*graph, []*gorgonia.Node) {
	b := newGraph(Lanes)
	b.gates = map[int]standIn{}
	kinks := 0
	for i := 0; i < len(n.Layers); {
		k, layers := n.kinkOf(i)
		if k == nil {
			i++
			continue
		}
		name := codesOf(kinks)
		out := n.Shapes()[i+layers-1]
		b.gates[i] = func(z *gorgonia.Node) *gorgonia.Node {
			shape := tensor.Shape{out.C, out.H, out.W, Lanes}
			if len(z.Shape()) == 2 {
				shape = tensor.Shape{out.C, Lanes}
			}
			return k.gate(b, z, b.leaf(name, shape...))
		}
		for j := i + 1; j < i+layers; j++ {
			b.gates[j] = func(z *gorgonia.Node) *gorgonia.Node { return z }
		}
		kinks++
		i += layers
	}
	x := b.leaf("x", n.Input.C, n.Input.H, n.Input.W, Lanes)
	acts := b.network(n, x, nil, true, false, Gradient)
	logits := acts[len(acts)-1]
	return b, b.differentiate(logits, b.leaf("seed", logits.Shape()...), x)
}

// newLink makes the chain of the part m, whose kinks begin with first and have
// so many values.
func newLink(p *paths, m *Model, at, first int, sizes []int, before *link) *link {
	n := m.net
	l := &link{
		instance: m.program(gated).instance(), p: p, at: at, before: before, first: first,
		seed: newRows(n.Classes(), Lanes), grad: newRows(n.Input.Size(), Lanes), sum: make([]float64, n.Classes()),
	}
	for i, size := range sizes {
		l.gates = append(l.gates, gate{codesOf(i), make([]float32, size), newRows(size, Lanes)})
	}
	return l
}

// begin takes the states at the beginning of a path.
func (l *link) begin(k *walk) {
	l.walk, l.path, l.next = k, k.i, 0
	for i := range l.gates {
		g := &l.gates[i]
		for j, c := range k.states[l.first+i] {
			g.now[j] = float32(c)
		}
	}
	clear(l.sum)
	l.pending = 0
}

// own reports whether the kink of an event lies in the link's part.
func (l *link) own(e event) bool {
	return int(e.kink) >= l.first && int(e.kink) < l.first+len(l.gates)
}

// push takes the gradient by what the part puts out on a piece of a path. Pieces
// come in order.
func (l *link) push(c piece, g []float32) error {
	if l.walk != c.walk || l.path != c.walk.i {
		l.begin(c.walk)
	}
	if l.at >= c.walk.split {
		return l.refine(c, g)
	}
	return l.collect(c, g)
}

// refine cuts the piece where a kink of the part lies.
func (l *link) refine(c piece, g []float32) error {
	for ; l.next < len(l.walk.events); l.next++ {
		e := l.walk.events[l.next]
		if !(c.to-e.t >= tiny) {
			break // it is the next piece's, to begin with
		}
		if !l.own(e) {
			continue
		}
		if e.t-c.from >= tiny {
			if err := l.lane(piece{l.walk, c.from, e.t, false}, g, nil); err != nil {
				return err
			}
			c.from = e.t
		}
		l.gates[int(e.kink)-l.first].now[e.unit] = float32(e.to)
	}
	return l.lane(c, g, nil)
}

// collect adds the piece to the sum, which goes on where a kink of the part or
// of one before it lies.
func (l *link) collect(c piece, g []float32) error {
	k, start, summed := l.walk, c.from, c.summed
	add := func(to float64) {
		if to > c.from {
			if !c.summed {
				Accumulate(to-c.from, g, l.sum)
			}
			l.pending += to - c.from
			c.from = to
		}
	}
	// A sum was taken between two kinks of this part or one before it, but for those
	// closer than tiny: these lie before it or behind it as a whole.
	take := func() {
		if summed {
			Accumulate(1, g, l.sum)
			summed = false
		}
	}
	end := l.first + len(l.gates)
	for ; l.next < len(k.events); l.next++ {
		e := k.events[l.next]
		if !(e.t <= c.to) {
			break
		}
		if int(e.kink) >= end {
			continue
		}
		if e.t-start >= tiny {
			take()
		}
		add(e.t)
		if l.pending >= tiny && 1-e.t >= tiny {
			if err := l.flush(e.t); err != nil {
				return err
			}
		}
		if l.own(e) {
			l.gates[int(e.kink)-l.first].now[e.unit] = float32(e.to)
		}
	}
	take()
	add(c.to)
	if c.to == 1 {
		return l.flush(1)
	}
	return nil
}

// flush puts the sum into a lane.
func (l *link) flush(to float64) error {
	c := piece{l.walk, to - l.pending, to, true}
	err := l.lane(c, nil, l.sum)
	clear(l.sum)
	l.pending = 0
	return err
}

// lane puts a piece with its gradient, or the sum of such, into the next lane.
func (l *link) lane(c piece, g []float32, sum []float64) error {
	row := l.seed.row(l.n)
	copy(row, g)
	for j, v := range sum {
		row[j] = float32(v)
	}
	for i := range l.gates {
		copy(l.gates[i].rows.row(l.n), l.gates[i].now)
	}
	l.pieces[l.n] = c
	l.n++
	if l.n == Lanes {
		return l.run()
	}
	return nil
}

// run leads the lanes back through the part and hands them on.
func (l *link) run() error {
	n := l.n
	if n == 0 {
		return nil
	}
	l.n = 0
	if err := l.p.ctx.Err(); err != nil {
		return err
	}
	l.load(l.seed.n, "seed", l.seed)
	for i := range l.gates {
		l.load(l.gates[i].rows.n, l.gates[i].leaf, l.gates[i].rows)
	}
	l.instance.run()
	l.store(l.grad.n, l.out[0], l.grad)
	for i := range n {
		c, g := l.pieces[i], l.grad.row(i)
		if j := firstNotFinite(l.k, g); j >= 0 {
			return fmt.Errorf("model: gradient %d of point %d is %v: the network overflows float32 on this input", j, c.walk.i, g[j])
		}
		if l.before != nil {
			if err := l.before.push(c, g); err != nil {
				return err
			}
			continue
		}
		if err := l.p.add(c, g); err != nil {
			return err
		}
	}
	return nil
}

// arrange puts the events of a path that has run through all stages in order,
// counts its regions, and chooses the part from which on gradients are taken
// kink by kink.
func (p *paths) arrange(k *walk) {
	slices.SortStableFunc(k.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.kink, b.kink))
	})
	k.regions = 1
	last := 0.0
	count := make([]int, len(p.links)) // events of every part
	of := make([]int, len(p.stages))
	for i, l := range p.links {
		for j := range l.gates {
			of[l.first+j] = i
		}
	}
	for _, e := range k.events {
		count[of[e.kink]]++
		if e.t-last >= tiny && 1-e.t >= tiny {
			k.regions++
			last = e.t
		}
	}
	before := 0 // events of the parts up to this one
	for k.split = 0; k.split < len(count); k.split++ {
		if here := len(k.events) - before; before+count[k.split] >= here {
			break // no more kinks from here on than up to here
		}
		before += count[k.split]
	}
}
