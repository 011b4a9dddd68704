package attr

import (
	"fmt"
	"strings"

	"assay/model"
)

// Cost says what m takes per image on a network that passed its Check, in the
// words of a list of methods: "50 gradients", "8001 forward passes". A gradient
// is a pass forward and backward. See Passes and Forwards for what is counted.
func Cost(m Method, n *model.Net) string {
	var parts []string
	for _, p := range []struct {
		count     int
		one, many string
	}{{Passes(m, n), "gradient", "gradients"}, {Forwards(m, n), "forward pass", "forward passes"}} {
		switch p.count {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.one)
		default:
			parts = append(parts, fmt.Sprint(p.count, " ", p.many))
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
