package metrics

import (
	"cmp"
	"maps"
	"slices"
)

// The families of metrics, by what they ask of a map.
const (
	Axioms        = "axioms"        // does it keep what its method promises
	Faithfulness  = "faithfulness"  // does it say what the network relies on
	Randomisation = "randomisation" // does it depend on what the network has learned
	Robustness    = "robustness"    // does it stay where the input hardly moves
	Localisation  = "localisation"  // does it lie on the object
	Simplicity    = "simplicity"    // is it easy to take in; Quantus's category Complexity
)

// Families lists the families in the order of every list of metrics.
var Families = []string{Axioms, Faithfulness, Randomisation, Robustness, Localisation, Simplicity}

// Names lists the metrics by family and name.
func Names() []string {
	return slices.SortedFunc(maps.Keys(Metrics), func(a, b string) int {
		x, y := slices.Index(Families, Metrics[a].Family), slices.Index(Families, Metrics[b].Family)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	})
}
