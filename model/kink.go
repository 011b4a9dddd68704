package model

import (
	"fmt"
	"slices"
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
	// cuts appends the places, 0 at a and 1 at b, in no order. Places at or
	// beyond the ends may be among them.
	cuts(a, b []float32, to []float64) []float64
}

// kinkOf returns the kink of layer i of a piecewise linear network, nil if the
// layer is affine, and how many layers it covers: a ReLU and a max-pool one
// behind the other are one kink, since what the pool hides does not switch.
func (n *Net) kinkOf(i int) (kink, int) {
	reads := n.reads()
	// Is the next layer such a one, and the only one that reads this?
	before := func(kind string) bool {
		if i+1 >= len(n.Layers) || n.Layers[i+1].Kind != kind || reads[i+1][0] != i+1 {
			return false
		}
		readers := 0
		for _, rs := range reads {
			for _, r := range rs {
				if r == i+1 {
					readers++
				}
			}
		}
		return readers == 1
	}
	s := n.shapeOf(reads[i][0])
	switch l := n.Layers[i]; l.Kind {
	case "relu":
		if before("max_pool2d") {
			return &winners{pool: newPool(n.Layers[i+1], s, 1, true)}, 2
		}
		return signs{}, 1
	case "leaky_relu":
		return signs{}, 1
	case "max_pool2d":
		if before("relu") {
			return &winners{pool: newPool(l, s, 1, true)}, 2
		}
		return &winners{pool: newPool(l, s, 1, false)}, 1
	}
	return nil, 1
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

// signs is the kink of a ReLU or leaky ReLU: a value changes its sign.
type signs struct{}

func (signs) cuts(a, b []float32, to []float64) []float64 {
	b = b[:len(a)]
	for j, v := range a {
		if (v > 0) != (b[j] > 0) {
			to = append(to, float64(v)/(float64(v)-float64(b[j])))
		}
	}
	return to
}

// winners is the kink of a max-pool: the largest of the values in a window
// becomes another. As a maximum of straight lines the output is convex, so a
// value that is the largest at both ends is so everywhere between.
type winners struct {
	pool  *pool
	lines []line
}

// line is a value of a window: at 0, and what it gains until 1.
type line struct{ at, slope float64 }

func (w *winners) cuts(a, b []float32, to []float64) []float64 {
	p := w.pool
	off := p.off
	p.rows(func(row, _ int) {
		for x := range p.out.W {
			at := row + x*p.step
			best, top := -1, p.floor
			for t, o := range off {
				if v := a[at+int(o)]; v > top {
					best, top = t, v
				}
			}
			// Does the winner at a still win at b?
			end := p.floor
			if best >= 0 {
				end = b[at+int(off[best])]
			}
			wins := end >= p.floor
			for _, o := range off {
				wins = wins && end >= b[at+int(o)]
			}
			if !wins {
				to = w.envelope(a, b, at, to)
			}
		}
	})
	return to
}

// envelope appends the corners of the maximum over the lines of one window.
func (w *winners) envelope(a, b []float32, at int, to []float64) []float64 {
	w.lines = w.lines[:0]
	for _, o := range w.pool.off {
		v := float64(a[at+int(o)])
		w.lines = append(w.lines, line{v, float64(b[at+int(o)]) - v})
	}
	if w.pool.floor == 0 {
		w.lines = append(w.lines, line{0, 0})
	}
	top := w.lines[0] // the largest at 0; of equals the one that rises most
	for _, l := range w.lines[1:] {
		if l.at > top.at || l.at == top.at && l.slope > top.slope {
			top = l
		}
	}
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
		to = append(to, u)
		top = next
	}
}
