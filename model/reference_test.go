package model

import (
	"math"
)

// ref is the engine written again, plainly: scalar, float64, image by image. The
// tests hold the real one against it.
type ref struct {
	// train normalises by the batch's statistics; mask is what a dropout layer
	// multiplies an image of the batch by.
	train bool
	mask  func(layer string, image int) []float64
}

// tape is what a pass over a batch leaves: activations by place (Net.reads) and
// image, the winners of max-pools by layer and image, and the batch's mean and
// variance by batch norm.
type tape struct {
	acts     [][][]float64
	arg      [][][]int
	mean     map[string][]float64
	variance map[string][]float64
}

// forward runs one image.
func (r ref) forward(n *Net, wt *Weights, x []float64) (acts [][]float64, arg [][]int) {
	t := r.run(n, wt, [][]float64{x})
	for i := range t.acts {
		acts = append(acts, t.acts[i][0])
	}
	for i := range t.arg {
		arg = append(arg, t.arg[i][0])
	}
	return acts, arg
}

// backward leads g back to the image.
func (r ref) backward(n *Net, wt *Weights, rule Rule, acts [][]float64, arg [][]int, ra [][]float64, rarg [][]int, g []float64) []float64 {
	return r.back(n, wt, rule, one(acts, arg), one(ra, rarg), [][]float64{g}, nil)[0]
}

func one(acts [][]float64, arg [][]int) (t tape) {
	for _, a := range acts {
		t.acts = append(t.acts, [][]float64{a})
	}
	for _, a := range arg {
		t.arg = append(t.arg, [][]int{a})
	}
	return t
}

// taps calls f for every product of a convolution: indices of output, input and
// weight.
func (ref) taps(l Layer, s, o Shape, f func(out, in, w int)) {
	for oc := range o.C {
		for y := range o.H {
			for x := range o.W {
				for ic := range s.C {
					for ky := range l.Kernel {
						iy := y*l.Stride + ky - l.Padding
						if iy < 0 || iy >= s.H {
							continue
						}
						for kx := range l.Kernel {
							ix := x*l.Stride + kx - l.Padding
							if ix >= 0 && ix < s.W {
								f((oc*o.H+y)*o.W+x, (ic*s.H+iy)*s.W+ix, ((oc*s.C+ic)*l.Kernel+ky)*l.Kernel+kx)
							}
						}
					}
				}
			}
		}
	}
}

// windows calls f for every value of every window of a pool.
func (ref) windows(l Layer, s, o Shape, f func(out, in, size int)) {
	// The ends of window i.
	ends := func(i, in, out int) (first, last int) {
		if l.Kind == "adaptive_avg_pool2d" {
			step := float64(in) / float64(out)
			return int(math.Floor(float64(i)*step + 1e-9)), int(math.Ceil(float64(i+1)*step-1e-9)) - 1
		}
		return i * l.Stride, i*l.Stride + l.Kernel - 1
	}
	for c := range o.C {
		for y := range o.H {
			y0, y1 := ends(y, s.H, o.H)
			for x := range o.W {
				x0, x1 := ends(x, s.W, o.W)
				for iy := y0; iy <= y1; iy++ {
					for ix := x0; ix <= x1; ix++ {
						f((c*o.H+y)*o.W+x, (c*s.H+iy)*s.W+ix, (y1-y0+1)*(x1-x0+1))
					}
				}
			}
		}
	}
}

// elementwise is an activation and its derivative.
func (ref) elementwise(l Layer, x float64) (y, d float64) {
	switch l.Kind {
	case "relu":
		if x > 0 {
			return x, 1
		}
		return 0, 0
	case "leaky_relu":
		if x > 0 {
			return x, 1
		}
		return l.Slope * x, l.Slope
	case "elu":
		if x > 0 {
			return x, 1
		}
		return l.Alpha * math.Expm1(x), l.Alpha * math.Exp(x)
	case "softplus":
		return math.Log1p(math.Exp(x)), 1 / (1 + math.Exp(-x))
	case "tanh":
		y := math.Tanh(x)
		return y, 1 - y*y
	case "sigmoid":
		y := 1 / (1 + math.Exp(-x))
		return y, y * (1 - y)
	}
	panic(l.Kind)
}

