package attr

import (
	"fmt"

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
	in := Input{X: make([]float32, e.size())}
	m := make([]float32, e.size())
	var s rng.Stream
	for i := range n {
		if err := e.Ctx.Err(); err != nil {
			return fmt.Errorf("attr: random: %w", err)
		}
		input(i, &in)
		s.Reset(e.Seed, "random map", in.Index)
		s.Normals(m)
		emit(i, Attribution{Map: m})
	}
	return nil
}

// attributeBlind runs a method that needs nothing of the model and adds FX.
func attributeBlind(e *Env, o streamer, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: %s: %w", Name(o), err)
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX = fx[i]
		emit(i, a)
	})
}
