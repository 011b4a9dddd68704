package model

import "math"

// Float32 carries changes and multipliers with 24 bits, and what a map's values
// lose of theirs stays though nearly all of the map cancels: where a thousandth
// of it is left, the delta may be seen. For such points, one in a hundred or
// less, there is precise: the same rules in float64, one image at a time, layer by
// layer and without regard for speed.

// precise is the memory of Worker.Multipliers. Activations and multipliers count
// as in Net.reads.
type precise struct {
	layers []preciseLayer
	acts   [2][][]float64 // of the baseline and of the input
	mult   [][]float64    // multipliers of the activations
}

// The places in precise.acts.
const (
	atBaseline = iota
	atInput
)

// preciseLayer is a layer as kind.forward and kind.back see it: its values and
// multipliers are memory of precise.
type preciseLayer struct {
	kind    kind
	l       Layer
	s, o    Shape // of the activation that it reads, and of its output
	weights *Weights
	in      [2][][]float64 // what it reads, at both points
	out     [2][]float64   // its output, at both
	m       [][]float64    // multipliers of what it reads
	g       []float64      // and of its output
	dense   *preciseLayer  // of a relu: the linear layer that RevealCancel takes with it
}

// weight is the layer's tensor of that name, "weight" or "bias"; nil if it has none.
func (c *preciseLayer) weight(name string) []float32 { return c.weights.Get(c.l.Name + "." + name) }

// Multipliers is Gradients for a single point in float64 throughout, by Rescale
// or RevealCancel: grad [C*H*W] takes the multipliers, and what is returned is by
// how much the target changes from the baseline. It takes a hundred times as long
// as a point of Gradients, and is for points where that loses too much to
// rounding. Other rules are a fault of the caller, who asks first whether the
// network is fit for the rule (Net.Supports).
func (w *Worker) Multipliers(rule Rule, p *Point, grad []float64) (change float64) {
	if !rule.carries() {
		panic("model: multipliers in float64 are those of Rescale and RevealCancel")
	}
	if w.precise == nil {
		w.precise = newPrecise(w.m)
	}
	k := w.precise
	for i, x := range [][]float32{atBaseline: p.Baseline, atInput: p.X} {
		for j, v := range x {
			k.acts[i][0][j] = float64(v)
		}
		for l := range k.layers {
			k.layers[l].forward(i)
		}
	}
	for _, m := range k.mult {
		clear(m)
	}
	last := len(k.layers)
	for _, t := range []struct {
		class int
		sign  float64
	}{{p.Target.Class, 1}, {p.Target.Minus, -1}} {
		if t.class >= 0 {
			k.mult[last][t.class] += t.sign
			change += t.sign * (k.acts[atInput][last][t.class] - k.acts[atBaseline][last][t.class])
		}
	}
	for l := last - 1; l >= 0; l-- {
		k.layers[l].back(rule)
	}
	copy(grad, k.mult[0])
	return change
}

func newPrecise(m *Model) *precise {
	n := m.net
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	k := &precise{layers: make([]preciseLayer, len(n.Layers))}
	for _, s := range shapes {
		for i := range k.acts {
			k.acts[i] = append(k.acts[i], make([]float64, s.Size()))
		}
		k.mult = append(k.mult, make([]float64, s.Size()))
	}
	dense := n.revealed()
	for i, reads := range n.reads() {
		l := n.Layers[i]
		c := preciseLayer{kind: kinds[l.Kind], l: l, s: shapes[reads[0]], o: shapes[i+1], weights: m.weights, g: k.mult[i+1]}
		for _, r := range reads {
			for at := range k.acts {
				c.in[at] = append(c.in[at], k.acts[at][r])
			}
			c.m = append(c.m, k.mult[r])
		}
		for at := range k.acts {
			c.out[at] = k.acts[at][i+1]
		}
		if j := dense[i]; j >= 0 {
			c.dense = &k.layers[j]
		}
		k.layers[i] = c
	}
	return k
}

// forward computes the output at one of the points.
func (c *preciseLayer) forward(at int) {
	if c.kind.curve == nil {
		c.kind.forward(c, c.in[at], c.out[at])
		return
	}
	f := c.kind.curve(c.l).f
	for j, v := range c.in[at][0] {
		c.out[at][j] = f(v)
	}
}

// back adds what the layer hands to its inputs of the multipliers of its output.
func (c *preciseLayer) back(rule Rule) {
	if c.kind.curve == nil {
		c.kind.back(c, rule)
		return
	}
	slope := c.kind.curve(c.l).slope
	c.elementwise(1e-10, slope)
}

// elementwise is back of an activation: a multiplier is the change of the output by
// that of the input, or the slope where the input changes by no more than still.
func (c *preciseLayer) elementwise(still float64, slope func(x float64) float64) {
	r, x, yr, y := c.in[atBaseline][0], c.in[atInput][0], c.out[atBaseline], c.out[atInput]
	for j, v := range c.g {
		by := 0.0
		if d := x[j] - r[j]; math.Abs(d) > still {
			by = (y[j] - yr[j]) / d
		} else {
			by = slope(x[j])
		}
		c.m[0][j] += float64(v * by)
	}
}

// same is forward of a layer that changes no value, sameBack its way back.
func same(_ *preciseLayer, in [][]float64, y []float64) { copy(y, in[0]) }

func sameBack(c *preciseLayer, _ Rule) {
	for j, v := range c.g {
		c.m[0][j] += v
	}
}

// startWithBias begins the sums over the inputs with the bias of their channel.
func (c *preciseLayer) startWithBias(y []float64) {
	clear(y)
	pixels := c.o.H * c.o.W
	for o, v := range c.weight("bias") {
		for j := o * pixels; j < (o+1)*pixels; j++ {
			y[j] = float64(v)
		}
	}
}

// windows visits the values of a pool's windows, each in reading order: value t of
// the size values of output out is input in. ys and xs are the windows by rows and
// columns.
func (c *preciseLayer) windows(ys, xs []span, visit func(out, in, t, size int)) {
	out := 0
	for ch := range c.o.C {
		for _, y := range ys {
			for _, x := range xs {
				for ty := range y.count {
					for tx := range x.count {
						visit(out, (ch*c.s.H+y.at+ty)*c.s.W+x.at+tx, ty*x.count+tx, y.count*x.count)
					}
				}
				out++
			}
		}
	}
}
