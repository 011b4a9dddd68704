package metrics

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
	"assay/model/rng"
)

// Complexity is the entropy of the shares that a map's features have in the sum
// of its magnitudes, in nats: 0 where one feature has all, log(n) where n share
// alike. A map of few features is easier to take in.
//
// Bhatt, Weller & Moura, "Evaluating and Aggregating Feature-based Model
// Explanations", IJCAI 2020. The features are all values of the map, the channels
// of a pixel apart (see Features). Quantus's abs: false, against which it warns,
// is not offered: shares are of magnitudes.
//
// The value is NaN where the map is 0.
type Complexity struct {
	// Features are the values of the map, or its pixels: the sum over the
	// channels of |attribution|.
	Features string `yaml:"features" doc:"what is counted: values (the channels of a pixel apart) or pixels (the channel sum of absolute values)" jsonschema:"enum=values,enum=pixels"`
}

// Check reports features that are unknown.
func (o *Complexity) Check(*model.Net) error {
	var ps problems
	ps.oneOf("features", o.Features, features...)
	return errors.Join(ps...)
}

// Series describes the entropy.
func (*Complexity) Series(*model.Net) []Series {
	return []Series{{Name: "entropy", About: "entropy of the features' shares in the map, in nats", Better: -1}}
}

// Score reads the maps alone.
func (o *Complexity) Score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	if err := checkCases(n, cases); err != nil {
		return nil, fmt.Errorf("metrics: complexity: %w", err)
	}
	out := make([][]float64, len(cases))
	for i := range cases {
		out[i] = []float64{entropy(magnitudes(cases[i].Map, o.Features, n.Input.H*n.Input.W))}
	}
	return out, nil
}

// entropy of the shares that the values, none negative, have in their sum.
func entropy(a []float64) float64 {
	sum := 0.0
	for _, v := range a {
		sum += v
	}
	if sum == 0 {
		return math.NaN()
	}
	h := 0.0
	for _, v := range a {
		if p := v / sum; p > 0 {
			h -= float64(p * rng.Log(p))
		}
	}
	return h
}
