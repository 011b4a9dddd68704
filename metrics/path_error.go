package metrics

import (
	"fmt"
	"math"
	"strings"

	"assay/model"
)

// PathError measures how far a map is from the integral that it approximates:
// the path integral of integrated gradients, which on a piecewise linear network
// can be computed exactly (attr's quadrature exact). The completeness delta is
// one number of the map, and errors cancel in it; this is the whole map. It has
// no options.
//
// Sotoudeh & Thakur, "Computing Linear Restrictions of Neural Networks", NeurIPS
// 2019, section 4, who compare by the mean relative error; we take the relative
// Euclidean distance, |map - exact| / |exact| over all values of an image.
//
// The value is NaN for methods that are no quadrature of such an integral, and
// where the exact map is 0 everywhere, so that there is nothing to relate to.
type PathError struct{}

// exactCost is what the exact integral of an image costs on the tutorial's
// network, in forward passes.
const exactCost = 2000

func (*PathError) cost(*model.Net) (forward, explain int) { return exactCost, 0 }

// Check refuses a network that is not piecewise linear.
func (*PathError) Check(n *model.Net) error {
	if err := n.PiecewiseLinear(); err != nil {
		return &Problem{Option: "metric", Msg: fmt.Sprintf("path_error needs a piecewise linear network: %s", strings.TrimPrefix(err.Error(), "model: "))}
	}
	return nil
}

// Series describes the error.
func (*PathError) Series(*model.Net) []Series {
	return []Series{{Name: "error", About: "|map - exact integral| / |exact integral|, Euclidean", Better: -1}}
}

// Score compares in float64. It needs Exact.
func (*PathError) Score(e *Env, cases []Case) ([][]float64, error) {
	out := make([][]float64, len(cases))
	for i := range out {
		out[i] = []float64{math.NaN()}
	}
	if e.Exact == nil {
		return out, nil
	}
	err := e.Exact(cases, func(i int, exact []float32) {
		var off, size float64
		for j, v := range cases[i].Map {
			w := float64(exact[j])
			d := float64(v) - w
			off += float64(d * d)
			size += float64(w * w)
		}
		if size > 0 {
			out[i][0] = math.Sqrt(off / size)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("metrics: path_error: %w", err)
	}
	return out, nil
}