// normEpsOf is what a batch norm adds to a variance.
func normEpsOf(l Layer) float64 {
	if l.Eps != 0 {
		return l.Eps
	}
	return 1e-5
}

// moments are what a batch norm normalises a channel by.
func (r ref) moments(wt *Weights, l Layer, xs [][]float64, c, pixels int) (mean, variance float64) {
	if !r.train {
		return float64(wt.Get(l.Name + ".running_mean")[c]), float64(wt.Get(l.Name + ".running_var")[c])
	}
	n := float64(len(xs) * pixels)
	for _, x := range xs {
		for _, v := range x[c*pixels : (c+1)*pixels] {
			mean += v / n
		}
	}
	for _, x := range xs {
		for _, v := range x[c*pixels : (c+1)*pixels] {
			variance += (v - mean) * (v - mean) / n
		}
	}
	return mean, variance
}

func (r ref) run(n *Net, wt *Weights, xs [][]float64) tape {
	t := tape{acts: [][][]float64{xs}, mean: map[string][]float64{}, variance: map[string][]float64{}}
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	for i, read := range n.reads() {
		l, s, o := n.Layers[i], shapes[read[0]], shapes[i+1]
		w, b := wt.Get(l.Name+".weight"), wt.Get(l.Name+".bias")
		in := t.acts[read[0]]
		out, arg := make([][]float64, len(xs)), make([][]int, len(xs))
		if l.Kind == "batch_norm2d" {
			px := s.H * s.W
			t.mean[l.Name], t.variance[l.Name] = make([]float64, s.C), make([]float64, s.C)
			for j := range out {
				out[j] = make([]float64, s.Size())
			}
			for c := range s.C {
				mean, variance := r.moments(wt, l, in, c, px)
				t.mean[l.Name][c], t.variance[l.Name][c] = mean, variance
				for j, x := range in {
					for k := c * px; k < (c+1)*px; k++ {
						out[j][k] = (x[k]-mean)/math.Sqrt(variance+normEpsOf(l))*float64(w[c]) + float64(b[c])
					}
				}
			}
		} else {
			for j, x := range in {
				y := make([]float64, o.Size())
				switch l.Kind {
				case "conv2d":
					for k := range y {
						if b != nil {
							y[k] = float64(b[k/(o.H*o.W)])
						}
					}
					r.taps(l, s, o, func(out, in, wi int) { y[out] += float64(w[wi]) * x[in] })
				case "linear":
					for k := range y {
						if b != nil {
							y[k] = float64(b[k])
						}
						for q, v := range x {
							y[k] += float64(w[k*len(x)+q]) * v
						}
					}
				case "max_pool2d":
					arg[j] = make([]int, len(y))
					for k := range y {
						y[k] = math.Inf(-1)
					}
					r.windows(l, s, o, func(out, in, _ int) {
						if x[in] > y[out] {
							y[out], arg[j][out] = x[in], in
						}
					})
				case "avg_pool2d", "adaptive_avg_pool2d":
					r.windows(l, s, o, func(out, in, size int) { y[out] += x[in] / float64(size) })
				case "flatten":
					copy(y, x)
				case "dropout":
					copy(y, x)
					if r.mask != nil {
						for k, m := range r.mask(l.Name, j) {
							y[k] *= m
						}
					}
				case "add":
					for k, v := range t.acts[read[1]][j] {
						y[k] = x[k] + v
					}
				default:
					for k, v := range x {
						y[k], _ = r.elementwise(l, v)
					}
				}
				out[j] = y
			}
		}
		t.acts, t.arg = append(t.acts, out), append(t.arg, arg)
	}
	return t
}

