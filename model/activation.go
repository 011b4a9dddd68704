package model

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// A curve is an activation function and its derivative, in float64. exp and log
// are those of package rng, which have one value on every CPU.
type curve struct {
	f, slope func(x float64) float64
}

// curve returns the function of an activation other than relu.
func (l Layer) curve() curve { return kinds[l.Kind].curve(l) }

// expm1 is exp(x)-1 for x <= 0, precise near 0.
func expm1(x float64) float64 {
	if x > -1e-5 {
		return x + float64(0.5*x*x)
	}
	return rng.Exp(x) - 1
}

// softplus is log(1+exp(x)). Beyond 20 it is x in float32, PyTorch's threshold.
func softplus(x float64) float64 {
	if x > 20 {
		return x
	}
	e := rng.Exp(x)
	if x < -15 {
		return e - float64(0.5*e*e)
	}
	return rng.Log(1 + e)
}

func sigmoid(x float64) float64 {
	e := rng.Exp(-math.Abs(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// bell is the derivative of sigmoid.
func bell(x float64) float64 {
	e := rng.Exp(-math.Abs(x))
	return e / float64((1+e)*(1+e))
}

func tanh(x float64) float64 {
	e := expm1(-2 * math.Abs(x))
	y := -e / (2 + e)
	if x < 0 {
		return -y
	}
	return y
}

// activation adds an elementwise function other than relu. Its backward rule:
//
//	Gradient   the derivative
//	RescaleCaptum   DeepLift's multiplier (y-yr)/(x-xr); where |x-xr| <= 1e-10,
//	           the derivative. Rescale and RevealCancel are activationChange.
//	GuidedBackprop, Deconvolution   leaky_relu: what is positive of the gradient,
//	           the former times the derivative. Others have no such rule
//	           (Net.Supports) and get the derivative.
//
// Everything is float64 on one value and rounded once. ref is the same
// activation of the baseline, nil but for RescaleCaptum.
func (b *graph) activation(l Layer, shape tensor.Shape, x, ref *gorgonia.Node, rule Rule) *gorgonia.Node {
	c, dims := l.curve(), len(shape)
	name := l.Kind
	for _, v := range []float64{l.Slope, l.Alpha} {
		if v != 0 {
			name += fmt.Sprintf(" %v", v)
		}
	}
	forward := func(_ *kernel.Set, y []float32, in [][]float32, _ []float32) {
		for i, v := range in[0] {
			y[i] = float32(c.f(float64(v)))
		}
	}
	if ref != nil {
		return b.apply(&op{
			name: fmt.Sprintf("%s rescale %v", name, shape), in: []int{dims, dims}, shape: shape, wrt: []bool{true, false}, inPlace: -1, run: forward,
			diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
				return []*gorgonia.Node{b.apply(&op{
					name: fmt.Sprintf("%s rescale gradient %v", name, shape), in: []int{dims, dims, dims}, shape: shape, wrt: make([]bool, 3), inPlace: 2,
					run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
						for i, g := range in[2] {
							x, r := float64(in[0][i]), float64(in[1][i])
							m := 0.0
							if math.Abs(x-r) > 1e-10 {
								m = (c.f(x) - c.f(r)) / (x - r)
							} else {
								m = c.slope(x)
							}
							d[i] = float32(float64(g) * m)
						}
					},
				}, in[0], in[1], grad), nil}
			},
		}, x, ref)
	}
	if rule.baselined() || l.Kind != "leaky_relu" {
		rule = Gradient
	}
	return b.apply(&op{
		name: fmt.Sprintf("%s %v rule %d", name, shape, rule), in: []int{dims}, shape: shape, wrt: []bool{true}, inPlace: -1, run: forward,
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("%s gradient %v rule %d", name, shape, rule), in: []int{dims, dims}, shape: shape, wrt: []bool{false, false}, inPlace: 1,
				run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
					for i, g := range in[1] {
						if rule != Gradient && !(g > 0) {
							g = 0
						}
						if rule != Deconvolution {
							g = float32(float64(g) * c.slope(float64(in[0][i])))
						}
						d[i] = g
					}
				},
			}, in[0], grad)}
		},
	}, x)
}
