package attr

import (
	"cmp"
	"maps"
	"slices"
)

// The families of methods.
const (
	Gradients    = "gradients"
	CAMs         = "class activation maps"
	Differences  = "DeepLift and relevance"
	Perturbation = "perturbation"
	Noise        = "noise"
	Layers       = "layers"
	Neurons      = "neurons"
	Controls     = "controls"
)

// Families lists the families in the order of every list of methods.
var Families = []string{Gradients, CAMs, Differences, Perturbation, Noise, Layers, Neurons, Controls}

// Names lists the methods by family and name.
func Names() []string {
	return slices.SortedFunc(maps.Keys(Methods), func(a, b string) int {
		x, y := slices.Index(Families, Methods[a].Family), slices.Index(Families, Methods[b].Family)
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	})
}
