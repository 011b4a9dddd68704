package model

import (
	"context"
	"fmt"
	"math"
	"slices"

	"assay/model/rng"
)

// TEMPORARY: a scalar float64 engine to develop the other packages against.

type ref struct{}

func (ref) forward(n *Net, wt *Weights, x []float64) (acts [][]float64, arg [][]int) {
	acts = [][]float64{x}
	s := n.Input
	for _, l := range n.Layers {
		o := l.output(s)
		in := acts[len(acts)-1]
		y := make([]float64, o.Size())
		var am []int
		w, b := wt.Get(l.Name+".weight"), wt.Get(l.Name+".bias")
		switch l.Kind {
		case "conv2d":
			for oc := range o.C {
				for r := range o.H {
					for q := range o.W {
						v := float64(b[oc])
						for ic := range s.C {
							for ky := range l.Kernel {
								iy := r*l.Stride + ky - l.Padding
								if iy < 0 || iy >= s.H {
									continue
								}
								for kx := range l.Kernel {
									ix := q*l.Stride + kx - l.Padding
									if ix < 0 || ix >= s.W {
										continue
									}
									v += float64(w[((oc*s.C+ic)*l.Kernel+ky)*l.Kernel+kx]) * in[(ic*s.H+iy)*s.W+ix]
								}
							}
						}
						y[(oc*o.H+r)*o.W+q] = v
					}
				}
			}
		case "relu":
			for i, v := range in {
				y[i] = math.Max(v, 0)
			}
		case "max_pool2d":
			am = make([]int, len(y))
			for c := range o.C {
				for r := range o.H {
					for q := range o.W {
						best, at := math.Inf(-1), -1
						for ky := range l.Kernel {
							for kx := range l.Kernel {
								j := (c*s.H+r*l.Stride+ky)*s.W + q*l.Stride + kx
								if in[j] > best {
									best, at = in[j], j
								}
							}
						}
						k := (c*o.H+r)*o.W + q
						y[k], am[k] = best, at
					}
				}
			}
		case "flatten":
			copy(y, in)
		case "linear":
			for i := range y {
				v := float64(b[i])
				for k, xv := range in {
					v += float64(w[i*len(in)+k]) * xv
				}
				y[i] = v
			}
		}
		acts, arg = append(acts, y), append(arg, am)
		s = o
	}
	return acts, arg
}

func (ref) backward(n *Net, wt *Weights, rule Rule, acts [][]float64, arg [][]int, ra [][]float64, rarg [][]int, g []float64) []float64 {
	shapes := n.Shapes()
	for li := len(n.Layers) - 1; li >= 0; li-- {
		l, o := n.Layers[li], shapes[li]
		s := n.Input
		if li > 0 {
			s = shapes[li-1]
		}
		d := make([]float64, s.Size())
		w := wt.Get(l.Name + ".weight")
		in := acts[li]
		switch l.Kind {
		case "conv2d":
			for oc := range o.C {
				for r := range o.H {
					for q := range o.W {
						gv := g[(oc*o.H+r)*o.W+q]
						for ic := range s.C {
							for ky := range l.Kernel {
								iy := r*l.Stride + ky - l.Padding
								if iy < 0 || iy >= s.H {
									continue
								}
								for kx := range l.Kernel {
									ix := q*l.Stride + kx - l.Padding
									if ix < 0 || ix >= s.W {
										continue
									}
									d[(ic*s.H+iy)*s.W+ix] += float64(w[((oc*s.C+ic)*l.Kernel+ky)*l.Kernel+kx]) * gv
								}
							}
						}
					}
				}
			}
		case "relu":
			for i := range d {
				if in[i] > 0 {
					d[i] = g[i]
				}
				if rule != Gradient {
					if dx := in[i] - ra[li][i]; math.Abs(dx) > 1e-10 {
						d[i] = g[i] * (acts[li+1][i] - ra[li+1][i]) / dx
					}
				}
			}
		case "max_pool2d":
			for k := range g {
				if rule == Rescale {
					y, yr := acts[li+1][k], ra[li+1][k]
					if i := arg[li][k]; y > yr {
						d[i] += g[k] * (y - yr) / (in[i] - ra[li][i])
					} else if j := rarg[li][k]; y < yr {
						d[j] += g[k] * (y - yr) / (in[j] - ra[li][j])
					}
					continue
				}
				d[arg[li][k]] += g[k]
			}
		case "flatten":
			copy(d, g)
		case "linear":
			for i, gv := range g {
				for k := range d {
					d[k] += float64(w[i*len(d)+k]) * gv
				}
			}
		}
		g = d
	}
	return g
}

func (w *Worker) slow(ctx context.Context, rule Rule, n int, fill func(i int, p *Point), fold func(i int, r Result)) error {
	net := w.m.net
	f64 := func(x []float32) []float64 {
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = float64(v)
		}
		return y
	}
	f32 := func(x []float64) []float32 {
		y := make([]float32, len(x))
		for i, v := range x {
			y[i] = float32(v)
		}
		return y
	}
	for i := 0; i < n; i += Lanes {
		if err := ctx.Err(); err != nil {
			return err
		}
		var ps [Lanes]Point
		for j := i; j < min(n, i+Lanes); j++ {
			p := &ps[j-i]
			p.Target.Minus = -1
			p.X = make([]float32, net.Input.Size())
			if rule > Gradient {
				p.Baseline = make([]float32, net.Input.Size())
			}
			fill(j, p)
		}
		for j := i; j < min(n, i+Lanes); j++ {
			p := &ps[j-i]
			var res Result
			acts, arg := w.forward(net, w.m.weights, f64(p.X))
			res.Logits = f32(acts[len(acts)-1])
			if rule >= Gradient {
				var ra [][]float64
				var rarg [][]int
				if rule > Gradient {
					ra, rarg = w.forward(net, w.m.weights, f64(p.Baseline))
					res.BaselineLogits = f32(ra[len(ra)-1])
				}
				g := make([]float64, net.Classes())
				g[p.Target.Class] = 1
				if p.Target.Minus >= 0 {
					g[p.Target.Minus]--
				}
				res.Grad = f32(w.backward(net, w.m.weights, rule, acts, arg, ra, rarg, g))
			}
			fold(j, res)
		}
	}
	return nil
}

