package attr

import "assay/model"

// Deconvolution is backpropagation in which a ReLU passes what is positive,
// wherever its input lies.
//
// Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
// 2014, section 2.1. Max-pools route to their maximum: the switches of the
// paper.
type Deconvolution struct{}

// Check reports a network with layers that the rule is not defined for.
func (o *Deconvolution) Check(n *model.Net) error {
	return supports(n, "deconvolution", model.Deconvolution)
}

// Attribute explains the inputs, one pass each.
func (o *Deconvolution) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *Deconvolution) passes() int { return 1 }

func (o *Deconvolution) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return backward(e, "deconvolution", model.Deconvolution, n, input, nil, emit)
}
