package model

import "math"

// Float32 carries changes and multipliers with 24 bits, and what a map's values
// lose of theirs stays though nearly all of the map cancels: where a thousandth
// of it is left, the delta may be seen. For such points, one in a hundred or
// less, there is precise: the same rules in float64, one image at a time, layer by
// layer and without regard for speed.

// precise is the memory of Worker.Multipliers.
type precise struct {
	n      *Net
	w      *Weights
	reads  [][]int
	shapes []Shape        // by activation, as reads counts them
	scale  [][]float64    // by layer: of a batch norm, by channel
	shift  [][]float64    // the same
	dense  []int          // by relu, the linear layer that RevealCancel takes with it
	acts   [2][][]float64 // of the baseline and of the input
	mult   [][]float64    // multipliers of the activations
}

// The places in precise.acts.
const (
	atBaseline = iota
	atInput
)

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
		for l := range k.n.Layers {
			k.forward(l, k.acts[i])
		}
	}
	for _, m := range k.mult {
		clear(m)
	}
	last := len(k.n.Layers)
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
		k.back(l, rule)
	}
	copy(grad, k.mult[0])
	return change
}

func newPrecise(m *Model) *precise {
	n := m.net
	k := &precise{n: n, w: m.weights, reads: n.reads(), shapes: append([]Shape{n.Input}, n.Shapes()...), dense: n.revealed()}
	k.scale, k.shift = make([][]float64, len(n.Layers)), make([][]float64, len(n.Layers))
	for _, s := range k.shapes {
		for i := range k.acts {
			k.acts[i] = append(k.acts[i], make([]float64, s.Size()))
		}
		k.mult = append(k.mult, make([]float64, s.Size()))
	}
	for i, l := range n.Layers {
		if l.Kind != "batch_norm2d" {
			continue
		}
		gamma, beta := k.w.Get(l.Name+".weight"), k.w.Get(l.Name+".bias")
		mean, variance := k.w.Get(l.Name+".running_mean"), k.w.Get(l.Name+".running_var")
		for c := range gamma {
			scale := normScale(gamma[c], variance[c])
			k.scale[i] = append(k.scale[i], scale)
			k.shift[i] = append(k.shift[i], float64(beta[c])-float64(float64(mean[c])*scale))
		}
	}
	return k
}

// forward computes the output of layer i.
func (k *precise) forward(i int, acts [][]float64) {
	l, at := k.n.Layers[i], k.reads[i][0]
	x, y, s, o := acts[at], acts[i+1], k.shapes[at], k.shapes[i+1]
	switch l.Kind {
	case "conv2d":
		k.startWithBias(l, y, o.H*o.W)
		k.rows(l, s, o, func(w float64, out, in, n int) {
			to := y[out : out+n]
			if l.Stride == 1 {
				addTimes(w, x[in:in+n], to)
				return
			}
			for j := range to {
				to[j] += float64(w * x[in+j*l.Stride])
			}
		})
	case "linear":
		k.startWithBias(l, y, 1)
		w := k.w.Get(l.Name + ".weight")
		for j := range y {
			sum := y[j]
			for q, v := range w[j*len(x):][:len(x)] {
				sum += float64(float64(v) * x[q])
			}
			y[j] = sum
		}
	case "batch_norm2d":
		for j, v := range x {
			c := j / (s.H * s.W)
			y[j] = float64(k.scale[i][c]*v) + k.shift[i][c]
		}
	case "relu":
		for j, v := range x {
			y[j] = max(v, 0)
		}
	case "max_pool2d":
		k.windows(l, s, o, func(out int, first bool, in int) {
			if v := x[in]; first || v > y[out] {
				y[out] = v
			}
		})
	case "avg_pool2d", "adaptive_avg_pool2d":
		clear(y)
		size, _ := l.window(s)
		k.windows(l, s, o, func(out int, _ bool, in int) { y[out] += x[in] / float64(size[0]*size[1]) })
	case "add":
		for j, v := range acts[k.reads[i][1]] {
			y[j] = x[j] + v
		}
	case "flatten", "dropout":
		copy(y, x)
	default:
		f := l.curve().f
		for j, v := range x {
			y[j] = f(v)
		}
	}
}

func (k *precise) startWithBias(l Layer, y []float64, pixels int) {
	clear(y)
	for c, v := range k.w.Get(l.Name + ".bias") {
		for j := c * pixels; j < (c+1)*pixels; j++ {
			y[j] = float64(v)
		}
	}
}

