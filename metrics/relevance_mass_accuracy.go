package metrics

import (
	"errors"
	"math"

	"assay/model"
)

// RelevanceMassAccuracy is the share of the relevance that lies on the object.
//
// Arras, Osman & Samek, "CLEVR-XAI: A Benchmark Dataset for the Ground Truth
// Evaluation of Neural Network Explanations", Information Fusion 81, 2022. The
// paper pools the channels of a pixel into one relevance that is not negative; of
// its ways, Abs true is the sum of absolute values and Abs false, as in Quantus
// the default, the sum where it is positive. Quantus leaves negative sums in
// (Compat), where its ratio can be below 0 or above 1 and means little.
//
// The value is NaN where the object has no pixel, or all of them, and where the
// relevance sums to 0.
type RelevanceMassAccuracy struct {
	// Abs takes the channel sum of |attribution| for a pixel; false takes that of
	// the attribution, where it is positive.
	Abs bool `yaml:"abs" doc:"add up channel sums of absolute values; false adds up the positive channel sums"`
	// Compat "quantus" adds negative channel sums to both sides of the ratio if
	// Abs is false.
	Compat string `yaml:"compat" doc:"quantus: negative sums count where abs is false" jsonschema:"enum=,enum=quantus"`
}

func (*RelevanceMassAccuracy) needsMask() {}

// Check reports an unknown compat.
func (o *RelevanceMassAccuracy) Check(*model.Net) error {
	var ps problems
	ps.quantus(o.Compat)
	return errors.Join(ps...)
}

// Series describes the share.
func (*RelevanceMassAccuracy) Series(*model.Net) []Series {
	return []Series{{Name: "share", About: "share of the relevance on the object", Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *RelevanceMassAccuracy) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("relevance_mass_accuracy", cases, o.Abs, func(v []float64, mask []byte, _ int) float64 {
		in, total := inside(v, mask, o.Compat != "quantus")
		if total == 0 {
			return math.NaN()
		}
		return in / total
	})
}
