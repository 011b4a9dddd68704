package model

import (
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
)

// PiecewiseLinear reports why the network is not a piecewise linear function:
// it names the first layer with a curved activation. nil means it is one.
func (n *Net) PiecewiseLinear() error {
	for _, l := range n.Layers {
		if kinds[l.Kind].smooth {
			return fmt.Errorf("model: %s (%s) is not piecewise linear", l.Name, l.Kind)
		}
	}
	return nil
}

// kink finds where a non-linear layer leaves its affine piece between two points
// whose activations before the layer are a and b, while those between run
// straight from a to b.
type kink interface {
	// cuts appends the places; now is the state at a. Those of one value or window
	// come in order, and places at or beyond the ends may be among them.
	cuts(a, b []float32, now []uint16, to []cut) []cut
	// state writes which affine piece the layer is in at z, a code for each value
	// that it puts out.
	state(z []float32, to []uint16)
	// gate adds the layer where it is known which piece it is in; codes holds the
	// states of the lanes. It has only a way back.
	gate(b *graph, z, codes *gorgonia.Node) *gorgonia.Node
}

// cut is a place where a layer leaves an affine piece: 0 at a and 1 at b; the
// value that it puts out at place unit goes over to the state to.
type cut struct {
	u    float64
	unit int32
	to   uint16
}

// kinkOf returns the kink of layer i of a piecewise linear network, nil if the
// layer is affine, and how many layers it covers: a ReLU and a max-pool one
// behind the other are one kink, since what the pool hides does not switch.
func (n *Net) kinkOf(i int) (kink, int) {
	k := kinds[n.Layers[i].Kind]
	if k.kink == nil {
		return nil, 1
	}
	reads := n.reads()
	return k.kink(n.Layers[i], n.shapeOf(reads[i][0]), n.soleReader(reads, i))
}

// soleReader is the layer behind layer i if that one alone reads it, an empty one
// if not.
func (n *Net) soleReader(reads [][]int, i int) Layer {
	readers := 0
	for _, rs := range reads {
		for _, r := range rs {
			if r == i+1 {
				readers++
			}
		}
	}
	if readers != 1 || reads[i+1][0] != i+1 {
		return Layer{}
	}
	return n.Layers[i+1]
}

// Kinks counts the places where a piecewise linear network can leave an affine
// piece: values before a ReLU or leaky ReLU, and windows of max-pools, whose ReLU
// in front or behind counts with them.
func (n *Net) Kinks() int {
	count := 0
	for i := 0; i < len(n.Layers); {
		k, layers := n.kinkOf(i)
		if k != nil {
			count += n.Shapes()[i+layers-1].Size()
		}
		i += layers
	}
	return count
}

// cutAt reports whether the network can be cut at an activation: no layer
// behind it reads past it. Activations count as in reads.
func (n *Net) cutAt(activation int) bool {
	for _, rs := range n.reads()[activation:] {
		if slices.Min(rs) < activation {
			return false
		}
	}
	return true
}

// shapeOf returns the shape of an activation as reads counts them.
func (n *Net) shapeOf(activation int) Shape {
	if activation == 0 {
		return n.Input
	}
	return n.Shapes()[activation-1]
}

// signs is the kink of a ReLU or leaky ReLU: a value changes its sign. The state
// is 1 above 0.
type signs struct{ slope float32 }

func (signs) cuts(a, b []float32, _ []uint16, to []cut) []cut {
	b = b[:len(a)]
	for j, v := range a {
		if (v > 0) != (b[j] > 0) {
			c := cut{float64(v) / (float64(v) - float64(b[j])), int32(j), 0}
			if b[j] > 0 {
				c.to = 1
			}
			to = append(to, c)
		}
	}
	return to
}

func (signs) state(z []float32, to []uint16) {
	for j, v := range z {
		to[j] = 0
		if v > 0 {
			to[j] = 1
		}
	}
}

func (s signs) gate(b *graph, z, codes *gorgonia.Node) *gorgonia.Node {
	shape := z.Shape().Clone()
	n, dims := shape.TotalSize(), len(shape)
	id := fmt.Sprintf("signs %v slope %v", shape, s.slope)
	return b.apply(&op{
		name: id, in: []int{dims, dims}, shape: shape, wrt: []bool{true, false}, inPlace: -1, run: backOnly,
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: id + " gradient", in: []int{dims, dims}, shape: shape, wrt: make([]bool, 2), inPlace: 1,
				run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
					if s.slope == 0 {
						k.ReLUGrad(n, &in[0][0], &in[1][0], &d[0])
						return
					}
					for i, g := range in[1] {
						if in[0][i] == 0 {
							g *= s.slope
						}
						d[i] = g
					}
				},
			}, in[1], grad), nil}
		},
	}, z, codes)
}

