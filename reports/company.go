package reports

import "slices"

// maxLines is the most methods whose lines share a plot: each has a pen of its
// own.
const maxLines = 7

// companies divides the methods that have scores of a metric, one configuration
// of each, into the groups whose lines share a figure: about equally many in
// each, the controls in all.
func (r *Run) companies(metric int) [][]int {
	var rows, controls []int
	for _, i := range r.representatives() {
		switch {
		case r.score(i, metric) == nil:
		case r.Attributions[i].Control:
			controls = append(controls, i)
		default:
			rows = append(rows, i)
		}
	}
	parts := max(1, (len(rows)+maxLines-1)/maxLines)
	var groups [][]int
	for k := range parts {
		if g := slices.Concat(rows[k*len(rows)/parts:(k+1)*len(rows)/parts], controls); len(g) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// numbered names the figures of several groups.
func numbered(f *Figure, k, n int) {
	if n > 1 {
		f.ID += "-" + itoa(k+1)
		f.Title += ", part " + itoa(k+1)
	}
}
