package attr

import (
	"fmt"
	"math"

	"assay/model"
)

// Saliency is the derivative of the target by every input value.
//
// Simonyan, Vedaldi & Zisserman, "Deep Inside Convolutional Networks", ICLR
// Workshop 2014, section 3. The paper takes the maximum over the colour
// channels; like Captum we leave the channels apart.
type Saliency struct {
	Abs bool `yaml:"abs" doc:"absolute value of the gradient"`
}

// Check finds nothing to object to: there is no wrong setting.
func (o *Saliency) Check(*model.Net) error { return nil }

// Attribute explains the inputs, one pass each.
func (o *Saliency) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *Saliency) passes() int { return 1 }

func (o *Saliency) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	targets := make([]model.Target, model.Lanes+1) // of the points between fill and fold
	m := make([]float32, e.size())
	var in Input
	err := e.Worker.Gradients(e.Ctx, model.Gradient, n,
		func(i int, p *model.Point) {
			in.X = p.X
			input(i, &in)
			p.Target = in.Target
			targets[i%len(targets)] = in.Target
		},
		func(i int, r model.Result) {
			copy(m, r.Grad)
			if o.Abs {
				for j, v := range m {
					m[j] = math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) // -0 too
				}
			}
			emit(i, Attribution{Map: m, FX: targets[i%len(targets)].Of(r.Logits)})
		})
	if err != nil {
		return fmt.Errorf("attr: saliency: %w", err)
	}
	return nil
}
