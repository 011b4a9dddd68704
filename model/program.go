package model

import (
	"fmt"
	"slices"
	"sync"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// A program is a graph compiled into a list of steps. What depends on weights
// alone is computed once, by prepare, and shared; the rest lives in an arena of
// which every worker has its own.
type program struct {
	level  kernel.Level
	static []buffer // weights, and results that depend on nothing else
	prep   []step   // steps that fill static, in order
	steps  []step   // steps of one run
	// reference counts the first of them, which depend on the baseline alone.
	reference int
	floats    int                // size of an arena
	scratch   int                // floats of scratch any step needs
	weights   map[string]operand // leaves in static
	leaves    map[string]operand // leaves in the arena
	outputs   []operand
}

type buffer []float32

// operand is a place in static (at its index) or in the arena (from at).
type operand struct {
	static  bool
	at, len int
}

type step struct {
	op  *op
	out operand
	in  []operand
}

// activeLevel is the instruction set in use: the best of this CPU or the one
// ASSAY_KERNEL names. Programs ask KernelError first; that the variable is wrong
// and nobody asked is a fault worth a panic, not a silent change of speed.
var activeLevel = sync.OnceValue(func() kernel.Level {
	l, err := kernel.Pick()
	if err != nil {
		panic(err)
	}
	return l
})

// KernelError returns the reason why ASSAY_KERNEL cannot be honoured, nil if it
// is unset or fine.
func KernelError() error {
	_, err := kernel.Pick()
	return err
}

// KernelName returns the instruction set in use: portable, avx2 or avx512.
func KernelName() string { return kernel.For(activeLevel()).Name }

// compile orders the nodes that the outputs need and places them in memory.
func (b *graph) compile(level kernel.Level, outputs []*gorgonia.Node) *program {
	sorted, err := gorgonia.Sort(b.g)
	if err != nil {
		panic(fmt.Sprintf("model: sort: %v", err))
	}
	slices.Reverse(sorted) // operands before results
	need := map[*gorgonia.Node]bool{}
	for _, n := range outputs {
		need[n] = true
	}
	for _, n := range slices.Backward(sorted) {
		if need[n] {
			for _, in := range b.operands[n] {
				need[in] = true
			}
		}
	}

	p := &program{level: level, weights: map[string]operand{}, leaves: map[string]operand{}}
	place := map[*gorgonia.Node]operand{}
	newStatic := func(n int) operand {
		p.static = append(p.static, aligned(n)[:n])
		return operand{true, len(p.static) - 1, n}
	}
	names := make([]string, 0, len(b.weights))
	for name := range b.weights {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o := newStatic(b.weights[name].Shape().TotalSize())
		place[b.weights[name]], p.weights[name] = o, o
	}

	// Steps, and the last step that reads each node.
	type todo struct {
		n  *gorgonia.Node
		op *op
	}
	var dynamic []todo
	for _, n := range sorted {
		o := b.op(n)
		if !need[n] || o == nil {
			continue
		}
		static := true
		for _, in := range b.operands[n] {
			static = static && place[in].static
		}
		if !static {
			dynamic = append(dynamic, todo{n, o})
			continue
		}
		out := newStatic(o.shape.TotalSize())
		place[n] = out
		s := step{op: o, out: out}
		for _, in := range b.operands[n] {
			s.in = append(s.in, place[in])
		}
		p.prep = append(p.prep, s)
		p.scratch = max(p.scratch, o.scratch)
	}
	// The baseline's own steps come first: a run skips them while it stays the same.
	alone := map[*gorgonia.Node]bool{b.leaves["baseline"]: true}
	var reference, rest []todo
	for _, t := range dynamic {
		own := true
		for _, in := range b.operands[t.n] {
			own = own && (place[in].static || alone[in])
		}
		if alone[t.n] = own; own {
			reference = append(reference, t)
		} else {
			rest = append(rest, t)
		}
	}
	dynamic, p.reference = append(reference, rest...), len(reference)
	last := map[*gorgonia.Node]int{}
	for i, t := range dynamic {
		for _, in := range b.operands[t.n] {
			last[in] = i
			if i >= p.reference && alone[in] {
				last[in] = len(dynamic) // what later runs may still read is never overwritten
			}
		}
		p.scratch = max(p.scratch, t.op.scratch)
	}
	for _, n := range outputs {
		last[n] = len(dynamic)
	}

	var a arena
	leafNames := make([]string, 0, len(b.leaves))
	for name := range b.leaves {
		leafNames = append(leafNames, name)
	}
	slices.Sort(leafNames)
	for _, name := range leafNames {
		n := b.leaves[name]
		size := n.Shape().TotalSize()
		place[n] = operand{at: a.take(roundUp(size)), len: size}
		p.leaves[name] = place[n]
	}
	owner := map[int]*gorgonia.Node{} // arena offset to the node that holds it now
	for i, t := range dynamic {
		size := t.op.shape.TotalSize()
		out := operand{at: -1, len: size}
		if j := t.op.inPlace; j >= 0 {
			in := b.operands[t.n][j]
			if q := place[in]; !q.static && q.len == size && last[in] == i {
				if b.op(in) != nil {
					out.at = q.at
				}
			}
		}
		if out.at < 0 {
			out.at = a.take(roundUp(size))
		}
		place[t.n] = out
		owner[out.at] = t.n
		s := step{op: t.op, out: out}
		seen := map[*gorgonia.Node]bool{}
		for _, in := range b.operands[t.n] {
			q := place[in]
			s.in = append(s.in, q)
			if b.op(in) != nil && !q.static && last[in] == i && !seen[in] && owner[q.at] == in {
				a.give(q.at, roundUp(q.len))
			}
			seen[in] = true
		}
		p.steps = append(p.steps, s)
	}
	p.floats = a.size
	for _, n := range outputs {
		p.outputs = append(p.outputs, place[n])
	}
	return p
}

// release drops what only prepare reads: the weights before they were folded and
// packed, which would be most of a wide network's memory. prepare cannot be
// called again, on any instance.
func (p *program) release() {
	kept := map[int]bool{}
	for _, s := range p.steps {
		for _, o := range s.in {
			if o.static {
				kept[o.at] = true
			}
		}
	}
	for _, o := range p.outputs {
		if o.static {
			kept[o.at] = true
		}
	}
	for i := range p.static {
		if !kept[i] {
			p.static[i] = nil
		}
	}
	p.prep = nil
}