// back adds what layer i hands to its inputs of the multipliers of its output.
func (k *precise) back(i int, rule Rule) {
	l, at := k.n.Layers[i], k.reads[i][0]
	s, o := k.shapes[at], k.shapes[i+1]
	g, m := k.mult[i+1], k.mult[at]
	r, x := k.acts[atBaseline][at], k.acts[atInput][at]
	yr, y := k.acts[atBaseline][i+1], k.acts[atInput][i+1]
	switch l.Kind {
	case "conv2d":
		k.rows(l, s, o, func(w float64, out, in, n int) {
			from := g[out : out+n]
			if l.Stride == 1 {
				addTimes(w, from, m[in:in+n])
				return
			}
			for j, v := range from {
				m[in+j*l.Stride] += float64(w * v)
			}
		})
	case "linear":
		w := k.w.Get(l.Name + ".weight")
		for j, v := range g {
			if v == 0 {
				continue
			}
			for q, c := range w[j*len(m):][:len(m)] {
				m[q] += float64(float64(c) * v)
			}
		}
	case "batch_norm2d":
		for j, v := range g {
			m[j] += float64(k.scale[i][j/(s.H*s.W)] * v)
		}
	case "relu":
		if j := k.dense[i]; rule == RevealCancel && j >= 0 {
			k.reveal(j, r, x, g)
			return
		}
		for j, v := range g {
			slope := step01(r[j])
			if x[j] != r[j] {
				slope = (y[j] - yr[j]) / (x[j] - r[j])
			}
			m[j] += float64(v * slope)
		}
	case "max_pool2d":
		// The first place of the maximum, by which the pool gains or loses.
		place := make([]int, len(y))
		for j := range place {
			place[j] = -1
		}
		k.windows(l, s, o, func(out int, _ bool, in int) {
			if place[out] < 0 && (y[out] > yr[out] && x[in] == y[out] || y[out] < yr[out] && r[in] == yr[out]) {
				place[out] = in
			}
		})
		for j, in := range place {
			if in >= 0 {
				m[in] += float64(g[j] * ((y[j] - yr[j]) / (x[in] - r[in])))
			}
		}
	case "avg_pool2d", "adaptive_avg_pool2d":
		size, _ := l.window(s)
		k.windows(l, s, o, func(out int, _ bool, in int) { m[in] += g[out] / float64(size[0]*size[1]) })
	case "add":
		other := k.mult[k.reads[i][1]]
		for j, v := range g {
			m[j] += v
			other[j] += v
		}
	case "flatten", "dropout":
		for j, v := range g {
			m[j] += v
		}
	default:
		c := l.curve()
		for j, v := range g {
			slope := c.slope(x[j])
			if math.Abs(x[j]-r[j]) > 1e-10 {
				slope = (y[j] - yr[j]) / (x[j] - r[j])
			}
			m[j] += float64(v * slope)
		}
	}
}

// reveal leads g, the multipliers of a relu's output, past it and linear layer j in
// front of it. r and x are what the relu reads.
func (k *precise) reveal(j int, r, x, g []float64) {
	at := k.reads[j][0]
	from, to, m := k.acts[atBaseline][at], k.acts[atInput][at], k.mult[at]
	all := k.w.Get(k.n.Layers[j].Name + ".weight")
	for i, v := range g {
		w := all[i*len(m):][:len(m)]
		var up, down float64
		for q, c := range w {
			part := float64(c) * (to[q] - from[q])
			up, down = up+max(part, 0), down+min(part, 0)
		}
		ofUp, ofDown := revealCancel(x[i], r[i], up, down)
		for q, c := range w {
			by := (ofUp + ofDown) / 2
			switch part := float64(c) * (to[q] - from[q]); {
			case part > 0:
				by = ofUp
			case part < 0:
				by = ofDown
			}
			m[q] += float64(float64(float64(c)*by) * v)
		}
	}
}

// addTimes adds w times x to y, which are of one length.
func addTimes(w float64, x, y []float64) {
	x = x[:len(y)]
	for j, v := range x {
		y[j] += float64(w * v)
	}
}

// rows visits a convolution by weights and rows: n outputs from out on, which lie
// side by side, read inputs from in on, a stride apart, times w.
func (k *precise) rows(l Layer, s, o Shape, visit func(w float64, out, in, n int)) {
	weights := k.w.Get(l.Name + ".weight")
	ys := forwardAxis(l.Kernel, l.Stride, l.Padding, s.H, o.H).spans
	for t, w := range weights {
		tx, ty, ic, oc := t%l.Kernel, t/l.Kernel%l.Kernel, t/(l.Kernel*l.Kernel)%s.C, t/(l.Kernel*l.Kernel*s.C)
		first := max(0, (l.Padding-tx+l.Stride-1)/l.Stride)
		n := min(o.W, (s.W-1+l.Padding-tx)/l.Stride+1) - first
		if n <= 0 || s.W-1+l.Padding < tx {
			continue
		}
		for y, span := range ys {
			if row := span.at + ty - span.first; ty >= span.first && ty < span.first+span.count {
				visit(float64(w), (oc*o.H+y)*o.W+first, (ic*s.H+row)*s.W+first*l.Stride+tx-l.Padding, n)
			}
		}
	}
}

// windows visits the values of a pool's windows, each in reading order.
func (k *precise) windows(l Layer, s, o Shape, visit func(out int, first bool, in int)) {
	size, step := l.window(s)
	for out := range o.Size() {
		c, y, x := out/(o.H*o.W), out/o.W%o.H, out%o.W
		for t := range size[0] * size[1] {
			ty, tx := t/size[1], t%size[1]
			visit(out, t == 0, (c*s.H+y*step[0]+ty)*s.W+x*step[1]+tx)
		}
	}
}
