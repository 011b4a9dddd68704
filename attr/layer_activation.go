package attr

import "assay/model"

// LayerActivation is the activation of a layer itself: what the other layer
// methods weigh.
//
// Captum's LayerActivation (Kokhlikyan et al., "Captum: A unified and generic
// model interpretability library for PyTorch", arXiv:2009.07896, 2020).
type LayerActivation struct {
	AtLayer `yaml:",inline"`
}

// Check reports a layer that the network does not have.
func (o *LayerActivation) Check(n *model.Net) error {
	_, err := o.upto(n, "attribute_to_layer_input")
	return err
}

// Attribute runs the inputs forward to the layer, and to the logits for FX.
func (o *LayerActivation) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.attribute(e, o, false, Baseline{}, in, emit)
}

func (o *LayerActivation) passes() int { return 0 }

// forwards counts the pass to the layer.
func (o *LayerActivation) forwards(*model.Net) int { return 1 }

func (o *LayerActivation) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	upto, err := o.uptoWorker(e)
	if err != nil {
		return named(o, err)
	}
	f := newFeed(e.Ctx, upto, n, input, nil)
	m := make([]float32, f.size)
	for i := range n {
		_, act := f.take()
		if f.err != nil {
			break
		}
		copy(m, act)
		emit(i, Attribution{Map: m})
	}
	return named(o, f.close(nil))
}
