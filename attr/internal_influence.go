package attr

import (
	"errors"

	"assay/model"
)

// InternalInfluence is the mean gradient of the target by a layer's activation,
// over the images on the straight path from the baseline to the input. Like a
// gradient it has no unit of the target, so it sums to nothing.
//
// Leino, Sen, Datta, Fredrikson & Li, "Influence-Directed Explanations for Deep
// Convolutional Networks", ITC 2018, definition 1 with the path as distribution
// of interest.
type InternalInfluence struct {
	AtLayer `yaml:",inline"`
	Path    `yaml:",inline"`
	// Compat "captum" gives riemann_trapezoid the weights of Captum, which sum
	// to 1-1/n_steps; it changes nothing for the other rules.
	Compat string `yaml:"compat" doc:"captum: trapezoid weights that sum to 1-1/n_steps" jsonschema:"enum=,enum=captum"`
}

// Check reports a layer that is not there and options of the path out of range.
func (o *InternalInfluence) Check(n *model.Net) error {
	_, err := o.after(n)
	return errors.Join(err, o.Path.check(n), oneOf("compat", o.Compat, "", "captum"))
}

// Attribute explains the inputs: NSteps passes each.
func (o *InternalInfluence) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.attribute(e, o, false, Baseline{}, in, emit)
}

func (o *InternalInfluence) passes() int { return o.NSteps }

func (o *InternalInfluence) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	alpha, weight := nodes(o.Quadrature, o.NSteps, o.Compat == "captum")
	steps := len(alpha)
	size := o.Shape(e.Worker.Model().Net()).Size()
	m, acc := make([]float32, size), make([]float64, size)
	gradient := &Saliency{}
	return named(o, o.AtLayer.stream(e, nil, func(*feed) streamer { return gradient }, n*steps,
		pathPoints(e, from, alpha, input),
		func(k int, a Attribution) {
			i, s := k/steps, k%steps
			if s == 0 {
				clear(acc)
			}
			model.Accumulate(weight[s], a.Map, acc)
			if s < steps-1 {
				return
			}
			for j, v := range acc {
				m[j] = float32(v)
			}
			emit(i, Attribution{Map: m})
		}))
}
