package attr

import "assay/model"

// InputXGradient is the derivative of the target by every input value, times
// that value in normalised units. On a network of ReLUs and max-pools without
// biases it sums to F(x).
//
// Shrikumar, Greenside, Shcherbina & Kundaje, "Not Just a Black Box: Learning
// Important Features Through Propagating Activation Differences",
// arXiv:1605.01713, 2016, section 3.
type InputXGradient struct{}

// Check finds nothing to object to: there are no settings.
func (o *InputXGradient) Check(*model.Net) error { return nil }

// Attribute explains the inputs, one pass each.
func (o *InputXGradient) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *InputXGradient) passes() int { return 1 }

func (o *InputXGradient) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return backward(e, "input_x_gradient", model.Gradient, n, input, func(in *Input, grad, m []float32) { multiply(in.X, grad, m) }, emit)
}