// backOnly stands for a computation forward that nothing asks for.
func backOnly(*kernel.Set, []float32, [][]float32, []float32) {
	panic("model: the values of a gate were asked for")
}

// winners is the kink of a max-pool: the largest of the values in a window
// becomes another. As a maximum of straight lines the output is convex, so a
// value that is the largest at both ends is so everywhere between. The state is
// one more than the winner's tap, or 0 where none is above the floor.
type winners struct {
	pool  *pool // of a single lane
	wide  *pool // of all lanes
	lines []line
}

// line is a value of a window: at 0, what it gains until 1, and its state.
type line struct {
	at, slope float64
	state     uint16
}

func newWinners(l Layer, s Shape, relu bool) *winners {
	return &winners{pool: newPool(l, s, 1, relu), wide: newPool(l, s, Lanes, relu)}
}

func (w *winners) cuts(a, b []float32, now []uint16, to []cut) []cut {
	p := w.pool
	off := p.off
	p.rows(func(row, out int) {
		for x := range p.out.W {
			at := row + x*p.step
			// Does the winner at a still win at b? Of several at a it may be any.
			start, end := p.floor, p.floor
			if c := now[out+x]; c > 0 {
				start, end = a[at+int(off[c-1])], b[at+int(off[c-1])]
			}
			wins := start >= p.floor && end >= p.floor
			for _, o := range off {
				wins = wins && start >= a[at+int(o)] && end >= b[at+int(o)]
			}
			if !wins {
				to = w.envelope(a, b, at, int32(out+x), to)
			}
		}
	})
	return to
}

// envelope appends the corners of the maximum over the lines of one window.
func (w *winners) envelope(a, b []float32, at int, unit int32, to []cut) []cut {
	w.lines = w.lines[:0]
	for t, o := range w.pool.off {
		v := float64(a[at+int(o)])
		w.lines = append(w.lines, line{v, float64(b[at+int(o)]) - v, uint16(t + 1)})
	}
	if w.pool.floor == 0 {
		w.lines = append(w.lines, line{})
	}
	top := w.lines[0] // the largest at 0; of equals the one that rises most
	for _, l := range w.lines[1:] {
		if l.at > top.at || l.at == top.at && l.slope > top.slope {
			top = l
		}
	}
	to = append(to, cut{0, unit, top.state}) // of equals the state may name another
	for {
		u, next := 1.0, top
		for _, l := range w.lines {
			if !(l.slope > top.slope) {
				continue
			}
			v := (top.at - l.at) / (l.slope - top.slope)
			if v < u || v == u && l.slope > next.slope {
				u, next = v, l
			}
		}
		if u == 1 {
			return to
		}
		to = append(to, cut{u, unit, next.state})
		top = next
	}
}

func (w *winners) state(z []float32, to []uint16) {
	p := w.pool
	p.rows(func(row, out int) {
		for x := range p.out.W {
			top := p.floor
			to[out+x] = 0
			for t, o := range p.off {
				if v := z[row+x*p.step+int(o)]; v > top {
					to[out+x], top = uint16(t+1), v
				}
			}
		}
	})
}

func (w *winners) gate(b *graph, z, codes *gorgonia.Node) *gorgonia.Node {
	p := w.wide
	return b.apply(&op{
		name: p.id + " winners", in: []int{4, 4}, shape: p.tensor(p.out), wrt: []bool{true, false}, inPlace: -1, run: backOnly,
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: p.id + " winners gradient", in: []int{4, 4}, shape: p.tensor(p.in), wrt: make([]bool, 2), inPlace: -1,
				run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
					clear(d)
					p.rows(func(row, out int) {
						for x := range p.out.W {
							g, code := in[1][out+x*Lanes:][:Lanes], in[0][out+x*Lanes:][:Lanes]
							at := d[row+x*p.step*Lanes:]
							for l, c := range code {
								if c > 0 {
									at[int(p.off[int(c)-1])+l] += g[l]
								}
							}
						}
					})
				},
			}, in[1], grad), nil}
		},
	}, z, codes)
}