// Trainer takes SGD steps on one network. It is not safe for concurrent use.
type Trainer struct {
	n    *Net
	w, v *Weights
}

// NewTrainer starts from w with zero velocity; w is copied.
func NewTrainer(n *Net, w *Weights) (*Trainer, error) {
	if err := n.Resolve(); err != nil {
		return nil, err
	}
	w, err := w.Fit(n)
	if err != nil {
		return nil, err
	}
	t := &Trainer{n: n, w: w.Clone(), v: w.Clone()}
	for _, x := range t.v.Tensors {
		clear(x.Data)
	}
	return t, nil
}

// SGD holds the settings of one step, in PyTorch's convention:
// g += WeightDecay*w; v = Momentum*v + g; w -= LR*v.
type SGD struct{ LR, Momentum, WeightDecay float32 }

// Step takes one step of SGD on the mean cross-entropy of the batch and
// returns that loss, computed before the step. x[i] is a normalised image
// [C*H*W]; labels are below Classes. A loss or weight that is not finite is an
// error, and the weights are then useless.
func (t *Trainer) Step(x [][]float32, labels []int, o SGD) (loss float64, err error) {
	if len(x) == 0 || len(x) != len(labels) {
		return 0, fmt.Errorf("model: a step on %d images with %d labels", len(x), len(labels))
	}
	grads := make([][]float64, len(t.w.Tensors))
	for i, w := range t.w.Tensors {
		grads[i] = make([]float64, len(w.Data))
	}
	grad := func(name string) []float64 {
		return grads[slices.IndexFunc(t.w.Tensors, func(w Tensor) bool { return w.Name == name })]
	}
	r := ref{}
	for k, xk := range x {
		in := make([]float64, len(xk))
		for i, v := range xk {
			in[i] = float64(v)
		}
		acts, arg := r.forward(t.n, t.w, in)
		z := acts[len(acts)-1]
		top, sum := slices.Max(z), 0.0
		for _, v := range z {
			sum += rng.Exp(v - top)
		}
		loss += rng.Log(sum) + top - z[labels[k]]
		g := make([]float64, len(z))
		for i, v := range z {
			g[i] = rng.Exp(v-top) / sum / float64(len(x))
		}
		g[labels[k]] -= 1 / float64(len(x))
		r.backwardWeights(t.n, t.w, acts, arg, g, grad)
	}
	loss /= float64(len(x))
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, fmt.Errorf("model: the loss is %v", loss)
	}
	for i, w := range t.w.Tensors {
		v := t.v.Tensors[i].Data
		for j := range w.Data {
			g := float32(grads[i][j]) + float32(o.WeightDecay*w.Data[j])
			v[j] = float32(o.Momentum*v[j]) + g
			w.Data[j] -= float32(o.LR * v[j])
			if u := float64(w.Data[j]); math.IsNaN(u) || math.IsInf(u, 0) {
				return loss, fmt.Errorf("model: %s[%d] became %v", w.Name, j, u)
			}
		}
	}
	return loss, nil
}

// backwardWeights adds the gradients of the weights to what grad returns.
func (r ref) backwardWeights(n *Net, wt *Weights, acts [][]float64, arg [][]int, g []float64, grad func(string) []float64) {
	shapes := n.Shapes()
	for li := len(n.Layers) - 1; li >= 0; li-- {
		l, o, s := n.Layers[li], shapes[li], n.Input
		if li > 0 {
			s = shapes[li-1]
		}
		in := acts[li]
		switch l.Kind {
		case "conv2d":
			dw, db := grad(l.Name+".weight"), grad(l.Name+".bias")
			for oc := range o.C {
				for y := range o.H {
					for q := range o.W {
						gv := g[(oc*o.H+y)*o.W+q]
						if gv == 0 {
							continue
						}
						db[oc] += gv
						for ic := range s.C {
							for ky := range l.Kernel {
								iy := y*l.Stride + ky - l.Padding
								if iy < 0 || iy >= s.H {
									continue
								}
								for kx := range l.Kernel {
									ix := q*l.Stride + kx - l.Padding
									if ix >= 0 && ix < s.W {
										dw[((oc*s.C+ic)*l.Kernel+ky)*l.Kernel+kx] += in[(ic*s.H+iy)*s.W+ix] * gv
									}
								}
							}
						}
					}
				}
			}
		case "linear":
			dw, db := grad(l.Name+".weight"), grad(l.Name+".bias")
			for i, gv := range g {
				db[i] += gv
				for k, v := range in {
					dw[i*len(in)+k] += v * gv
				}
			}
		}
		one := &Net{Input: s, Layers: n.Layers[li : li+1]}
		g = r.backward(one, wt, Gradient, acts[li:li+2], arg[li:li+1], nil, nil, g)
	}
}

// Weights returns a copy of the current weights.
func (t *Trainer) Weights() *Weights { return t.w.Clone() }

// Velocity returns a copy of the momentum buffers, for a checkpoint.
func (t *Trainer) Velocity() *Weights { return t.v.Clone() }

// SetVelocity restores what Velocity returned.
func (t *Trainer) SetVelocity(v *Weights) error {
	v, err := v.Fit(t.n)
	if err == nil {
		t.v = v.Clone()
	}
	return err
}
