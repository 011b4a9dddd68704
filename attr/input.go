package attr

import "assay/model"

// InputMap is a control: the image itself, in normalised units. Methods that
// multiply by the input owe part of their looks to it.
//
// Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, discuss how
// the input dominates its product with a gradient.
type InputMap struct{}

// Check finds nothing to object to: there are no settings.
func (o *InputMap) Check(*model.Net) error { return nil }

// Attribute copies the inputs; the model runs forward for FX alone.
func (o *InputMap) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributeBlind(e, o, in, emit)
}

func (o *InputMap) passes() int { return 0 }

func (o *InputMap) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return blind(e, o, n, input, func(in *Input, m []float32) { copy(m, in.X) }, emit)
}
