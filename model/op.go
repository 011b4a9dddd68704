package model

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// op is one operation of the graph: Gorgonia sees it through the methods of
// gorgonia.SDOp below, the executor calls run directly.
type op struct {
	// name tells the op apart from every other: kind, geometry, rule. Gorgonia
	// merges nodes of equal name and operands.
	name  string
	in    []int        // number of dimensions of each operand
	shape tensor.Shape // of the result
	wrt   []bool       // which operands have a derivative
	// run computes out from the operands. All are dense, row-major, lanes
	// innermost. It may use scratch, whose contents are undefined.
	run     func(k *kernel.Set, out []float32, in [][]float32, scratch []float32)
	scratch int // floats
	// sgd, if not nil, takes a step of SGD on weights w with velocity v by the
	// result, which it need not write. Where that is all a result is for, the
	// trainer calls it with the operands in place of run.
	sgd func(k *kernel.Set, w, v []float32, in [][]float32, scratch []float32, o SGD)
	// layer is the name of the layer whose output the result is, where a run is to
	// watch it (see graph.watch); "" elsewhere.
	layer string
	// inPlace is the operand whose memory the result may take, -1 for none.
	inPlace int
	// diff builds the derivative by each operand, nil where wrt is false.
	diff func(operands []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node
}

var _ gorgonia.SDOp = (*op)(nil)

func (o *op) Arity() int { return len(o.in) }

func (o *op) Type() hm.Type {
	ts := make([]hm.Type, 0, len(o.in)+1)
	for _, d := range append(append([]int(nil), o.in...), len(o.shape)) {
		ts = append(ts, gorgonia.TensorType{Dims: d, Of: tensor.Float32})
	}
	return hm.NewFnType(ts...)
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// Do runs the op on Gorgonia's own machine.
func (o *op) Do(vs ...gorgonia.Value) (gorgonia.Value, error) {
	in := make([][]float32, len(vs))
	for i, v := range vs {
		d, ok := v.Data().([]float32)
		if !ok {
			return nil, fmt.Errorf("model: operand %d of %s is %T, want []float32", i, o.name, v.Data())
		}
		in[i] = d
	}
	out := make([]float32, o.shape.TotalSize())
	o.run(kernel.For(activeLevel()), out, in, make([]float32, o.scratch))
	return tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(out)), nil
}

func (o *op) ReturnsPtr() bool      { return false }
func (o *op) CallsExtern() bool     { return false }
func (o *op) OverwritesInput() int  { return -1 }
func (o *op) WriteHash(h hash.Hash) { fmt.Fprint(h, o.name) }
func (o *op) String() string        { return o.name }
func (o *op) DiffWRT(int) []bool    { return o.wrt }

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.diff == nil {
		return nil, fmt.Errorf("model: %s has no derivative", o.name)
	}
	return o.diff(in, out, grad), nil
}
