package attr

import "assay/model"

// GuidedBackprop is backpropagation in which a ReLU passes only what is
// positive, where its input is above 0.
//
// Springenberg, Dosovitskiy, Brox & Riedmiller, "Striving for Simplicity: The
// All Convolutional Net", ICLR Workshop 2015. Max-pools route to their maximum,
// as in Captum. Nie, Zhang & Patel (ICML 2018) and Adebayo et al. (NeurIPS 2018)
// show that the result hardly depends on the upper layers.
type GuidedBackprop struct{}

// Check reports a network with layers that the rule is not defined for.
func (o *GuidedBackprop) Check(n *model.Net) error {
	return supports(n, "guided_backprop", model.GuidedBackprop)
}

// Attribute explains the inputs, one pass each.
func (o *GuidedBackprop) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *GuidedBackprop) passes() int { return 1 }

func (o *GuidedBackprop) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return backward(e, "guided_backprop", model.GuidedBackprop, n, input, nil, emit)
}
