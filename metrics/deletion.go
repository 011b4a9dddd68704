package metrics

import (
	"fmt"

	"assay/model"
)

// Deletion replaces the pixels of an image by a substrate, the most important
// first, Step pixels at a time (all channels of a pixel at once), and watches
// the output. A map that names the pixels the network relies on gives a steep
// fall and a small area under the curve.
//
// Petsiuk, Das & Saenko, "RISE: Randomized Input Sampling for Explanation of
// Black-box Models", BMVC 2018, section 4.1. As there, the curve starts with
// the whole image and ends with all pixels replaced. RISE has the curve's
// points equally far apart; where Step does not divide the number of pixels our
// last interval is shorter, as it is in pixels.
type Deletion struct {
	Step      int    `yaml:"step" jsonschema:"minimum=1"`                                    // pixels replaced between two points of the curve, 1 to H*W
	Substrate string `yaml:"substrate" jsonschema:"enum=zero,enum=blur,enum=mean"`           // zero (after normalisation), blur (11x11 Gaussian, sigma 5) or mean (of the training images, per channel)
	Output    string `yaml:"output" jsonschema:"enum=probability,enum=logit"`                // what is watched: probability (softmax) or logit
	Target    string `yaml:"target" jsonschema:"enum=predicted,enum=explained"`              // of which class: predicted for the whole image, or the explained one (a difference of classes where the explanation is of one)
	Order     string `yaml:"order" jsonschema:"enum=abs,enum=signed"`                        // importance of a pixel: sum over channels of |attribution| (abs) or of the attribution (signed)
	Ascending bool   `yaml:"ascending" jsonschema:"description=least important pixel first"` // least important pixel first ("LeRF"); a good map then gives a large area
}

// Check reports every option that is out of range.
func (d *Deletion) Check(n *model.Net) error { return d.curve().check(n) }

// Series describes the area and the curve; both are better when low, high if
// Ascending.
func (d *Deletion) Series(n *model.Net) []Series {
	better := -1
	if d.Ascending {
		better = +1
	}
	return d.curve().series(n, "deleted", better)
}

// Score runs the network on every perturbed image; Explain is not used. Cases
// need X, Map, Logits, Predicted, Target and Index.
func (d *Deletion) Score(e *Env, cases []Case) ([][]float64, error) {
	out, err := d.curve().score(e, cases)
	if err != nil {
		return nil, fmt.Errorf("metrics: deletion: %w", err)
	}
	return out, nil
}

func (d *Deletion) curve() *curve { return &curve{Deletion: *d} }

func (d *Deletion) cost(n *model.Net) (forward, explain int) { return d.curve().steps(n.Input), 0 }
