package attr

import "assay/model"

// NeuronDeconvolution carries a neuron's activation back by deconvolution:
// Deconvolution on the layers up to it.
//
// Captum's NeuronDeconvolution; Zeiler & Fergus, "Visualizing and Understanding
// Convolutional Networks", ECCV 2014, whose pictures are of neurons.
type NeuronDeconvolution struct {
	AtNeuron `yaml:",inline"`
}

// Check reports a layer or neuron that is not there
// and layers before it that the rule is not defined for.
func (o *NeuronDeconvolution) Check(n *model.Net) error { return o.AtNeuron.check(n, &Deconvolution{}) }

// Attribute explains the neuron on the inputs, one pass each.
func (o *NeuronDeconvolution) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtNeuron.attribute(e, o, &Deconvolution{}, in, emit)
}

func (o *NeuronDeconvolution) passes() int { return 1 }

func (o *NeuronDeconvolution) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtNeuron.stream(e, &Deconvolution{}, n, input, emit))
}
