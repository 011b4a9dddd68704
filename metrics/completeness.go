package metrics

import (
	"fmt"
	"math"

	"assay/model"
)

// Completeness measures how far a map's sum is from F(x)-F(baseline), the
// difference it promises to distribute over the inputs; F is the explained
// logit (or difference of logits). It has no options.
//
// Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML
// 2017, section 3. The sign is Captum's convergence delta:
// sum(map) - (F(x)-F(baseline)), or the reverse of it where Captum reverses it
// and the method was asked for its behaviour (Case.Reversed).
//
// Values are NaN for methods that make no such promise (Case.Summed false), the
// relative delta also where F(x) equals F(baseline).
type Completeness struct{}

// Check finds no fault: there are no options.
func (*Completeness) Check(*model.Net) error { return nil }

// Series describes the delta: signed, absolute and relative.
func (*Completeness) Series(*model.Net) []Series {
	return []Series{
		{Name: "delta", About: "sum of the map less F(x)-F(baseline), in logits"},
		{Name: "absolute delta", About: "|delta|, in logits", Better: -1},
		{Name: "relative delta", About: "|delta| / |F(x)-F(baseline)|", Better: -1},
	}
}

// Score sums the maps in float64, in the order of their memory. It needs
// neither the worker nor Explain.
func (*Completeness) Score(_ *Env, cases []Case) ([][]float64, error) {
	out := make([][]float64, len(cases))
	for i := range cases {
		c := &cases[i]
		out[i] = []float64{math.NaN(), math.NaN(), math.NaN()}
		if !c.Summed {
			continue
		}
		if math.IsNaN(c.FX) || math.IsNaN(c.FB) || math.IsInf(c.FX, 0) || math.IsInf(c.FB, 0) {
			return nil, fmt.Errorf("metrics: completeness: image %d: F(x) is %v and F(baseline) is %v, want finite numbers", c.Index, c.FX, c.FB)
		}
		sum := 0.0
		for _, v := range c.Map {
			sum += float64(v)
		}
		want := c.FX - c.FB
		delta := sum - want
		if c.Reversed {
			delta = -delta
		}
		out[i][0], out[i][1] = delta, math.Abs(delta)
		if want != 0 {
			out[i][2] = math.Abs(delta) / math.Abs(want)
		}
	}
	return out, nil
}
