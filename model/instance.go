package model

import (
	"bytes"
	"unsafe"

	"assay/model/internal/kernel"
)

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
	// lost names, by lane, the first layer that the last run found a value of that is
	// not finite, of those that it watches.
	lost map[int]string
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

// run computes the outputs from the leaves.
func (in *instance) run() {
	if len(in.lost) > 0 {
		clear(in.lost)
		in.held = in.held[:0] // the baseline may be what was lost
	}
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
		if s.op.layer != "" && in.k.NotFinite(len(s.out), &s.out[0]) {
			in.lose(s)
		}
	}
}

// lose notes the lanes in which a step's result is not finite.
func (in *instance) lose(s *bound) {
	if in.lost == nil {
		in.lost = map[int]string{}
	}
	lanes := s.op.shape[len(s.op.shape)-1]
	for i, v := range s.out {
		if l := i % lanes; v-v != 0 && in.lost[l] == "" {
			in.lost[l] = s.op.layer
		}
	}
}

// sameMemory reports whether a and b hold the same bits.
func sameMemory(a, b []float32) bool {
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	return bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(&a[0])), 4*len(a)), unsafe.Slice((*byte)(unsafe.Pointer(&b[0])), 4*len(b)))
}
