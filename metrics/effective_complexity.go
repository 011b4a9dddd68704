package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"assay/model"
	"assay/model/rng"
)

// EffectiveComplexity is the least number of pixels, taken in the order of the
// map, that settle the output: with them held and the others drawn at random, the
// probability of the class that is explained stays within Tolerance of what it
// was, on average. A map that names what the network relies on needs few.
//
// Nguyen & Rodriguez Martinez, "On Quantitative Aspects of Model
// Interpretability", arXiv 2007.07584, 2020: the smallest number of features of
// largest |attribution| such that the expected loss, given them, is below a
// tolerance. What we choose: features are pixels, ranked by the channel sum of
// |attribution|; a pixel that is not held gets the colour of a random pixel of
// the same image (NSamples draws of all of them, the same for every method and
// every count); the loss is the change of the probability, without sign; counts
// are Step pixels apart.
//
// Quantus has something else under this name: it counts the values of the map
// above a threshold and never asks the network (see Compat).
type EffectiveComplexity struct {
	// Target says whose probability: the explained class's, of a difference of two
	// the first's (explained), that of the class predicted for the whole image
	// (predicted), or the difference of both (difference).
	Target string `yaml:"target" doc:"whose probability: that of the explained class (of a difference its first), of the predicted one, or the difference of both where a difference is explained" jsonschema:"enum=explained,enum=predicted,enum=difference"`
	// Tolerance is how far the probability may be off on average, above 0, below 1.
	Tolerance float64 `yaml:"tolerance" doc:"how far the probability may be off on average" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
	// Step is the number of pixels between two counts that are tried, 1 to H*W.
	Step int `yaml:"step" doc:"pixels from one count that is tried to the next" jsonschema:"minimum=1"`
	// NSamples is the number of random fillings of the rest, 1 to 10000.
	NSamples int `yaml:"n_samples" doc:"random fillings of the pixels that are not held" jsonschema:"minimum=1,maximum=10000"`
	// Eps is the threshold of compat quantus, which alone reads it.
	Eps float64 `yaml:"eps" doc:"with compat quantus: threshold of the values that count" jsonschema:"minimum=0"`
	// Normalise divides the map by its largest magnitude before compat quantus
	// counts, which alone reads it.
	Normalise bool `yaml:"normalise" doc:"with compat quantus: divide by the largest magnitude first"`
	// Compat "quantus" counts the values of the map, the channels of a pixel
	// apart, whose magnitude is above Eps.
	Compat string `yaml:"compat" doc:"quantus: the number of values whose magnitude exceeds eps" jsonschema:"enum=,enum=quantus"`
}

// quantusEps is Quantus's default, and ours.
const quantusEps = 1e-5

// Check reports every option that is out of range, and those of compat quantus
// where they would be ignored.
func (o *EffectiveComplexity) Check(n *model.Net) error {
	var ps problems
	ps.oneOf("target", o.Target, watched...)
	if !(o.Tolerance > 0 && o.Tolerance < 1) {
		ps.add("tolerance", "is %v, want more than 0, less than 1", o.Tolerance)
	}
	ps.between("step", o.Step, 1, n.Input.H*n.Input.W, "pixels")
	ps.between("n_samples", o.NSamples, 1, 10000, "fillings")
	switch {
	case !(o.Eps >= 0) || math.IsInf(o.Eps, 0):
		ps.add("eps", "is %v, want 0 or more", o.Eps)
	case o.Eps != quantusEps && o.Compat == "":
		ps.add("eps", "is %v, which means something with compat: quantus alone; what the probability may be off is tolerance", o.Eps)
	}
	if !o.Normalise && o.Compat == "" {
		ps.add("normalise", "is false, which means something with compat: quantus alone: the order of the pixels does not depend on the map's scale")
	}
	ps.quantus(o.Compat)
	if o.Compat == "" && n.Classes() == 1 {
		ps.add("metric", "is effective_complexity, which watches a probability; of a single class that is 1 whatever the image")
	}
	return errors.Join(ps...)
}

// Series describes the count.
func (o *EffectiveComplexity) Series(*model.Net) []Series {
	if o.Compat == "quantus" {
		return []Series{{Name: "values", About: "values of the map whose magnitude exceeds eps", Better: -1}}
	}
	return []Series{{Name: "pixels", About: "fewest pixels, highest-ranked first, that keep within the tolerance the " + watchedAbout(o.Target, "probability"), Better: -1}}
}

// counts is the number of counts that are tried by the network. The last one
// holds the whole image and is within any tolerance.
func (o *EffectiveComplexity) counts(s model.Shape) int { return (s.H*s.W+o.Step-1)/o.Step - 1 }

func (o *EffectiveComplexity) cost(n *model.Net) (forward, explain int) {
	if o.Compat == "quantus" {
		return 0, 0
	}
	return o.counts(n.Input) * o.NSamples, 0
}

// Score runs the network on the images that are partly filled at random; Explain
// is not used. Cases need X, Map, Logits, Predicted, Target and Index.
func (o *EffectiveComplexity) Score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	err := errors.Join(o.Check(n), checkCases(n, cases))
	var out [][]float64
	switch {
	case err != nil:
	case o.Compat == "quantus":
		out = o.exceeding(cases)
	default:
		out, err = o.settled(e, cases)
	}
	if err != nil {
		return nil, fmt.Errorf("metrics: effective_complexity: %w", err)
	}
	return out, nil
}

// exceeding counts the values whose magnitude is above Eps.
func (o *EffectiveComplexity) exceeding(cases []Case) [][]float64 {
	out := make([][]float64, len(cases))
	for i := range cases {
		a := magnitudes(cases[i].Map, "values", 0)
		scale := 1.0
		if top := slices.Max(a); o.Normalise && top > 0 {
			scale = top
		}
		count := 0
		for _, v := range a {
			if v/scale > o.Eps {
				count++
			}
		}
		out[i] = []float64{float64(count)}
	}
	return out
}

// settled streams the filled images of all cases through the worker: of each
// case every count from the fewest, of each count every filling.
func (o *EffectiveComplexity) settled(e *Env, cases []Case) ([][]float64, error) {
	shape := e.Worker.Model().Net().Input
	area, counts := shape.H*shape.W, o.counts(shape)
	each := counts * o.NSamples
	var (
		rank []int32   // of the pixels, 0 is held first
		from [][]int32 // [sample][pixel]: whose colour it gets
	)
	begin := func(c *Case) {
		rank = make([]int32, area)
		for k, p := range pixelOrder(c.Map, area, false, false) {
			rank[p] = int32(k)
		}
		from = make([][]int32, o.NSamples)
		for s := range from {
			r := rng.New(e.Seed, "effective_complexity", c.Index, s)
			from[s] = make([]int32, area)
			for p := range from[s] {
				from[s][p] = int32(r.IntN(area))
			}
		}
	}
	loss := make([]float64, len(cases)*counts)
	fill := func(i int, dst []float32) {
		c := &cases[i/each]
		if i%each == 0 {
			begin(c)
		}
		held := int32((i%each/o.NSamples + 1) * o.Step)
		source := from[i%o.NSamples]
		for at := 0; at < len(dst); at += area {
			x, y := c.X[at:at+area], dst[at:at+area]
			for p := range y {
				if rank[p] < held {
					y[p] = x[p]
				} else {
					y[p] = x[source[p]]
				}
			}
		}
	}
	fold := func(i int, logits []float32) {
		c := &cases[i/each]
		t := watchedTarget(o.Target, c)
		loss[i/o.NSamples] += math.Abs(probability(logits, t) - probability(c.Logits, t))
	}
	if err := e.Worker.Logits(e.Ctx, len(cases)*each, fill, fold); err != nil {
		return nil, err
	}
	out := make([][]float64, len(cases))
	for i := range out {
		if !putsFirst(cases[i].Map, area, false) {
			out[i] = []float64{math.NaN()}
			continue
		}
		k := slices.IndexFunc(loss[i*counts:(i+1)*counts], func(sum float64) bool { return sum/float64(o.NSamples) < o.Tolerance })
		if k < 0 {
			k = counts
		}
		out[i] = []float64{float64(min((k+1)*o.Step, area))}
	}
	return out, nil
}
