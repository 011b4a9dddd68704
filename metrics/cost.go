package metrics

import "assay/model"

// Cost estimates what Score costs for each image: forward passes of single
// inputs, and attributions computed anew (one of the method under test each).
// It answers 0, 0 for a metric that only reads the map.
func Cost(m Metric, n *model.Net) (forward, explain int) {
	if c, ok := m.(interface {
		cost(n *model.Net) (forward, explain int)
	}); ok {
		return c.cost(n)
	}
	return 0, 0
}
