package metrics

import (
	"math"

	"assay/model"
)

// Conservation checks that layer-wise relevance propagation loses nothing on its
// way from F(x) to the map but what its rules give to biases and stabilisers,
// and says how much that is. It has no options.
//
// Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
// Layer-Wise Relevance Propagation", PLOS ONE 2015, equation 2: relevance is the
// same in every layer. Rules with biases keep that only if what biases take is
// counted.
//
// Values are NaN for methods that keep no account (Case.Relevance nil).
type Conservation struct{}

// Check finds no fault: there are no options.
func (*Conservation) Check(*model.Net) error { return nil }

// Series describes the account.
func (*Conservation) Series(*model.Net) []Series {
	return []Series{
		{Name: "to biases", About: "relevance that the rules give to biases, in logits"},
		{Name: "to stabilisers", About: "relevance that the rules give to stabilisers, in logits"},
		{Name: "error", About: "|F(x) less the map and these two|, in logits", Better: -1},
		{Name: "layer error", About: "largest |outputs less inputs, bias and stabiliser| of a layer, in logits", Better: -1},
	}
}

// Score adds up the account in float64. It needs neither the worker nor Explain.
func (*Conservation) Score(_ *Env, cases []Case) ([][]float64, error) {
	out := make([][]float64, len(cases))
	for i := range cases {
		c := &cases[i]
		if c.Relevance == nil {
			out[i] = []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}
			continue
		}
		var bias, stabiliser, layer, sum float64
		for _, s := range c.Relevance {
			bias += s.Bias
			stabiliser += s.Stabiliser
			layer = max(layer, math.Abs(s.Out-s.In-s.Bias-s.Stabiliser))
		}
		for _, v := range c.Map {
			sum += float64(v)
		}
		out[i] = []float64{bias, stabiliser, math.Abs(c.FX - sum - bias - stabiliser), layer}
	}
	return out, nil
}
