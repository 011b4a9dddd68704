package attr

import "assay/model"

// NeuronGuidedBackprop is guided backpropagation from a neuron: GuidedBackprop on
// the layers up to it.
//
// Captum's NeuronGuidedBackprop; Springenberg, Dosovitskiy, Brox & Riedmiller,
// "Striving for Simplicity: The All Convolutional Net", ICLR Workshop 2015, whose
// pictures are of neurons.
type NeuronGuidedBackprop struct {
	AtNeuron `yaml:",inline"`
}

// Check reports a layer or neuron that is not there
// and layers before it that the rule is not defined for.
func (o *NeuronGuidedBackprop) Check(n *model.Net) error {
	return o.AtNeuron.check(n, &GuidedBackprop{})
}

// Attribute explains the neuron on the inputs, one pass each.
func (o *NeuronGuidedBackprop) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtNeuron.attribute(e, o, &GuidedBackprop{}, in, emit)
}

func (o *NeuronGuidedBackprop) passes() int { return 1 }

func (o *NeuronGuidedBackprop) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtNeuron.stream(e, &GuidedBackprop{}, n, input, emit))
}
