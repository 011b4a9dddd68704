package metrics

import "assay/model"

// RelevanceRankAccuracy is the share of the object that the map finds with as
// many pixels as the object has: of the K pixels of highest rank, K being the
// object's size, how many lie on it. A pixel's rank goes by the sum over its
// channels (see Abs).
//
// Arras, Osman & Samek, "CLEVR-XAI: A Benchmark Dataset for the Ground Truth
// Evaluation of Neural Network Explanations", Information Fusion 81, 2022.
// Neither the paper nor Quantus says which of equal pixels come first; we count
// what a random choice among them gives on average.
//
// The value is NaN where the object has no pixel, or all of them.
type RelevanceRankAccuracy struct {
	// Abs ranks a pixel by the sum over its channels of |attribution|, not of
	// the attribution.
	Abs bool `yaml:"abs" doc:"rank pixels by the channel sum of absolute values, not of values"`
}

func (*RelevanceRankAccuracy) needsMask() {}

// Check finds no fault: both values of abs are good.
func (*RelevanceRankAccuracy) Check(*model.Net) error { return nil }

// Series describes the share.
func (*RelevanceRankAccuracy) Series(*model.Net) []Series {
	return []Series{{Name: "share", About: "of the K highest-ranked pixels, the share on the object of K pixels", Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *RelevanceRankAccuracy) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("relevance_rank_accuracy", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		return hits(v, mask, object) / float64(object)
	})
}
