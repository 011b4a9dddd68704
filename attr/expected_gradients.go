package attr

import "assay/model"

// ExpectedGradients is integrated gradients averaged over the training images as
// baselines, baseline and point on the path drawn together. It sums to F(x) less
// the mean of F over the baselines, up to the error of the draws.
//
// Erion, Janizek, Sturmfels, Lundberg & Lee, "Improving performance of deep
// learning models with axiomatic attribution priors and expected gradients",
// Nature Machine Intelligence 3, 2021. With as many samples it is gradient_shap
// without noise, draw by draw.
type ExpectedGradients struct {
	NSamples         int      `yaml:"n_samples" doc:"random draws per image" jsonschema:"minimum=1,maximum=100000"`
	Baseline         Baseline `yaml:"baseline" doc:"distribution that baselines are drawn from: train, train:N, images:PATH, uniform, or any single baseline"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the mean gradient"`
}

func (o *ExpectedGradients) path() sampledPath {
	return sampledPath{"expected_gradients", o.NSamples, 0, o.Baseline, o.MultiplyByInputs}
}

// Check reports a number of samples out of range and baselines that cannot be
// read or have not the network's input shape.
func (o *ExpectedGradients) Check(n *model.Net) error { return o.path().check(n) }

// Attribute explains the inputs: NSamples passes each, and as many forward
// passes for the baselines.
func (o *ExpectedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.path().attribute(e, in, emit)
}

func (o *ExpectedGradients) passes() int { return o.NSamples }

func (o *ExpectedGradients) forwards(*model.Net) int { return o.path().forwards() }

func (o *ExpectedGradients) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *ExpectedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return o.path().stream(e, n, input, emit)
}
