package attr

import "assay/model"

// LayerIntegratedGradients integrates gradients over the straight path between
// the layer's activations at baseline and input: IntegratedGradients on the
// layers behind, so its map sums to F(x)-F(baseline) up to the quadrature's
// error. The path of LayerConductance is straight in the image instead.
//
// Captum's LayerIntegratedGradients; the rule is that of Sundararajan, Taly &
// Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
type LayerIntegratedGradients struct {
	AtLayer             `yaml:",inline"`
	IntegratedGradients `yaml:",inline"`
}

// Check reports a layer that is not there and what IntegratedGradients reports
// for the layers behind it; the baseline is an image.
func (o *LayerIntegratedGradients) Check(n *model.Net) error {
	over := o.IntegratedGradients
	over.Baseline = Baseline{}
	return o.AtLayer.check(n, o.Baseline, &over)
}

// Attribute explains the inputs at the layer.
func (o *LayerIntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtLayer.attribute(e, o, o.MultiplyByInputs, o.Baseline, in, emit)
}

func (o *LayerIntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	return named(o, o.AtLayer.stream(e, from, func(f *feed) streamer {
		over := o.IntegratedGradients
		over.base = f.baseline
		return &over
	}, n, input, emit))
}
