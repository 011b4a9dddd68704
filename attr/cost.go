package attr

import (
	"fmt"
	"strings"

	"assay/model"
)

// Cost says what m takes per image on a network that passed its Check, in the
// words of a list of methods: "50 gradients", "8001 forward passes". A gradient
// is a pass forward and backward. See Passes and Forwards for what is counted.
// Where passes run through a part of the network it says which: "50 gradients of
// what lies behind the layer".
func Cost(m Method, n *model.Net) string {
	var parts []string
	of := partOf(m)
	for _, p := range []struct {
		count         int
		one, many, of string
	}{{Passes(m, n), "gradient", "gradients", of.gradients}, {Forwards(m, n), "forward pass", "forward passes", of.forwards}} {
		switch p.count {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one+p.of)
		default:
			parts = append(parts, fmt.Sprint(p.count, " ", p.many, p.of))
		}
	}
	switch {
	case parts == nil:
		return "none"
	case AtMost(m):
		return "at most " + strings.Join(parts, " and ")
	}
	return strings.Join(parts, " and ")
}

// part is the part of the network that passes run through, in words that follow
// their number; empty for the whole.
type part struct{ gradients, forwards string }

// partOf returns which part of the network m's passes run through. "back to the layer" is
// a pass all the way forward and from the logits back to there.
func partOf(m Method) part {
	switch o := m.(type) {
	case *NoiseTunnel:
		return partOf(o.Over)
	case *LayerIntegratedGradients, *LayerDeepLift, *LayerFeatureAblation:
		return part{" of what lies behind the layer", " of what lies behind the layer"}
	case *LayerLRP, *GradCAM, *GradCAMPlusPlus, *LayerCAM:
		return part{" back to the layer", ""}
	case *LayerConductance, *LayerGradientSHAP, *InternalInfluence, *LayerGradientXActivation, *LayerActivation:
		return part{" back to the layer", " to the layer"}
	case *NeuronGradient, *NeuronIntegratedGradients, *NeuronDeepLift, *NeuronGuidedBackprop, *NeuronDeconvolution:
		return part{" of what lies before the neuron", " of what lies before the neuron"}
	}
	return part{}
}
