package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model"
)

// gradients returns the activations of every layer, the input first, and the
// derivative of the sum of seed times logits by each. relu is what a ReLU whose
// input is x passes back of g.
func (f reference) gradients(x, seed []float64, relu func(x, g float64) float64) (acts, grads [][]float64) {
	acts, first := f.layers(x)
	grads = make([][]float64, len(acts))
	grads[len(acts)-1] = seed
	for li := len(f.n.Layers) - 1; li >= 0; li-- {
		l, s, o := f.n.Layers[li], f.n.Input, f.n.Shapes()[li]
		if li > 0 {
			s = f.n.Shapes()[li-1]
		}
		d := make([]float64, s.Size())
		w := f.w.Get(l.Name + ".weight")
		for k, g := range grads[li+1] {
			switch c, row, col := k/(o.H*o.W), k/o.W%o.H, k%o.W; l.Kind {
			case "conv2d":
				f.taps(l, s, c, row, col, func(j, t int) { d[j] += float64(w[t]) * g })
			case "relu":
				d[k] = relu(acts[li][k], g)
			case "max_pool2d":
				d[first[li][k]] += g
			case "flatten":
				d[k] = g
			case "linear":
				for j := range d {
					d[j] += float64(w[k*len(d)+j]) * g
				}
			}
		}
		grads[li] = d
	}
	return acts, grads
}

// What a ReLU passes back: of the gradient, of guided backpropagation and of the
// deconvolution.
func openReLU(x, g float64) float64 {
	if x > 0 {
		return g
	}
	return 0
}
func guidedReLU(x, g float64) float64 { return openReLU(x, max(g, 0)) }
func deconvReLU(_, g float64) float64 { return max(g, 0) }

// cells is one number for every position of a layer.
type cells struct {
	h, w int
	v    []float64
}

// over lays c over an image of height by width as PyTorch's documentation of
// bilinear interpolation without aligned corners says.
func (c cells) over(height, width int) []float64 {
	at := func(r, q int) float64 { return c.v[min(r, c.h-1)*c.w+min(q, c.w-1)] }
	out := make([]float64, height*width)
	for p := range out {
		y := max(0, (float64(p/width)+0.5)*float64(c.h)/float64(height)-0.5)
		x := max(0, (float64(p%width)+0.5)*float64(c.w)/float64(width)-0.5)
		i, j := int(y), int(x)
		fy, fx := y-float64(i), x-float64(j)
		out[p] = (1-fy)*((1-fx)*at(i, j)+fx*at(i, j+1)) + fy*((1-fx)*at(i+1, j)+fx*at(i+1, j+1))
	}
	return out
}

// rectified keeps what is positive.
func (c cells) rectified() cells {
	for p, v := range c.v {
		c.v[p] = max(v, 0)
	}
	return c
}

