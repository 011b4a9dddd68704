package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"assay/model"
)

// Sparseness is the Gini index of the magnitudes of a map's features: 0 where all
// are alike, towards 1 where few have all.
//
// Chalasani, Chen, Chowdhury, Wu & Jha, "Concise Explanations of Neural Networks
// using Adversarial Training", ICML 2020, after Hurley & Rickard 2009. The
// features are all values of the map, the channels of a pixel apart (see
// Features). Quantus adds 1e-7 to every magnitude, so that its index falls with
// the map's scale (see Compat). Its abs: false, against which it warns, is not
// offered: the index is of magnitudes.
//
// The value is NaN where the map is 0.
type Sparseness struct {
	// Features are the values of the map, or its pixels: the sum over the
	// channels of |attribution|.
	Features string `yaml:"features" doc:"what is counted: values (the channels of a pixel apart) or pixels (the channel sum of absolute values)" jsonschema:"enum=values,enum=pixels"`
	// Normalise divides by the largest magnitude before compat quantus adds its
	// constant. It changes nothing otherwise.
	Normalise bool `yaml:"normalise" doc:"with compat quantus: divide by the largest magnitude first"`
	// Compat "quantus" adds 1e-7 to every magnitude. A map of 0 scores 0.
	Compat string `yaml:"compat" doc:"quantus: add 1e-7 to every magnitude" jsonschema:"enum=,enum=quantus"`
}

// Check reports features or a compat that are unknown, and a normalise that
// would be ignored.
func (o *Sparseness) Check(*model.Net) error {
	var ps problems
	ps.oneOf("features", o.Features, features...)
	if !o.Normalise && o.Compat == "" {
		ps.add("normalise", "is false, which means something with compat: quantus alone: the index does not depend on the map's scale")
	}
	ps.quantus(o.Compat)
	return errors.Join(ps...)
}

// Series describes the index.
func (*Sparseness) Series(*model.Net) []Series {
	return []Series{{Name: "gini", About: "Gini index of the features' magnitudes, 0 to 1", Better: +1}}
}

// Score reads the maps alone.
func (o *Sparseness) Score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	if err := checkCases(n, cases); err != nil {
		return nil, fmt.Errorf("metrics: sparseness: %w", err)
	}
	out := make([][]float64, len(cases))
	for i := range cases {
		a := magnitudes(cases[i].Map, o.Features, n.Input.H*n.Input.W)
		if o.Compat == "quantus" {
			if top := slices.Max(a); o.Normalise && top > 0 {
				for j := range a {
					a[j] /= top
				}
			}
			for j := range a {
				a[j] += 1e-7
			}
		}
		out[i] = []float64{gini(a)}
	}
	return out, nil
}

// gini is the Gini index of values that are not negative, NaN where all are 0.
// With the values a in rising order it is sum((2k-n-1) a[k]) / (n sum(a)), k from
// 1: 0 to 1-1/n.
func gini(a []float64) float64 {
	n, weighed, sum := len(a), 0.0, 0.0
	for k, i := range argsort(a) {
		weighed += float64(float64(2*(k+1)-n-1) * a[i])
		sum += a[i]
	}
	if sum == 0 {
		return math.NaN()
	}
	return weighed / (float64(n) * sum)
}
