package metrics

import (
	"fmt"

	"assay/model"
)

// checkCases refuses cases that do not belong to the network, so that a metric
// may index without looking.
func checkCases(n *model.Net, cases []Case) error {
	size, classes := n.Input.Size(), n.Classes()
	for i := range cases {
		c := &cases[i]
		bad := func(what string, got, want int) error {
			return fmt.Errorf("image %d: %s is %d, want %d", c.Index, what, got, want)
		}
		switch {
		case len(c.X) != size:
			return bad("the number of inputs", len(c.X), size)
		case len(c.Map) != size:
			return bad("the number of attributions", len(c.Map), size)
		case len(c.Logits) != classes:
			return bad("the number of logits", len(c.Logits), classes)
		}
		for _, t := range []struct {
			what string
			v    int
			lo   int
		}{{"the predicted class", c.Predicted, 0}, {"the target class", c.Target.Class, 0}, {"the subtracted class", c.Target.Minus, -1}} {
			if t.v < t.lo || t.v >= classes {
				return fmt.Errorf("image %d: %s is %d, want %d to %d", c.Index, t.what, t.v, t.lo, classes-1)
			}
		}
	}
	return nil
}

// channelSum writes the sum over the channels of m [C*H*W] into dst [H*W], of
// the absolute values if abs: one number per pixel, in float64, channel 0 first.
func channelSum(dst []float64, m []float32, abs bool) {
	clear(dst)
	for at := 0; at < len(m); at += len(dst) {
		for p, v := range m[at : at+len(dst)] {
			if abs && v < 0 {
				v = -v
			}
			dst[p] += float64(v)
		}
	}
}
