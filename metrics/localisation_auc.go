package metrics

import "assay/model"

// LocalisationAUC is the area under the ROC curve of the map as a detector of
// the object's pixels: the probability that a pixel of the object ranks above
// one outside it, equal ones counted half. 0.5 is chance. Quantus calls it AUC.
// A pixel's rank goes by the sum over its channels (see Abs).
//
// Fawcett, "An Introduction to ROC Analysis", Pattern Recognition Letters 27,
// 2006.
//
// The value is NaN where the object has no pixel, or all of them.
type LocalisationAUC struct {
	// Abs ranks a pixel by the sum over its channels of |attribution|, not of
	// the attribution.
	Abs bool `yaml:"abs" doc:"rank pixels by the channel sum of absolute values, not of values"`
}

func (*LocalisationAUC) needsMask() {}

// Check finds no fault: both values of abs are good.
func (*LocalisationAUC) Check(*model.Net) error { return nil }

// Series describes the area.
func (*LocalisationAUC) Series(*model.Net) []Series {
	return []Series{{Name: "area", About: "probability that a pixel of the object ranks above one outside it", Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *LocalisationAUC) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("localisation_auc", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		// Counts the pairs in half pairs, from the least value up, one group of
		// equal values after another. Whole numbers: no order of sums matters.
		order := argsort(v)
		won, below := 0, 0 // below: pixels outside the object with less
		for i := 0; i < len(order); {
			on, off, x := 0, 0, v[order[i]]
			for ; i < len(order) && v[order[i]] == x; i++ {
				if mask[order[i]] != 0 {
					on++
				} else {
					off++
				}
			}
			won += on * (2*below + off)
			below += off
		}
		return float64(won) / float64(2*object*(len(v)-object))
	})
}