// The rules of ReLUs, class activation maps and full gradients are what their
// papers say, on a network whose every part bends; images that are explained by a
// contrast among them.
func TestGradientMethodsAreTheirDefinitions(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 2, H: 9, W: 8}, Layers: []model.Layer{
		{Kind: "conv2d", Out: 3, Kernel: 2},
		{Kind: "relu"},
		{Kind: "max_pool2d", Kernel: 2},
		{Kind: "conv2d", Out: 4, Kernel: 2},
		{Kind: "relu"},
		{Kind: "flatten"},
		{Kind: "linear", Out: 6},
		{Kind: "relu"},
		{Kind: "linear", Out: 3},
	}}
	e := env(t, n, 17)
	f := reference{n: n, w: e.Worker.Model().Weights()}
	in := images(e, 6)
	in[4].Target = model.Target{Class: 2, Minus: 0}
	in[5].Target = model.Target{Class: 1, Minus: 2}
	height, width, channels := n.Input.H, n.Input.W, n.Input.C

	// weigh adds up the channels of a layer, each value times its weight.
	weigh := func(x, seed []float64, layer string, weights func(act, g []float64) []float64) cells {
		acts, grads := f.gradients(x, seed, openReLU)
		k := slices.IndexFunc(n.Layers, func(l model.Layer) bool { return l.Name == layer })
		s := n.Shapes()[k]
		area := s.H * s.W
		cam := cells{s.H, s.W, make([]float64, area)}
		for c := range s.C {
			act, g := acts[k+1][c*area:(c+1)*area], grads[k+1][c*area:(c+1)*area]
			for p, w := range weights(act, g) {
				cam.v[p] += w * act[p]
			}
		}
		return cam
	}
	everywhere := func(w float64, n int) []float64 { return slices.Repeat([]float64{w}, n) }
	gradCAM := func(_, g []float64) []float64 { // equations 1 and 2 of Selvaraju et al.
		mean := 0.0
		for _, v := range g {
			mean += v / float64(len(g))
		}
		return everywhere(mean, len(g))
	}
	plusPlus := func(act, g []float64) []float64 { // equations 5 and 19 of Chattopadhay et al.
		sum, w := 0.0, 0.0
		for _, v := range act {
			sum += v
		}
		for _, v := range g {
			if below := 2*v*v + sum*v*v*v; below != 0 {
				w += v * v / below * max(v, 0)
			}
		}
		return everywhere(w, len(g))
	}
	layerCAM := func(_, g []float64) []float64 {
		w := make([]float64, len(g))
		for p, v := range g {
			w[p] = max(v, 0)
		}
		return w
	}
	// shares gives every channel its share of a plane.
	shares := func(plane []float64) []float64 {
		for p := range plane {
			plane[p] /= float64(channels)
		}
		return slices.Repeat(plane, channels)
	}
	fullGradient := func(x, seed []float64) []float64 {
		_, grads := f.gradients(x, seed, openReLU)
		plane := make([]float64, height*width)
		add := func(v []float64, s model.Shape) {
			lo, hi := math.Inf(1), 0.0
			for _, x := range v {
				lo, hi = min(lo, math.Abs(x)), max(hi, math.Abs(x))
			}
			sum := cells{s.H, s.W, make([]float64, s.H*s.W)}
			for j, x := range v {
				sum.v[j%len(sum.v)] += (math.Abs(x) - lo) / (hi - lo)
			}
			for p, v := range sum.over(height, width) {
				plane[p] += v
			}
		}
		products := make([]float64, len(x))
		for j, v := range x {
			products[j] = v * grads[0][j]
		}
		add(products, n.Input)
		for li, l := range n.Layers {
			if l.Kind != "conv2d" {
				continue
			}
			s, b := n.Shapes()[li], f.w.Get(l.Name+".bias")
			biases := make([]float64, s.Size())
			for j := range biases {
				biases[j] = float64(b[j/(s.H*s.W)]) * grads[li+1][j]
			}
			add(biases, s)
		}
		return shares(plane)
	}
	atInput := func(relu func(x, g float64) float64) func(x, seed []float64) []float64 {
		return func(x, seed []float64) []float64 {
			_, grads := f.gradients(x, seed, relu)
			return grads[0]
		}
	}

	for _, r := range []struct {
		name string
		m    Method
		want func(x, seed []float64) []float64
	}{
		{"saliency", &Saliency{}, atInput(openReLU)},
		{"guided_backprop", &GuidedBackprop{}, atInput(guidedReLU)},
		{"deconvolution", &Deconvolution{}, atInput(deconvReLU)},
		{"grad_cam", &GradCAM{Layer: "pool1", InterpolateMode: "bilinear", AttrDimSummation: true}, func(x, seed []float64) []float64 {
			return shares(weigh(x, seed, "pool1", gradCAM).over(height, width))
		}},
		{"grad_cam_plus_plus", &GradCAMPlusPlus{Layer: "relu1", InterpolateMode: "bilinear"}, func(x, seed []float64) []float64 {
			return shares(weigh(x, seed, "relu1", plusPlus).rectified().over(height, width))
		}},
		{"layer_cam", &LayerCAM{Layer: "relu1", InterpolateMode: "bilinear"}, func(x, seed []float64) []float64 {
			return shares(weigh(x, seed, "relu1", layerCAM).rectified().over(height, width))
		}},
		{"guided_grad_cam", &GuidedGradCAM{Layer: "conv1", InterpolateMode: "bilinear"}, func(x, seed []float64) []float64 {
			out := atInput(guidedReLU)(x, seed)
			for j, v := range slices.Repeat(weigh(x, seed, "conv1", gradCAM).rectified().over(height, width), channels) {
				out[j] *= v
			}
			return out
		}},
		{"full_grad", &FullGrad{}, fullGradient},
	} {
		t.Run(r.name, func(t *testing.T) {
			for i, a := range attribute(t, e, r.m, in) {
				seed := make([]float64, 3)
				seed[in[i].Target.Class] = 1
				if in[i].Target.Minus >= 0 {
					seed[in[i].Target.Minus] = -1
				}
				want := r.want(doubles(in[i].X), seed)
				var off, size float64
				for j, v := range want {
					off += (float64(a.Map[j]) - v) * (float64(a.Map[j]) - v)
					size += v * v
				}
				if !(math.Sqrt(off) <= 1e-5*math.Sqrt(size)) { // guided maps may be 0 everywhere
					t.Errorf("image %d: off by %v of %v", i, math.Sqrt(off), math.Sqrt(size))
				}
			}
		})
	}
}

