package metrics

import (
	"assay/model"
	"assay/model/rng"
)

// probability returns the softmax of the logits at the target's class, less
// that at the class it subtracts if there is one.
func probability(logits []float32, t model.Target) float64 {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	// Shifted by the maximum, so that no exponential overflows.
	e := func(v float32) float64 { return rng.Exp(float64(v) - float64(top)) }
	sum := 0.0
	for _, v := range logits {
		sum += e(v)
	}
	p := e(logits[t.Class]) / sum
	if t.Minus >= 0 {
		p -= e(logits[t.Minus]) / sum
	}
	return p
}
