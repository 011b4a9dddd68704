package metrics

import (
	"errors"
	"slices"

	"assay/model"
)

// PointingGame asks whether the pixel that the map ranks first lies on the
// object: 1 for a hit, 0 for a miss. The mean over images is the game's
// accuracy. A pixel's rank goes by the sum over its channels (see Abs).
//
// Zhang, Bargal, Lin, Brandt, Shen & Sclaroff, "Top-Down Neural Attention by
// Excitation Backprop", International Journal of Computer Vision 126, 2018. The
// paper does not say what happens when several pixels share the first rank; we
// give the share of them that lies on the object, which is the chance of a hit.
// Quantus scores a hit if any of them does, so that a constant map always hits.
//
// The value is NaN where the object has no pixel, or all of them.
type PointingGame struct {
	// Abs ranks a pixel by the sum over its channels of |attribution|, not of
	// the attribution.
	Abs bool `yaml:"abs" doc:"rank pixels by the channel sum of absolute values, not of values"`
	// Weighted multiplies the score by the share of the image that is not
	// object: a hit on a small object counts more.
	Weighted bool `yaml:"weighted" doc:"multiply by the share of the image outside the object"`
	// Compat "quantus" scores a hit if any of the pixels of first rank lies on
	// the object.
	Compat string `yaml:"compat" doc:"quantus: of pixels that share the first rank, one on the object makes a hit" jsonschema:"enum=,enum=quantus"`
}

func (*PointingGame) needsMask() {}

// Check reports an unknown compat.
func (o *PointingGame) Check(*model.Net) error {
	var ps problems
	ps.quantus(o.Compat)
	return errors.Join(ps...)
}

// Series describes the hit.
func (o *PointingGame) Series(*model.Net) []Series {
	about := "1 where the first-ranked pixel lies on the object, 0 where not"
	if o.Weighted {
		about += ", times the share of the image outside the object"
	}
	return []Series{{Name: "accuracy", About: about, Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *PointingGame) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("pointing_game", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		first, on, top := 0, 0, slices.Max(v)
		for p, x := range v {
			if x == top {
				first++
				if mask[p] != 0 {
					on++
				}
			}
		}
		score := float64(on) / float64(first)
		if o.Compat == "quantus" && on > 0 {
			score = 1
		}
		if o.Weighted {
			score *= 1 - float64(object)/float64(len(v))
		}
		return score
	})
}
