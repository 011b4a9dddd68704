package attr

import "assay/model"

// NeuronIntegratedGradients attributes a neuron's activation to the input values:
// IntegratedGradients on the layers up to the neuron. It sums to what the neuron
// gains over the baseline, up to the error of the quadrature.
//
// Captum's NeuronIntegratedGradients; the rule is that of Sundararajan, Taly &
// Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
type NeuronIntegratedGradients struct {
	AtNeuron            `yaml:",inline"`
	IntegratedGradients `yaml:",inline"`
}

// Check reports a layer or neuron that is not there and what IntegratedGradients
// reports for the layers up to it.
func (o *NeuronIntegratedGradients) Check(n *model.Net) error {
	return o.AtNeuron.check(n, &o.IntegratedGradients)
}

// Attribute explains the neuron on the inputs. FX and FB are its activations.
func (o *NeuronIntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtNeuron.attribute(e, o, &o.IntegratedGradients, in, emit)
}

func (o *NeuronIntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtNeuron.stream(e, &o.IntegratedGradients, n, input, emit))
}
