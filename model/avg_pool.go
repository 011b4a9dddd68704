package model

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// avg is one direction of an average pool: every output pixel is a sum over its
// window, rows and columns ascending, each value times one over the window's
// size, rounded to float32. It is done in float64 and rounded once, since a global
// pool's few outputs are all that the logits know of an image.
type avg struct {
	in, out Shape
	lanes   int
	ys, xs  axis
	weight  float64            // one over the window's size, rounded to float32
	off     map[[2]int][]int32 // by rows and columns of a window
	id      string
}

// window returns the pool's kernel and stride, rows and columns. An adaptive
// pool's windows lie side by side.
func (l Layer) window(s Shape) (kernel, stride [2]int) {
	if l.Kind == "adaptive_avg_pool2d" {
		k := [2]int{s.H / l.Out, s.W / l.Out}
		return k, k
	}
	return [2]int{l.Kernel, l.Kernel}, [2]int{l.Stride, l.Stride}
}

// newAvg plans the pool itself or, backward, its derivative.
func newAvg(l Layer, s Shape, lanes int, backward bool) *avg {
	k, st := l.window(s)
	o := l.output(s)
	a := &avg{in: s, out: o, lanes: lanes, off: map[[2]int][]int32{}}
	a.ys, a.xs = forwardAxis(k[0], st[0], 0, s.H, o.H), forwardAxis(k[1], st[1], 0, s.W, o.W)
	a.id = fmt.Sprintf("avg_pool2d %v k%v s%v x%d", s, k, st, lanes)
	if backward {
		a.in, a.out = o, s
		a.ys, a.xs = backwardAxis(k[0], st[0], 0, s.H, o.H), backwardAxis(k[1], st[1], 0, s.W, o.W)
		a.id += " gradient"
	}
	a.weight = float64(1 / float32(k[0]*k[1]))
	for _, y := range a.ys.spans {
		for _, x := range a.xs.spans {
			n := [2]int{y.count, x.count}
			if a.off[n] != nil {
				continue
			}
			off := make([]int32, 0, y.count*x.count)
			for ty := range y.count {
				for tx := range x.count {
					off = append(off, int32((ty*a.ys.inStep*a.in.W+tx*a.xs.inStep)*lanes))
				}
			}
			a.off[n] = off
		}
	}
	return a
}

func (a *avg) op() *op {
	return &op{
		name: a.id, in: []int{4}, shape: tensor.Shape{a.out.C, a.out.H, a.out.W, a.lanes}, wrt: []bool{true}, inPlace: -1, scratch: 2 * a.lanes,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			sums := doubles(scratch[:2*a.lanes])
			for c := range a.out.C {
				for y, sy := range a.ys.spans {
					at := (c*a.out.H + y) * a.out.W * a.lanes
					for x, sx := range a.xs.spans {
						from := ((c*a.in.H+sy.at)*a.in.W + sx.at) * a.lanes
						clear(sums)
						for _, o := range a.off[[2]int{sy.count, sx.count}] {
							k.Acc64(a.lanes, a.weight, &in[0][from+int(o)], &sums[0])
						}
						rounded(sums, out[at+x*a.lanes:])
					}
				}
			}
		},
	}
}

// avgPool adds an average pool. It is linear, so every rule has its gradient.
func (b *graph) avgPool(l Layer, s Shape, x *gorgonia.Node) *gorgonia.Node {
	o := newAvg(l, s, b.lanes, false).op()
	o.diff = func(_ []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
		d := newAvg(l, s, b.lanes, true).op()
		d.wrt = []bool{false}
		return []*gorgonia.Node{b.apply(d, grad)}
	}
	return b.apply(o, x)
}
