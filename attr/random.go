package attr

import (
	"assay/model"
	"assay/model/rng"
)

// Random is a control: a map of standard normal numbers that knows neither the
// image nor the model. A metric that does not tell a method from it says
// nothing about the method. The map of an image depends on the run's seed and
// the image's index alone.
//
// Hooker et al., "A Benchmark for Interpretability Methods in Deep Neural
// Networks", NeurIPS 2019, section 4.
type Random struct{}

// Check finds nothing to object to: there are no settings.
func (o *Random) Check(*model.Net) error { return nil }

// Attribute draws a map for each input; the model runs forward for FX alone.
func (o *Random) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributeBlind(e, o, in, emit)
}

func (o *Random) passes() int { return 0 }

func (o *Random) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	var s rng.Stream
	return blind(e, o, n, input, func(in *Input, m []float32) {
		s.Reset(e.Seed, "random map", in.Index)
		s.Normals(m)
	}, emit)
}
