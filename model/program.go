package model

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"unsafe"

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

// align is the arena's grain in floats, a cache line; every buffer ends on it,
// so kernels may write a vector past a short row.
const align = 16

func roundUp(n int) int { return (n + align - 1) &^ (align - 1) }

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

// arena hands out ranges of one block of memory, first fit.
type arena struct {
	size int
	free [][2]int // [from, to), ascending
}

func (a *arena) take(n int) int {
	for i, f := range a.free {
		if f[1]-f[0] >= n {
			a.free[i][0] += n
			if a.free[i][0] == f[1] {
				a.free = slices.Delete(a.free, i, i+1)
			}
			return f[0]
		}
	}
	at := a.size
	a.size += n
	return at
}

func (a *arena) give(at, n int) {
	i, _ := slices.BinarySearchFunc(a.free, at, func(f [2]int, v int) int { return f[0] - v })
	a.free = slices.Insert(a.free, i, [2]int{at, at + n})
	if i+1 < len(a.free) && a.free[i][1] == a.free[i+1][0] {
		a.free[i][1] = a.free[i+1][1]
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1][1] == a.free[i][0] {
		a.free[i-1][1] = a.free[i][1]
		a.free = slices.Delete(a.free, i, i+1)
	}
}

// aligned returns n floats on a cache line, rounded up to whole lines.
func aligned(n int) buffer {
	b := make(buffer, roundUp(n)+align)
	skip := 0
	for uintptr(unsafe.Pointer(&b[skip]))%(4*align) != 0 {
		skip++
	}
	return b[skip : skip+roundUp(n) : skip+roundUp(n)]
}

// instance is a program with an arena: what one goroutine runs.
type instance struct {
	k       *kernel.Set
	mem     buffer
	scratch buffer
	prep    []bound
	steps   []bound
	weights map[string][]float32
	leaf    map[string][]float32
	out     [][]float32

	reference int
	held      []float32 // the baseline of the last run, empty before the first
}

type bound struct {
	op  *op
	out []float32
	in  [][]float32
}

func (p *program) instance() *instance {
	in := &instance{k: kernel.For(p.level), mem: aligned(p.floats), scratch: aligned(p.scratch + align), weights: map[string][]float32{}, leaf: map[string][]float32{}, reference: p.reference}
	slice := func(o operand) []float32 {
		if o.static {
			return p.static[o.at]
		}
		return in.mem[o.at : o.at+o.len : o.at+roundUp(o.len)]
	}
	bind := func(ss []step) []bound {
		bs := make([]bound, len(ss))
		for i, s := range ss {
			bs[i] = bound{op: s.op, out: slice(s.out)}
			for _, o := range s.in {
				bs[i].in = append(bs[i].in, slice(o))
			}
		}
		return bs
	}
	in.prep, in.steps = bind(p.prep), bind(p.steps)
	for name, o := range p.weights {
		in.weights[name] = slice(o)
	}
	for name, o := range p.leaves {
		in.leaf[name] = slice(o)
	}
	for _, o := range p.outputs {
		in.out = append(in.out, slice(o))
	}
	return in
}

// prepare recomputes what depends on weights alone.
func (in *instance) prepare() {
	for i := range in.prep {
		s := &in.prep[i]
		s.op.run(in.k, s.out, s.in, in.scratch)
	}
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

// run computes the outputs from the leaves.
func (in *instance) run() {
	steps := in.steps
	if in.reference > 0 {
		if base := in.leaf["baseline"]; !sameMemory(base, in.held) {
			in.held = append(in.held[:0], base...)
		} else {
			steps = steps[in.reference:]
		}
	}
	for i := range steps {
		s := &steps[i]
		s.op.run(in.k, s.out, s.in, in.scratch)
	}
}

// sameMemory reports whether a and b hold the same bits.
func sameMemory(a, b []float32) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	return bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(&a[0])), 4*len(a)), unsafe.Slice((*byte)(unsafe.Pointer(&b[0])), 4*len(b)))
}
