package attr

import "assay/model"

// LayerDeepLift carries the difference of the target between input and baseline
// back to a layer: DeepLift on the layers behind, whose map sums to
// F(x)-F(baseline).
//
// Captum's LayerDeepLift; the rule is that of Shrikumar, Greenside & Kundaje,
// "Learning Important Features Through Propagating Activation Differences", ICML
// 2017.
type LayerDeepLift struct {
	AtLayer  `yaml:",inline"`
	DeepLift `yaml:",inline"`
}

// Check reports a layer that is not there and what DeepLift reports for the
// layers behind it; the baseline is an image.
func (o *LayerDeepLift) Check(n *model.Net) error {
	over := o.DeepLift
	over.Baseline = Baseline{}
	return o.AtLayer.check(n, o.Baseline, &over)
}

// Attribute explains the inputs at the layer.
func (o *LayerDeepLift) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtLayer.attribute(e, o, o.MultiplyByInputs, o.Baseline, in, emit)
}

func (o *LayerDeepLift) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	return named(o, o.AtLayer.stream(e, from, func(f *feed) streamer {
		over := o.DeepLift
		over.base = f.baseline
		return &over
	}, n, input, emit))
}
