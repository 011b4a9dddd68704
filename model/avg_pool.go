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
// pool's few outputs are all that the logits know of an image. Backward, a pixel
// sums over the windows that it lies in, descending.
type avg struct {
	in, out Shape
	lanes   int
	ys, xs  []span    // what an output reads, from at on, by rows and columns
	step    int       // +1 or, backward, -1: at is the last
	weight  []float64 // by pixel of the pool: one over its window's size, rounded to float32
	id      string
}

// newAvg plans the pool itself or, backward, its derivative.
func newAvg(l Layer, s Shape, lanes int, backward bool) *avg {
	o := l.output(s)
	ys, xs := averaged(l, s, o)
	a := &avg{in: s, out: o, lanes: lanes, ys: ys, xs: xs, step: 1}
	for _, y := range ys {
		for _, x := range xs {
			a.weight = append(a.weight, float64(1/float32(y.count*x.count)))
		}
	}
	a.id = fmt.Sprintf("%s %v to %v k%d s%d x%d", l.Kind, s, o, l.Kernel, l.Stride, lanes)
	if backward {
		a.in, a.out, a.step = o, s, -1
		a.ys, a.xs = containing(ys, s.H), containing(xs, s.W)
		a.id += " gradient"
	}
	return a
}

// containing lists the windows that every one of so many inputs lies in, at being
// the last of them. Neither the beginnings nor the ends of windows descend.
func containing(windows []span, inputs int) []span {
	out := make([]span, inputs)
	for o, w := range windows {
		for i := w.at; i < w.at+w.count; i++ {
			out[i].at = o
			out[i].count++
		}
	}
	return out
}

func (a *avg) op() *op {
	return &op{
		name: a.id, in: []int{4}, shape: tensor.Shape{a.out.C, a.out.H, a.out.W, a.lanes}, wrt: []bool{true}, inPlace: -1, scratch: 2 * a.lanes,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			sums := doubles(scratch[:2*a.lanes])
			for c := range a.out.C {
				from := in[0][c*a.in.H*a.in.W*a.lanes:]
				for y, sy := range a.ys {
					for x, sx := range a.xs {
						clear(sums)
						for ty := range sy.count {
							for tx := range sx.count {
								at := (sy.at+a.step*ty)*a.in.W + sx.at + a.step*tx
								pixel := at // of the pool
								if a.step > 0 {
									pixel = y*a.out.W + x
								}
								k.Acc64(a.lanes, a.weight[pixel], &from[at*a.lanes], &sums[0])
							}
						}
						rounded(sums, out[((c*a.out.H+y)*a.out.W+x)*a.lanes:])
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
