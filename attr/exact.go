package attr

import (
	"fmt"
	"strings"

	"assay/model"
)

// exactly is the quadrature that needs no points: the network is piecewise
// linear along the path, so the integral is a finite sum over its affine
// regions (model.Worker.PathGradients). It is what the error of every other
// quadrature can be measured against.
//
// Sotoudeh & Thakur, "Computing Linear Restrictions of Neural Networks",
// NeurIPS 2019, who use it for the same purpose (section 4).
const exactly = "exact"

func (o *IntegratedGradients) exact() bool { return o.Quadrature == exactly }

// exactPasses estimates the cost of the integral on a network in gradients. A
// path from a baseline of one colour to an image runs through 0.5 to 0.9 regions
// for each place where the network can bend (tutorial 1,000 to 1,500 for 1,780,
// resnet20 100,000 for 188,416, vgg11_bn 50,000 for 57,856), and a region takes
// half the time of a gradient.
func exactPasses(n *model.Net) int { return 1 + n.Kinks()/3 }

// apart returns F(baseline) as fx less the change between the two that the
// Rescale rule carries: the integral is right to more digits than are left of
// the difference where logits are nearly the same.
func (e *Env) apart(in []Input, fx []float64, from func(in *Input, dst []float32)) ([]float64, error) {
	fb := make([]float64, len(in))
	err := e.Worker.Gradients(e.Ctx, model.Rescale, len(in),
		func(i int, p *model.Point) {
			copy(p.X, in[i].X)
			from(&in[i], p.Baseline)
			p.Target = in[i].Target
		},
		func(i int, r model.Result) { fb[i] = fx[i] - in[i].Target.Of(r.Change) })
	return fb, err
}

// Exact returns the method whose maps m approximates: integrated gradients from
// the same baseline by quadrature exact. It is nil for a method that is no
// quadrature of a path integral.
func Exact(m Method) Method {
	o, ok := m.(*IntegratedGradients)
	if !ok {
		return nil
	}
	return &IntegratedGradients{Quadrature: exactly, Baseline: o.Baseline, MultiplyByInputs: o.MultiplyByInputs, base: o.base}
}

// checkExact reports why the integral cannot be exact.
func (o *IntegratedGradients) checkExact(n *model.Net) error {
	if err := n.PiecewiseLinear(); err != nil {
		return &Problem{Option: "quadrature", Msg: fmt.Sprintf("is exact, which needs a piecewise linear network: %s", strings.TrimPrefix(err.Error(), "model: "))}
	}
	if o.Tolerance > 0 {
		return &Problem{Option: "tolerance", Msg: fmt.Sprintf("is %v, which chooses a number of steps; quadrature exact has none, want 0", o.Tolerance)}
	}
	return nil
}

// integrate is stream for quadrature exact.
func (o *IntegratedGradients) integrate(e *Env, n int, from func(in *Input, dst []float32), input func(i int, in *Input), emit func(i int, a Attribution)) error {
	m := make([]float32, e.size())
	err := e.Worker.PathGradients(e.Ctx, n,
		func(i int, p *model.Path) {
			in := Input{X: p.X}
			input(i, &in)
			from(&in, p.Baseline)
			p.Target = in.Target
		},
		func(i int, r model.PathResult) {
			copy(m, r.Grad)
			if o.MultiplyByInputs {
				for j, g := range r.Grad {
					m[j] = float32(float64(g) * (float64(r.X[j]) - float64(r.Baseline[j])))
				}
			}
			emit(i, Attribution{Map: m, Steps: r.Regions})
		})
	if err != nil {
		return fmt.Errorf("attr: integrated_gradients: %w", err)
	}
	return nil
}
