package attr

import (
	"errors"

	"assay/model"
)

// NeuronConductance is the part of integrated gradients that flows through one
// neuron: for every input value the mean over the straight path of (derivative
// of the target by the neuron) x (derivative of the neuron by the input value),
// times input minus baseline. Summed over the neurons of a layer it is
// integrated gradients; summed over the input, the neuron's conductance.
//
// Dhamdhere, Sundararajan & Yan, "How Important Is a Neuron?", ICLR 2019
// (arXiv:1805.12233).
type NeuronConductance struct {
	AtNeuron         `yaml:",inline"`
	Path             `yaml:",inline"`
	MultiplyByInputs bool `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the mean product of derivatives"`
	// Compat "captum" gives riemann_trapezoid the weights of Captum, which sum
	// to 1-1/n_steps; it changes nothing for the other rules.
	Compat string `yaml:"compat" doc:"captum: trapezoid weights that sum to 1-1/n_steps" jsonschema:"enum=,enum=captum"`
}

// Check reports a layer or neuron that is not there, a layer where the network
// cannot be cut, and options of the path out of range.
func (o *NeuronConductance) Check(n *model.Net) error {
	_, _, err := o.part(n)
	if err == nil {
		l := o.layer()
		_, err = l.after(n)
	}
	return errors.Join(err, o.Path.check(n), oneOf("compat", o.Compat, "", "captum"))
}

// Attribute explains the inputs: NSteps passes each. FX is the target's value.
func (o *NeuronConductance) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.layer().attribute(e, o, false, Baseline{}, in, emit)
}

// values returns the target's, not the neuron's.
func (o *NeuronConductance) values(e *Env, in []Input) ([]float64, error) { return e.values(in) }

func (o *NeuronConductance) passes() int { return o.NSteps }

func (o *NeuronConductance) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	part, neuron, err := o.env(e)
	if err != nil {
		return named(o, err)
	}
	after, err := o.layer().afterWorker(e)
	if err != nil {
		return named(o, err)
	}
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	alpha, weight := nodes(o.Quadrature, o.NSteps, o.Compat == "captum")
	steps := len(alpha)
	size := e.size()
	r, bases := newRing(steps, size), newRing(steps, size)
	m, acc := make([]float32, size), make([]float64, size)

	// The derivative by the neuron is taken where the first half of a block of
	// points has brought the activations, so the halves run in turn.
	first := 0 // point of the block
	acts := make([][]float32, model.Lanes)
	grads := make([][]float32, model.Lanes)
	for l := range acts {
		acts[l], grads[l] = make([]float32, part.Worker.Model().Net().Classes()), make([]float32, size)
	}
	fillUpto := func(l int, p *model.Point) {
		i, s := (first+l)/steps, (first+l)%steps
		in, base := r.at(i), bases.at(i).X
		if s == 0 {
			input(i, in)
			from(in, base)
		}
		p.Target = neuron
		model.Lerp(float32(alpha[s]), in.X, base, p.X)
	}
	foldUpto := func(l int, res model.Result) {
		copy(acts[l], res.Logits)
		copy(grads[l], res.Grad)
	}
	fillAfter := func(l int, p *model.Point) {
		copy(p.X, acts[l])
		p.Target = r.at((first + l) / steps).Target
	}
	foldAfter := func(l int, res model.Result) {
		i, s := (first+l)/steps, (first+l)%steps
		if s == 0 {
			clear(acc)
		}
		model.Accumulate(float64(weight[s]*float64(res.Grad[neuron.Class])), grads[l], acc)
		if s < steps-1 {
			return
		}
		x, base := r.at(i).X, bases.at(i).X
		for j, v := range acc {
			if o.MultiplyByInputs {
				v *= float64(x[j]) - float64(base[j])
			}
			m[j] = float32(v)
		}
		emit(i, Attribution{Map: m})
	}
	for ; first < n*steps; first += model.Lanes {
		count := min(model.Lanes, n*steps-first)
		if err := part.Worker.Gradients(e.Ctx, model.Gradient, count, fillUpto, foldUpto); err != nil {
			return named(o, err)
		}
		if err := after.Gradients(e.Ctx, model.Gradient, count, fillAfter, foldAfter); err != nil {
			return named(o, err)
		}
	}
	return nil
}
