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
// Black-box Models", BMVC 2018. As there, the curve starts with
// the whole image and ends with all pixels replaced. RISE has the curve's
// points equally far apart; where Step does not divide the number of pixels our
// last interval is shorter, as it is in pixels.
type Deletion struct {
	// Step is the number of pixels replaced between two points, 1 to H*W.
	Step int `yaml:"step" doc:"pixels from one point of the curve to the next" jsonschema:"minimum=1"`
	// Substrate is what replaces them: zero (after normalisation), blur (the
	// image under an 11x11 Gaussian, sigma 5 pixels) or mean (of the training
	// images, per channel).
	Substrate string `yaml:"substrate" doc:"what stands for a missing pixel: zero, blur or mean" jsonschema:"enum=zero,enum=blur,enum=mean"`
	// Output is what is watched: probability (softmax) or logit.
	Output string `yaml:"output" doc:"what is watched: probability or logit" jsonschema:"enum=probability,enum=logit"`
	// Target says of which class: the explained one, as RISE explains and
	// measures one and the same, or the one predicted for the whole image. Where
	// a difference of two classes is explained, explained is the first of them
	// and difference the difference of their outputs.
	Target string `yaml:"target" doc:"of which class: explained (of a difference its first), predicted, or difference (of the outputs of both, where a difference is explained)" jsonschema:"enum=explained,enum=predicted,enum=difference"`
	// Order is the importance of a pixel: the sum over its channels of
	// |attribution| (abs) or of the attribution (signed). Of equal pixels the
	// lower index comes first.
	Order string `yaml:"order" doc:"importance of a pixel: abs (channel sum of absolute values) or signed (channel sum)" jsonschema:"enum=abs,enum=signed"`
	// Ascending takes the least important pixel first ("LeRF"). A good map then
	// keeps the output high, and a large area is better.
	Ascending bool `yaml:"ascending" doc:"least important pixel first"`
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
