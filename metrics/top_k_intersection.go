package metrics

import (
	"errors"

	"assay/model"
)

// TopKIntersection is the share of the K pixels of highest rank that lies on the
// object. A pixel's rank goes by the sum over its channels (see Abs).
//
// Theiner, Mueller-Budack & Ewerth, "Interpretable Semantic Photo Geolocation",
// WACV 2022 (arXiv 2104.14995, 2021), who call the share over the object's share
// of the image the influence of a concept. Neither the paper nor Quantus says
// which of equal pixels come first; we count what a random choice among them
// gives on average.
//
// The value is NaN where the object has no pixel, or all of them.
type TopKIntersection struct {
	// K is the number of pixels, 1 to H*W.
	K int `yaml:"k" doc:"number of highest-ranked pixels" jsonschema:"minimum=1"`
	// Abs ranks a pixel by the sum over its channels of |attribution|, not of
	// the attribution.
	Abs bool `yaml:"abs" doc:"rank pixels by the channel sum of absolute values, not of values"`
	// ConceptInfluence divides by the object's share of the image: 1 is then
	// chance.
	ConceptInfluence bool `yaml:"concept_influence" doc:"divide by the object's share of the image"`
}

func (*TopKIntersection) needsMask() {}

// Check reports a k that the image has not so many pixels for.
func (o *TopKIntersection) Check(n *model.Net) error {
	var ps problems
	ps.between("k", o.K, 1, n.Input.H*n.Input.W, "pixels")
	return errors.Join(ps...)
}

// Series describes the share.
func (o *TopKIntersection) Series(*model.Net) []Series {
	about := "share of the k highest-ranked pixels on the object"
	if o.ConceptInfluence {
		about += ", over the object's share of the image"
	}
	return []Series{{Name: "share", About: about, Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *TopKIntersection) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("top_k_intersection", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		k := min(o.K, len(v))
		share := hits(v, mask, k) / float64(k)
		if o.ConceptInfluence {
			share /= float64(object) / float64(len(v))
		}
		return share
	})
}