// doubles returns x in float64.
func doubles(x []float32) []float64 {
	out := make([]float64, len(x))
	for j, v := range x {
		out[j] = float64(v)
	}
	return out
}

// slowGuidedPath is algorithm 1 of Kapishnikov et al. with a band around the
// straight path, a sort for every quantile and no bookkeeping.
func slowGuidedPath(x, base []float64, gradient func(x []float64) []float64, steps int, fraction, maxDist float64) []float64 {
	at, sum := slices.Clone(base), make([]float64, len(x))
	distance := func(a []float64) (d float64) {
		for j, v := range a {
			d += math.Abs(x[j] - v)
		}
		return d
	}
	whole := distance(base)
	for step := range steps {
		g := gradient(at)
		size := make([]float64, len(x))
		for j, v := range g {
			size[j] = math.Abs(v)
		}
		move := func(j int, to float64) {
			sum[j] += g[j] * (to - at[j])
			at[j] = to
		}
		alpha := float64(step+1) / float64(steps)
		straight := func(j int, alpha float64) float64 { return base[j] + alpha*(x[j]-base[j]) }
		behind, ahead := max(alpha-maxDist, 0), min(alpha+maxDist, 1)
		for j := range at {
			if x[j] != base[j] && (at[j]-base[j])/(x[j]-base[j]) < behind {
				move(j, straight(j, behind))
			}
		}
		for excess := distance(at) - whole*(1-alpha); excess > 1e-9*whole; excess = distance(at) - whole*(1-alpha) {
			for j := range at {
				if at[j] == straight(j, ahead) {
					size[j] = math.Inf(1)
				}
			}
			threshold := slices.Sorted(slices.Values(size))[int(fraction*float64(len(x)-1))]
			var chosen []int
			reach := 0.0
			for j, v := range size {
				if v <= threshold && !math.IsInf(v, 1) {
					chosen = append(chosen, j)
					reach += math.Abs(straight(j, ahead) - at[j])
				}
			}
			for _, j := range chosen {
				if end := straight(j, ahead); excess > reach {
					move(j, end)
				} else {
					move(j, at[j]+excess/reach*(end-at[j]))
				}
			}
		}
	}
	return sum
}

