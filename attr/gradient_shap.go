package attr

import "assay/model"

// GradientSHAP is the mean of gradient times difference at random points between
// noisy copies of the input and baselines drawn from a distribution. Without
// noise it sums to F(x) less the mean of F over the baselines, up to the error
// of so few draws.
//
// Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions",
// NeurIPS 2017, in the form that their package shap calls GradientExplainer.
// Options and defaults are Captum's, but that Captum has no default baselines.
type GradientSHAP struct {
	NSamples         int      `yaml:"n_samples" doc:"random draws per image" jsonschema:"minimum=1,maximum=100000"`
	Stdevs           float64  `yaml:"stdevs" doc:"standard deviation of the noise on the input, in normalised units" jsonschema:"minimum=0,maximum=1000"`
	Baseline         Baseline `yaml:"baseline" doc:"distribution that baselines are drawn from: train, train:N, images:PATH, uniform, or any single baseline"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the mean gradient"`
}

func (o *GradientSHAP) path() sampledPath {
	return sampledPath{"gradient_shap", o.NSamples, o.Stdevs, o.Baseline, o.MultiplyByInputs}
}

// Check reports numbers out of range and baselines that cannot be read or have
// not the network's input shape.
func (o *GradientSHAP) Check(n *model.Net) error { return o.path().check(n) }

// Attribute explains the inputs: NSamples passes each, and as many forward
// passes for the baselines.
func (o *GradientSHAP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.path().attribute(e, in, emit)
}

func (o *GradientSHAP) passes() int { return o.NSamples }

func (o *GradientSHAP) forwards(*model.Net) int { return o.path().forwards() }

func (o *GradientSHAP) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *GradientSHAP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return o.path().stream(e, n, input, emit)
}
