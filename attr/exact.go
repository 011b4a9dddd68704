package attr

import (
	"fmt"

	"assay/model"
)

// exactly is the quadrature that needs no points: the network is piecewise
// linear along the path, so the integral is a finite sum over its affine
// regions (model.Worker.PathGradients). It is what the error of every other
// quadrature can be measured against.
//
// Sotoudeh & Thakur, "Computing Linear Restrictions of Neural Networks",
// NeurIPS 2019, who use it for the same purpose (section 5).
const exactly = "exact"

// exactPasses is the cost that Passes names for it. The true one depends on
// image and network; the tutorial's has about 1000 regions on an image.
const exactPasses = 1000

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
		return &Problem{Option: "quadrature", Msg: fmt.Sprintf("is exact, which needs a piecewise linear network: %v", err)}
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
