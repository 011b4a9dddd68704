package attr

import "assay/model"

// NeuronGradient is the derivative of a neuron's activation by every input value:
// Saliency, signed, of the layers up to the neuron.
//
// Captum's NeuronGradient; Simonyan, Vedaldi & Zisserman, "Deep Inside
// Convolutional Networks", ICLR Workshop 2014, for a neuron instead of a class.
type NeuronGradient struct {
	AtNeuron `yaml:",inline"`
}

// Check reports a layer or neuron that is not there.
func (o *NeuronGradient) Check(n *model.Net) error { return o.AtNeuron.check(n, &Saliency{}) }

// Attribute explains the neuron on the inputs, one pass each.
func (o *NeuronGradient) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtNeuron.attribute(e, o, &Saliency{}, in, emit)
}

func (o *NeuronGradient) passes() int { return 1 }

func (o *NeuronGradient) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtNeuron.stream(e, &Saliency{}, n, input, emit))
}
