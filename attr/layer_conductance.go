package attr

import (
	"errors"

	"assay/model"
)

// LayerConductance is how much of F(x)-F(baseline) flows through each neuron of
// a layer as the image goes straight from the baseline to the input. It sums to
// that difference up to the error of the quadrature.
//
// Dhamdhere, Sundararajan & Yan, "How Important Is a Neuron?", ICLR 2019
// (arXiv:1805.12233). By the chain rule the conductance of neuron y is the
// integral of dF/dy over dy along the path, and that is how we take it: the
// gradient at each of the quadrature's points, times what y gains on the part of
// the path that the point's weight covers. (The nodes of every rule, Gauss and
// Legendre's too, lie each in its own part.) So with a linear rest of the network
// any n_steps is exact, however crooked the layers before are.
type LayerConductance struct {
	AtLayer `yaml:",inline"`
	Path    `yaml:",inline"`
	// Compat "captum" takes n_steps+1 points of the quadrature and each
	// gradient times what y gains up to the next point: the weights play no
	// part, and what lies before the first and behind the last point is lost.
	Compat string `yaml:"compat" doc:"captum: the gain between successive points, weights ignored" jsonschema:"enum=,enum=captum"`
}

// Check reports a layer that is not there and options of the path out of range.
func (o *LayerConductance) Check(n *model.Net) error {
	_, err := o.after(n)
	return errors.Join(err, o.Path.check(n), oneOf("compat", o.Compat, "", "captum"))
}

// Attribute explains the inputs.
func (o *LayerConductance) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.attribute(e, o, true, o.Baseline, in, emit)
}

func (o *LayerConductance) passes() int { return o.NSteps }

// forwards counts the ends of the parts of the path, where the layer is evaluated
// without a gradient.
func (o *LayerConductance) forwards(*model.Net) int {
	if o.Compat == "captum" {
		return 1
	}
	return 1 + o.NSteps
}

// points returns the points of the path where the layer is evaluated: the ends
// of the parts, and between each two the point where the gradient is taken. For
// Captum the ends serve as these too.
func (o *LayerConductance) points() []float64 {
	if o.Compat == "captum" {
		alpha, _ := nodes(o.Quadrature, o.NSteps+1, false)
		return alpha
	}
	alpha, weight := nodes(o.Quadrature, o.NSteps, false)
	ts, end := []float64{0}, 0.0
	for s := range alpha {
		end += weight[s]
		if s == len(alpha)-1 {
			end = 1 // but for rounding
		}
		ts = append(ts, alpha[s], end)
	}
	return ts
}

func (o *LayerConductance) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	upto, err := o.uptoWorker(e)
	if err != nil {
		return named(o, err)
	}
	after, err := o.afterWorker(e)
	if err != nil {
		return named(o, err)
	}
	ts := o.points()
	points := pathPoints(e, from, ts, input)
	f := newFeed(e.Ctx, upto, n*len(ts), points, nil)
	end := make([]float32, f.size) // activation at the end of the last part
	// Of the parts between fill and fold, what the activations gain.
	gains := make([][]float32, model.Lanes+1)
	for k := range gains {
		gains[k] = make([]float32, f.size)
	}
	m, acc := make([]float32, f.size), make([]float64, f.size)
	steps := o.NSteps
	err = after.Gradients(f.ctx, model.Gradient, n*steps,
		func(k int, p *model.Point) {
			if k%steps == 0 {
				_, act := f.take()
				copy(end, act)
			}
			if o.Compat == "captum" {
				copy(p.X, end)
			} else {
				_, act := f.take()
				copy(p.X, act)
			}
			in, act := f.take()
			p.Target = in.Target
			gain := gains[k%len(gains)]
			for j, v := range act {
				gain[j] = v - end[j]
			}
			copy(end, act)
		},
		func(k int, r model.Result) {
			if f.err != nil {
				return
			}
			i, s := k/steps, k%steps
			if s == 0 {
				clear(acc)
			}
			for j, gain := range gains[k%len(gains)] {
				acc[j] += float64(float64(r.Grad[j]) * float64(gain))
			}
			if s < steps-1 {
				return
			}
			for j, v := range acc {
				m[j] = float32(v)
			}
			emit(i, Attribution{Map: m})
		})
	return named(o, f.close(err))
}
