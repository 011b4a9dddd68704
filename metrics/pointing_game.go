package metrics

import (
	"errors"
	"fmt"
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
// Benchmarks with photographs forgive a pixel that misses the object by little
// (Fong, Patrick & Vedaldi's TorchRay: 15 pixels); by default nothing is forgiven,
// as in Quantus (see Tolerance).
//
// The value is NaN where the object has no pixel, or all of them.
type PointingGame struct {
	// Abs ranks a pixel by the sum over its channels of |attribution|, not of
	// the attribution.
	Abs bool `yaml:"abs" doc:"rank pixels by the channel sum of absolute values, not of values"`
	// Tolerance counts pixels as the object's that are less than so many pixels away
	// from it, centre to centre; 0 counts its own alone.
	Tolerance int `yaml:"tolerance" doc:"a pixel counts as the object's if it is less than so many pixels away from it; 0: on the object" jsonschema:"minimum=0"`
	// Weighted multiplies the score by the share of the image that is not
	// object: a hit on a small object counts more.
	Weighted bool `yaml:"weighted" doc:"multiply by the share of the image outside the object"`
	// Compat "quantus" scores a hit if any of the pixels of first rank lies on
	// the object.
	Compat string `yaml:"compat" doc:"quantus: of pixels that share the first rank, one on the object makes a hit" jsonschema:"enum=,enum=quantus"`
}

func (*PointingGame) needsMask() {}

// Check reports a tolerance larger than the image and an unknown compat.
func (o *PointingGame) Check(n *model.Net) error {
	var ps problems
	ps.between("tolerance", o.Tolerance, 0, max(n.Input.H, n.Input.W), "pixels")
	ps.quantus(o.Compat)
	return errors.Join(ps...)
}

// Series describes the hit.
func (o *PointingGame) Series(*model.Net) []Series {
	about := "1 where the first-ranked pixel lies on the object, 0 where not"
	if o.Tolerance > 0 {
		about = fmt.Sprintf("1 where the first-ranked pixel lies less than %d pixels from the object, 0 where not", o.Tolerance)
	}
	if o.Weighted {
		about += ", times the share of the image outside the object"
	}
	return []Series{{Name: "accuracy", About: about, Better: +1}}
}

// Score needs Map and Mask of the cases, and with a tolerance the worker, whose
// network says how wide an image is; not Explain.
func (o *PointingGame) Score(e *Env, cases []Case) ([][]float64, error) {
	return onObject("pointing_game", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		if o.Tolerance > 1 {
			mask = around(mask, e.Worker.Model().Net().Input.W, o.Tolerance)
		}
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

// around returns the mask of the pixels that are less than reach pixels away from
// those of another, rows of width.
func around(mask []byte, width, reach int) []byte {
	out := make([]byte, len(mask))
	for p, m := range mask {
		if m == 0 {
			continue
		}
		r, c := p/width, p%width
		for y := max(0, r-reach+1); y < min(len(mask)/width, r+reach); y++ {
			for x := max(0, c-reach+1); x < min(width, c+reach); x++ {
				if (y-r)*(y-r)+(x-c)*(x-c) < reach*reach {
					out[y*width+x] = 1
				}
			}
		}
	}
	return out
}
