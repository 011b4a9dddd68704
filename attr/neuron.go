package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// AtNeuron says which neuron a method explains instead of a logit: one value of a
// layer's activation, or with AttributeToNeuronInput of what the layer reads.
// The image's target plays no part.
type AtNeuron struct {
	Layer                  string `yaml:"layer" doc:"name of the neuron's layer; unless given the last conv2d, or where skips go past it the next layer that none goes past"`
	Neuron                 []int  `yaml:"neuron" doc:"[channel, row, column] in the layer's activation, or [n] counting in that order from 0" jsonschema:"minItems=1,maxItems=3"`
	AttributeToNeuronInput bool   `yaml:"attribute_to_neuron_input" doc:"the neuron is of what the layer reads instead of its output"`
}

// firstNeuron is the default: Captum has none, but some neuron must be meant.
func firstNeuron() AtNeuron { return AtNeuron{Neuron: []int{0}} }

func (o AtNeuron) layer() AtLayer { return AtLayer{o.Layer, o.AttributeToNeuronInput} }

// index returns the neuron's place in an activation of shape s.
func (o AtNeuron) index(s model.Shape) (int, error) {
	fault := func(format string, a ...any) (int, error) {
		return 0, &Problem{Option: "neuron", Msg: fmt.Sprintf("is %v, want ", o.Neuron) + fmt.Sprintf(format, a...)}
	}
	switch at := o.Neuron; len(at) {
	case 1:
		if at[0] < 0 || at[0] >= s.Size() {
			return fault("[n] with n from 0 to %d", s.Size()-1)
		}
		return at[0], nil
	case 3:
		if at[0] < 0 || at[0] >= s.C || at[1] < 0 || at[1] >= s.H || at[2] < 0 || at[2] >= s.W {
			return fault("a place in the layer's %dx%dx%d activation, counting from 0", s.C, s.H, s.W)
		}
		return (at[0]*s.H+at[1])*s.W + at[2], nil
	}
	return fault("[n] or [channel, row, column]")
}

// part cuts off the network behind the neuron's layer; neuron is its class.
func (o AtNeuron) part(n *model.Net) (upto *model.Net, neuron int, err error) {
	if upto, err = o.layer().upto(n, "attribute_to_neuron_input"); err != nil {
		return nil, 0, err
	}
	shapes := upto.Shapes()
	neuron, err = o.index(shapes[len(shapes)-1])
	return upto, neuron, err
}

// check reports a layer or neuron that is not there and what the method cannot
// do on the part of the network before the neuron.
func (o AtNeuron) check(n *model.Net, over Method) error {
	upto, _, err := o.part(n)
	if upto == nil {
		return errors.Join(err, over.Check(n))
	}
	return errors.Join(err, over.Check(upto))
}

// env returns the environment in which the neuron is the target.
func (o AtNeuron) env(e *Env) (*Env, model.Target, error) {
	upto, neuron, err := o.part(e.Worker.Model().Net())
	if err != nil {
		return nil, model.Target{}, err
	}
	part := *e
	if part.Worker, err = e.Worker.Upto(upto.Layers[len(upto.Layers)-1].Name); err != nil {
		return nil, model.Target{}, err
	}
	return &part, model.Target{Class: neuron, Minus: -1}, nil
}

// attribute explains the neuron by a method, for m. FX and FB are its
// activations.
func (o AtNeuron) attribute(e *Env, m, over Method, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	part, t, err := o.env(e)
	if err != nil {
		return named(m, err)
	}
	of := make([]Input, len(in))
	for i := range in {
		of[i] = in[i]
		of[i].Target = t
	}
	return named(m, over.Attribute(part, of, emit))
}

// stream is the streamer's method over another: this is all that a neuron
// method is.
func (o AtNeuron) stream(e *Env, over streamer, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	part, t, err := o.env(e)
	if err != nil {
		return err
	}
	return over.stream(part, n, func(i int, dst *Input) {
		input(i, dst)
		dst.Target = t
	}, emit)
}

// values returns the neuron's activation at every input, which is its maps' FX.
func (o AtNeuron) values(e *Env, in []Input) ([]float64, error) {
	part, t, err := o.env(e)
	if err != nil {
		return nil, err
	}
	fx := make([]float64, len(in))
	err = part.Worker.Logits(e.Ctx, len(in),
		func(i int, x []float32) { copy(x, in[i].X) },
		func(i int, act []float32) { fx[i] = t.Of(act) })
	return fx, err
}