func TestGuidedPathIsItsAlgorithm(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 6}), 17)
	in := images(e, 3)
	base := slices.Repeat([]float64{-0.5}, e.size())
	for _, r := range []struct {
		steps             int
		fraction, maxDist float64
	}{{1, 0.25, 0.02}, {20, 0.25, 0.02}, {20, 0.25, 0.1}, {30, 0.1, 1}, {20, 0, 0.3}, {20, 1, 0.3}, {20, 0.25, 0}, {100, 0.25, 0.02}} {
		o := &GuidedIntegratedGradients{NSteps: r.steps, Fraction: r.fraction, MaxDist: r.maxDist, Baseline: ConstantBaseline(-0.5)}
		for i, a := range attribute(t, e, o, in) {
			// The engine's own gradients, so that both order the same numbers.
			gradient := func(x []float64) (g []float64) {
				err := e.Worker.Gradients(e.Ctx, model.Gradient, 1, func(_ int, p *model.Point) {
					for j, v := range x {
						p.X[j] = float32(v)
					}
					p.Target = in[i].Target
				}, func(_ int, res model.Result) { g = doubles(res.Grad) })
				if err != nil {
					t.Fatal(err)
				}
				return g
			}
			if d := relative(a.Map, slowGuidedPath(doubles(in[i].X), base, gradient, r.steps, r.fraction, r.maxDist)); !(d < 1e-6) {
				t.Errorf("%+v image %d: relative difference %v", r, i, d)
			}
		}
	}
}

// With one baseline, the means over random points of the path converge to the
// integral as their standard errors say.
func TestSampledPathsConverge(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 6}), 17)
	in := images(e, 4)
	b := ConstantBaseline(0.25)
	exact := attribute(t, e, &IntegratedGradients{Quadrature: "exact", MultiplyByInputs: true, Baseline: b}, in)
	for i, a := range attribute(t, e, &ExpectedGradients{NSamples: 4000, Baseline: b, MultiplyByInputs: true}, in) {
		var off, se, size float64
		for j, v := range exact[i].Map {
			off += float64(a.Map[j]-v) * float64(a.Map[j]-v)
			se += float64(a.StdErr[j]) * float64(a.StdErr[j])
			size += float64(v) * float64(v)
		}
		off, se, size = math.Sqrt(off), math.Sqrt(se), math.Sqrt(size)
		if off > 3*se || se > 0.05*size {
			t.Errorf("image %d: off by %v of %v, with a standard error of %v", i, off, size, se)
		}
	}
}

// The chain of blurs converges to the integral over sigma that the paper has: the
// gradient at each blur times its derivative by sigma, here by differences of
// 0.01 pixels as in the authors' package saliency.
func TestBlurPathIsItsIntegral(t *testing.T) {
	if testing.Short() {
		t.Skip("4000 gradients one by one")
	}
	const maxSigma, steps = 4., 1000
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 6}), 17)
	in := images(e, 4)
	k := newBlurrer(e.Worker.Model().Net().Input)
	blurred := func(sigma float64, x []float32) []float64 {
		y := make([]float32, len(x))
		k.sigma(sigma)
		k.blur(y, x)
		return doubles(y)
	}
	for i, a := range attribute(t, e, &BlurIntegratedGradients{NSteps: steps, MaxSigma: maxSigma}, in) {
		want := make([]float64, e.size())
		for s := range steps {
			sigma := (float64(s) + 0.5) * maxSigma / steps
			at, next := blurred(sigma, in[i].X), blurred(sigma+0.01, in[i].X)
			err := e.Worker.Gradients(e.Ctx, model.Gradient, 1, func(_ int, p *model.Point) {
				for j, v := range at {
					p.X[j] = float32(v)
				}
				p.Target = in[i].Target
			}, func(_ int, res model.Result) {
				for j, g := range res.Grad {
					want[j] -= float64(g) * (next[j] - at[j]) / 0.01 * maxSigma / steps
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		d := relative(a.Map, want)
		t.Logf("image %d: relative difference %.2g", i, d)
		if !(d < 0.03) {
			t.Errorf("image %d: relative difference %v", i, d)
		}
	}
}
