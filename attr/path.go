package attr

import (
	"errors"

	"assay/model"
)

// Path is the straight path of images from a baseline to the input, for methods
// that look at a layer or neuron on the way.
type Path struct {
	NSteps     int      `yaml:"n_steps" doc:"gradients per image; gausslegendre takes at most 10000" jsonschema:"minimum=1,maximum=100000"`
	Quadrature string   `yaml:"quadrature" doc:"gausslegendre, riemann_left, riemann_right, riemann_middle or riemann_trapezoid" jsonschema:"enum=gausslegendre,enum=riemann_left,enum=riemann_right,enum=riemann_middle,enum=riemann_trapezoid"`
	Baseline   Baseline `yaml:"baseline" doc:"start of the path: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// defaultPath is Captum's for layers; for neuron_conductance its rule is the
// trapezoid.
var defaultPath = Path{NSteps: 50, Quadrature: "gausslegendre"}

// check reports n_steps out of range, an unknown quadrature and a baseline that
// is no image of the network's.
func (o Path) check(n *model.Net) error {
	lo, hi := stepLimits(o.Quadrature)
	return errors.Join(
		between("n_steps", o.NSteps, lo, hi),
		oneOf("quadrature", o.Quadrature, quadratures...),
		o.Baseline.check(n),
	)
}

func (o Path) baselines() []Baseline { return []Baseline{o.Baseline} }

// pathPoints returns the input function of a stream of points on the paths of n
// images: those at alpha for image 0, then those for image 1, and so on.
func pathPoints(e *Env, from func(in *Input, dst []float32), alpha []float64, input func(i int, in *Input)) func(k int, dst *Input) {
	size := e.size()
	in, base := Input{X: make([]float32, size)}, make([]float32, size)
	return func(k int, dst *Input) {
		i, s := k/len(alpha), k%len(alpha)
		if s == 0 {
			input(i, &in)
			from(&in, base)
		}
		dst.Index, dst.Target = in.Index, in.Target
		model.Lerp(float32(alpha[s]), in.X, base, dst.X)
	}
}