// back leads the gradients g of the logits back to the images. grad is where
// the gradients of the weights are added; nil leaves them out. base is the
// baseline's tape for the Rescale rules.
func (r ref) back(n *Net, wt *Weights, rule Rule, t, base tape, g [][]float64, grad func(string) []float64) [][]float64 {
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	ds := make([][][]float64, len(shapes))
	for i, s := range shapes {
		ds[i] = make([][]float64, len(g))
		for j := range g {
			ds[i][j] = make([]float64, s.Size())
		}
	}
	ds[len(ds)-1] = g
	reads := n.reads()
	for i := len(n.Layers) - 1; i >= 0; i-- {
		l, p := n.Layers[i], reads[i][0]
		s, o := shapes[p], shapes[i+1]
		w := wt.Get(l.Name + ".weight")
		var dw, db []float64
		if grad != nil && w != nil {
			dw = grad(l.Name + ".weight")
			if !l.NoBias {
				db = grad(l.Name + ".bias")
			}
		}
		if l.Kind == "batch_norm2d" {
			r.backNorm(l, s, wt, t.acts[p], ds[i+1], ds[p], dw, db)
			continue
		}
		for j, g := range ds[i+1] {
			x, d := t.acts[p][j], ds[p][j]
			switch l.Kind {
			case "conv2d":
				for k, v := range g {
					if db != nil {
						db[k/(o.H*o.W)] += v
					}
				}
				r.taps(l, s, o, func(out, in, wi int) {
					d[in] += float64(w[wi]) * g[out]
					if dw != nil {
						dw[wi] += x[in] * g[out]
					}
				})
			case "linear":
				for k, v := range g {
					if db != nil {
						db[k] += v
					}
					for q := range x {
						d[q] += float64(w[k*len(x)+q]) * v
						if dw != nil {
							dw[k*len(x)+q] += x[q] * v
						}
					}
				}
			case "max_pool2d":
				for k := range g {
					a := t.arg[i][j][k]
					if rule != Rescale && rule != RevealCancel {
						d[a] += g[k]
						continue
					}
					y, yr := t.acts[i+1][j][k], base.acts[i+1][j][k]
					if y < yr {
						a = base.arg[i][j][k]
					}
					if y != yr {
						d[a] += g[k] * (y - yr) / (x[a] - base.acts[p][j][a])
					}
				}
			case "avg_pool2d", "adaptive_avg_pool2d":
				r.windows(l, s, o, func(out, in, size int) { d[in] += g[out] / float64(size) })
			case "flatten":
				for k, v := range g {
					d[k] += v
				}
			case "dropout":
				for k, v := range g {
					if r.mask != nil {
						v *= r.mask(l.Name, j)[k]
					}
					d[k] += v
				}
			case "add":
				for k, v := range g {
					d[k] += v
					ds[reads[i][1]][j][k] += v
				}
			default:
				if rule == RevealCancel && n.revealed()[i] >= 0 {
					j0 := n.revealed()[i]
					q := reads[j0][0]
					r.revealCancel(wt.Get(n.Layers[j0].Name+".weight"), t.acts[p][j], base.acts[p][j], t.acts[q][j], base.acts[q][j], g, ds[q][j])
					continue
				}
				guided := l.Kind == "relu" || l.Kind == "leaky_relu"
				for k, v := range g {
					_, m := r.elementwise(l, x[k])
					if guided && (rule == GuidedBackprop || rule == Deconvolution) {
						v = math.Max(v, 0)
					}
					if guided && rule == Deconvolution {
						m = 1
					}
					if rule.baselined() {
						if xr := base.acts[p][j][k]; math.Abs(x[k]-xr) > 1e-10 {
							m = (t.acts[i+1][j][k] - base.acts[i+1][j][k]) / (x[k] - xr)
						}
					}
					d[k] += v * m
				}
			}
		}
	}
	return ds[0]
}

func (r ref) backNorm(l Layer, s Shape, wt *Weights, xs, gs, ds [][]float64, dw, db []float64) {
	px := s.H * s.W
	for c := range s.C {
		mean, variance := r.moments(wt, l, xs, c, px)
		inv := 1 / math.Sqrt(variance+normEpsOf(l))
		scale := float64(wt.Get(l.Name + ".weight")[c]) * inv
		var sum, dot float64
		n := float64(len(xs) * px)
		for j, x := range xs {
			for k := c * px; k < (c+1)*px; k++ {
				sum += gs[j][k]
				dot += gs[j][k] * (x[k] - mean) * inv
			}
		}
		if dw != nil {
			dw[c] += dot
			db[c] += sum
		}
		for j, x := range xs {
			for k := c * px; k < (c+1)*px; k++ {
				v := gs[j][k]
				if r.train {
					v -= sum/n + (x[k]-mean)*inv*dot/n
				}
				ds[j][k] += v * scale
			}
		}
	}
}
