package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// IntegratedGradients is the gradient's mean on the straight path from the
// baseline to the input, times the difference of the two. It sums to
// F(x)-F(baseline) up to the error of the quadrature.
//
// Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML
// 2017, equation 1. Names and defaults are Captum's; riemann_trapezoid departs
// from it (see Compat).
type IntegratedGradients struct {
	NSteps           int      `yaml:"n_steps" doc:"gradients per image" jsonschema:"minimum=1,maximum=100000"`
	Quadrature       string   `yaml:"quadrature" doc:"gausslegendre, riemann_left, riemann_right, riemann_middle or riemann_trapezoid" jsonschema:"enum=gausslegendre,enum=riemann_left,enum=riemann_right,enum=riemann_middle,enum=riemann_trapezoid"`
	Baseline         Baseline `yaml:"baseline" doc:"start of the path: zero, a number, or image:PATH"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the mean gradient"`
	// Compat "captum" gives riemann_trapezoid the weights of Captum, which sum
	// to 1-1/n_steps; it changes nothing for the other rules.
	Compat string `yaml:"compat" doc:"captum: trapezoid weights that sum to 1-1/n_steps" jsonschema:"enum=,enum=captum"`
}

// maxSteps bounds n_steps; the nodes of gausslegendre cost n_steps^2 to find.
const (
	maxSteps      = 100000
	maxGaussSteps = 10000
)

// Check reports n_steps out of range, an unknown quadrature or compat, and a
// baseline that cannot be read or has not the network's input shape.
func (o *IntegratedGradients) Check(n *model.Net) error {
	lo, hi := 1, maxSteps
	switch o.Quadrature {
	case "gausslegendre":
		hi = maxGaussSteps
	case "riemann_trapezoid":
		lo = 2
	}
	return errors.Join(
		between("n_steps", o.NSteps, lo, hi),
		oneOf("quadrature", o.Quadrature, quadratures...),
		o.Baseline.check(n),
		oneOf("compat", o.Compat, "", "captum"),
	)
}

// Attribute explains the inputs: NSteps passes each, and one forward pass for
// the input and one for the baseline.
func (o *IntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	b, err := o.Baseline.pixels(e)
	if err != nil {
		return err
	}
	fb, err := e.logits(b)
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: baseline: %w", err)
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: %w", err)
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX = fx[i]
		if o.MultiplyByInputs {
			a.FB, a.Summed = in[i].Target.Of(fb), true
		}
		emit(i, a)
	})
}

func (o *IntegratedGradients) passes() int { return o.NSteps }

func (o *IntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	base, err := o.Baseline.pixels(e)
	if err != nil {
		return err
	}
	alpha, weight := o.path()
	steps := len(alpha)
	size := len(base)
	r := newRing(steps, size)
	m := make([]float32, size)
	acc := make([]float64, size) // folds come in order: one sum is open at a time
	err = e.Worker.Gradients(e.Ctx, model.Gradient, n*steps,
		func(k int, p *model.Point) {
			i, s := k/steps, k%steps
			in := r.at(i)
			if s == 0 {
				input(i, in)
			}
			p.Target = in.Target
			model.Lerp(float32(alpha[s]), in.X, base, p.X)
		},
		func(k int, res model.Result) {
			i, s := k/steps, k%steps
			if s == 0 {
				clear(acc)
			}
			model.Accumulate(weight[s], res.Grad, acc)
			if s < steps-1 {
				return
			}
			x := r.at(i).X
			for j, v := range acc {
				if o.MultiplyByInputs {
					v *= float64(x[j]) - float64(base[j])
				}
				m[j] = float32(v)
			}
			emit(i, Attribution{Map: m})
		})
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: %w", err)
	}
	return nil
}

// path returns where on the path, 0 the baseline and 1 the input, gradients are
// taken, and with which weights.
func (o *IntegratedGradients) path() (alpha, weight []float64) {
	if o.Quadrature == "gausslegendre" {
		return gaussLegendre(o.NSteps)
	}
	return riemann(o.Quadrature, o.NSteps, o.Compat == "captum")
}
