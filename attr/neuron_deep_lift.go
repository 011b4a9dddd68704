package attr

import "assay/model"

// NeuronDeepLift attributes a neuron's activation to the input values: DeepLift
// on the layers up to the neuron. It sums to what the neuron gains over the
// baseline.
//
// Captum's NeuronDeepLift; the rule is that of Shrikumar, Greenside & Kundaje,
// "Learning Important Features Through Propagating Activation Differences", ICML
// 2017.
type NeuronDeepLift struct {
	AtNeuron `yaml:",inline"`
	DeepLift `yaml:",inline"`
}

// Check reports a layer or neuron that is not there and what DeepLift
// reports for the layers up to it.
func (o *NeuronDeepLift) Check(n *model.Net) error { return o.AtNeuron.check(n, &o.DeepLift) }

// Attribute explains the neuron on the inputs. FX and FB are its activations.
func (o *NeuronDeepLift) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtNeuron.attribute(e, o, &o.DeepLift, in, emit)
}

func (o *NeuronDeepLift) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return named(o, o.AtNeuron.stream(e, &o.DeepLift, n, input, emit))
}
