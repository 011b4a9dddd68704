package model

import (
	"math"
)

// ref is the engine written again, plainly: scalar, float64, one image. The
// tests hold the real one against it.

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
				if in[i] > 0 || rule == Deconvolution {
					d[i] = g[i]
				}
				if rule == GuidedBackprop || rule == Deconvolution {
					d[i] = math.Max(d[i], 0)
				}
				if rule.baselined() {
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
