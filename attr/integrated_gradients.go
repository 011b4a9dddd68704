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
//
// With a Tolerance the number of steps is chosen for each image (see
// adaptive.go). Quadrature exact is the integral itself (see exact.go).
type IntegratedGradients struct {
	NSteps           int      `yaml:"n_steps" doc:"gradients per image; not used with a tolerance or quadrature exact; gausslegendre takes at most 10000" jsonschema:"minimum=1,maximum=100000"`
	Quadrature       string   `yaml:"quadrature" doc:"gausslegendre, riemann_left, riemann_right, riemann_middle, riemann_trapezoid, or exact: the integral itself, for piecewise linear networks" jsonschema:"enum=gausslegendre,enum=riemann_left,enum=riemann_right,enum=riemann_middle,enum=riemann_trapezoid,enum=exact"`
	Baseline         Baseline `yaml:"baseline" doc:"start of the path: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the mean gradient"`
	Tolerance        float64  `yaml:"tolerance" doc:"choose the steps for each image so that |delta| is at most this share of |F(x)-F(baseline)|; 0: n_steps" jsonschema:"minimum=0,maximum=1"`
	MaxSteps         int      `yaml:"max_steps" doc:"with a tolerance: steps of an image at most" jsonschema:"minimum=2,maximum=100000"`
	// Compat "captum" gives riemann_trapezoid the weights of Captum, which sum
	// to 1-1/n_steps; it changes nothing for the other rules.
	Compat string `yaml:"compat" doc:"captum: trapezoid weights that sum to 1-1/n_steps" jsonschema:"enum=,enum=captum"`

	// base replaces Baseline by one that the caller makes for every input.
	base func(in *Input, dst []float32)
}

// Check reports n_steps out of range, an unknown quadrature or compat, a baseline
// that cannot be read or has not the network's input shape, and quadrature exact
// on a network that is not piecewise linear.
func (o *IntegratedGradients) Check(n *model.Net) error {
	lo, hi := stepLimits(o.Quadrature)
	if o.exact() {
		lo = 0 // not used
	}
	errs := []error{
		between("n_steps", o.NSteps, lo, hi),
		oneOf("quadrature", o.Quadrature, append(quadratures[:len(quadratures):len(quadratures)], exactly)...),
		o.Baseline.check(n),
		oneOf("compat", o.Compat, "", "captum"),
	}
	// Not written as Tolerance < 0: NaN must fail too.
	if !(o.Tolerance >= 0 && o.Tolerance <= 1) {
		errs = append(errs, &Problem{Option: "tolerance", Msg: fmt.Sprintf("is %v, want 0 to 1", o.Tolerance)})
	}
	if o.Quadrature == exactly {
		errs = append(errs, o.checkExact(n))
	} else if o.Tolerance > 0 {
		errs = append(errs, between("max_steps", o.MaxSteps, firstSteps, hi))
		if o.Compat == "captum" && o.Quadrature == "riemann_trapezoid" {
			errs = append(errs, &Problem{Option: "tolerance", Msg: "cannot be met with compat captum: its trapezoid falls short by 1/n_steps"})
		}
	}
	return errors.Join(errs...)
}

// Attribute explains the inputs: NSteps passes each, or what the exact integral
// takes, and one forward pass for the input and one for the baseline.
func (o *IntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	if o.Tolerance > 0 { // knows the values
		return o.stream(e, len(in), given(in), emit)
	}
	from, err := o.from(e)
	if err != nil {
		return err
	}
	fb, err := e.baselineValues(in, from)
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: baseline: %w", err)
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: %w", err)
	}
	if o.Quadrature == exactly {
		if fb, err = e.apart(in, fx, from); err != nil {
			return fmt.Errorf("attr: integrated_gradients: baseline: %w", err)
		}
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX = fx[i]
		if o.MultiplyByInputs {
			a.FB, a.Summed = fb[i], true
		}
		emit(i, a)
	})
}

func (o *IntegratedGradients) passes() int {
	if o.Tolerance > 0 {
		return o.MaxSteps // at most
	}
	return o.NSteps
}

// adaptive tells whether passes is a bound.
func (o *IntegratedGradients) adaptive() bool { return o.Tolerance > 0 }

func (o *IntegratedGradients) baselines() []Baseline { return []Baseline{o.Baseline} }

// from returns what writes the baseline of an input.
func (o *IntegratedGradients) from(e *Env) (func(in *Input, dst []float32), error) {
	if o.base != nil {
		return o.base, nil
	}
	return o.Baseline.one(e)
}

func (o *IntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.from(e)
	if err != nil {
		return err
	}
	if o.Quadrature == exactly {
		return o.integrate(e, n, from, input, emit)
	}
	if o.Tolerance > 0 {
		return o.adapt(e, n, from, input, emit)
	}
	alpha, weight := nodes(o.Quadrature, o.NSteps, o.Compat == "captum")
	steps := len(alpha)
	size := e.size()
	r, bases := newRing(steps, size), newRing(steps, size)
	m := make([]float32, size)
	acc := make([]float64, size) // folds come in order: one sum is open at a time
	err = e.Worker.Gradients(e.Ctx, model.Gradient, n*steps,
		func(k int, p *model.Point) {
			i, s := k/steps, k%steps
			in, base := r.at(i), bases.at(i).X
			if s == 0 {
				input(i, in)
				from(in, base)
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
			o.finish(acc, r.at(i).X, bases.at(i).X, m)
			emit(i, Attribution{Map: m})
		})
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: %w", err)
	}
	return nil
}

// finish writes the map of a mean gradient.
func (o *IntegratedGradients) finish(mean []float64, x, base, m []float32) {
	for j, v := range mean {
		if o.MultiplyByInputs {
			v *= float64(x[j]) - float64(base[j])
		}
		m[j] = float32(v)
	}
}

// baselineValues returns the target's value at the baseline of every input: one
// forward pass each.
func (e *Env) baselineValues(in []Input, from func(in *Input, dst []float32)) ([]float64, error) {
	fb := make([]float64, len(in))
	err := e.Worker.Logits(e.Ctx, len(in),
		func(i int, x []float32) { from(&in[i], x) },
		func(i int, logits []float32) { fb[i] = in[i].Target.Of(logits) })
	return fb, err
}
