package attr

import (
	"math"

	"assay/model"
)

// passes counts the network's own pass forward and the way back.
func (o *LRP) passes() int { return 1 }

// forwards counts what the rules take beyond that: layers that are gone through
// again with other weights, each by its share of the network's multiply-adds.
func (o *LRP) forwards(n *model.Net) int {
	one := make([]float32, n.Input.C)
	for i := range one {
		one[i] = 1
	}
	p, err := o.plan(n, one, one)
	if err != nil {
		return 0 // Check says so
	}
	var all, more float64
	for i, l := range n.Layers {
		work := multiplyAdds(l, inputShape(n, i), n.Shapes()[i])
		if r := p.Rules[i]; work > 0 {
			all += work
			more += work * morePasses(r, reads(n, i) == "input")
		}
	}
	return int(math.Round(more / all))
}

// morePasses is how many passes through its layer a rule takes beyond one forward
// and one back, about. An image has values of both signs, activations behind a
// ReLU have not.
func morePasses(r model.LRPRule, image bool) float64 {
	switch r.Kind {
	case "z_plus", "gamma":
		if image {
			return 2
		}
		return 1
	case "alpha_beta":
		if r.Beta == 0 {
			return morePasses(model.LRPRule{Kind: "z_plus"}, image)
		}
		if image {
			return 3
		}
		return 2
	case "z_box":
		return 1
	}
	return 0
}

// multiplyAdds is what a layer with weights takes for one image, 0 of others.
func multiplyAdds(l model.Layer, in, out model.Shape) float64 {
	switch l.Kind {
	case "conv2d":
		return float64(out.Size()) * float64(in.C*l.Kernel*l.Kernel)
	case "linear":
		return float64(out.Size()) * float64(in.Size())
	}
	return 0
}
