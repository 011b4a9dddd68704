package attr

import "assay/model"

// LayerGradientXActivation is the derivative of the target by a layer's
// activation, times that activation: InputXGradient on the layers behind.
//
// Captum's LayerGradientXActivation; the rule is that of Shrikumar, Greenside,
// Shcherbina & Kundaje, "Not Just a Black Box", arXiv:1605.01713, 2016.
type LayerGradientXActivation struct {
	AtLayer          `yaml:",inline"`
	MultiplyByInputs bool `yaml:"multiply_by_inputs" doc:"multiply by the activation; without it the gradient"`
}

// Check reports a layer that is not there or where the network cannot be cut.
func (o *LayerGradientXActivation) Check(n *model.Net) error {
	_, err := o.after(n)
	return err
}

// Attribute explains the inputs, one pass each.
func (o *LayerGradientXActivation) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.attribute(e, o, false, Baseline{}, in, emit)
}

func (o *LayerGradientXActivation) passes() int { return 1 }

func (o *LayerGradientXActivation) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtLayer.stream(e, nil, func(*feed) streamer {
		if o.MultiplyByInputs {
			return &InputXGradient{}
		}
		return &Saliency{}
	}, n, input, emit))
}
