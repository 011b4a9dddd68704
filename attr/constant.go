package attr

import "assay/model"

// Constant is a control: 1 everywhere. It prefers no pixel, so a metric that
// ranks pixels takes them in its order for ties, row by row, and a correlation
// with it is not defined.
//
// After the controls of Hooker et al., "A Benchmark for Interpretability Methods
// in Deep Neural Networks", NeurIPS 2019, section 4, which has random maps and
// edges but not this one.
type Constant struct{}

// Check finds nothing to object to: there are no settings.
func (o *Constant) Check(*model.Net) error { return nil }

// Attribute gives every input the same map; the model runs forward for FX alone.
func (o *Constant) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributeBlind(e, o, in, emit)
}

func (o *Constant) passes() int { return 0 }

func (o *Constant) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return blind(e, o, n, input, func(_ *Input, m []float32) {
		for j := range m {
			m[j] = 1
		}
	}, emit)
}
