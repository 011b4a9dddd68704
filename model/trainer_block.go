package model

import (
	"assay/model/internal/kernel"
)

// block is the program of so many images side by side.
type block struct {
	*instance
	lanes     int
	rows      rows        // the images, one a lane
	gradients []gradient  // of every parameter
	batch     [][]float32 // statistics of every batch norm
}

// gradient is that of one parameter in a block: data, or, where the parameter's
// step is all it is for, the op that would compute it and its operands.
type gradient struct {
	data []float32
	op   *op
	in   [][]float32
}

// newBlock compiles the training graph of so many images, which has a loss, the
// gradients of the parameters and the statistics of the batch norms.
func newBlock(n *Net, level kernel.Level, lanes, params int) *block {
	g, nodes := trainingGraph(n, lanes)
	outs := nodes[:1:1]
	ops, at := make([]*op, params), make([]int, params)
	for i, d := range nodes[1 : 1+params] {
		at[i] = len(outs)
		if o := g.op(d); o.sgd != nil {
			ops[i] = o
			outs = append(outs, g.operands[d]...)
		} else {
			outs = append(outs, d)
		}
	}
	statistics := len(outs)
	outs = append(outs, nodes[1+params:]...)
	b := &block{instance: g.compile(level, outs).instance(), lanes: lanes, rows: newRows(n.Input.Size(), lanes)}
	for i, o := range ops {
		d := gradient{data: b.out[at[i]]}
		if o != nil {
			d = gradient{op: o, in: b.out[at[i] : at[i]+len(o.in)]}
			if need := o.scratch + align; len(b.scratch) < need {
				b.scratch = aligned(need)
			}
		}
		b.gradients = append(b.gradients, d)
	}
	b.batch = b.out[statistics:]
	return b
}

// value returns the gradient of parameter i, computed now if the run left it
// out; it may lie in into.
func (b *block) value(i int, into []float32) []float32 {
	d := b.gradients[i]
	if d.op == nil {
		return d.data
	}
	d.op.run(b.k, into, d.in, b.scratch)
	return into
}
