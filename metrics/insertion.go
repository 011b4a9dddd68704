package metrics

import (
	"fmt"

	"assay/model"
)

// Insertion is Deletion the other way round: it starts from the substrate and
// puts the pixels of the image back, the most important first. A map that names
// the pixels the network relies on gives a steep rise and a large area under
// the curve. The options are Deletion's.
//
// Petsiuk, Das & Saenko, "RISE: Randomized Input Sampling for Explanation of
// Black-box Models", BMVC 2018. As there, the substrate is the
// blurred image by default, on which single inserted pixels make less sharp
// edges than on a flat colour.
type Insertion Deletion

// Check reports every option that is out of range.
func (s *Insertion) Check(n *model.Net) error { return s.curve().check(n) }

// Series describes the area and the curve; both are better when high, low if
// Ascending.
func (s *Insertion) Series(n *model.Net) []Series {
	better := +1
	if s.Ascending {
		better = -1
	}
	return s.curve().series(n, "inserted", better)
}

// Score runs the network on every perturbed image; Explain is not used. Cases
// need X, Map, Logits, Predicted, Target and Index.
func (s *Insertion) Score(e *Env, cases []Case) ([][]float64, error) {
	out, err := s.curve().score(e, cases)
	if err != nil {
		return nil, fmt.Errorf("metrics: insertion: %w", err)
	}
	return out, nil
}

func (s *Insertion) curve() *curve { return &curve{Deletion: Deletion(*s), insert: true} }

func (s *Insertion) cost(n *model.Net) (forward, explain int) { return s.curve().steps(n.Input), 0 }
