package reports

import "slices"

// absence is what one row of one column lacks: absent of so many images, or all
// because the metric was not computed for the row (of is 0).
type absence struct {
	column      string
	absent, of  int
	attribution int
}

// note adds a row's undefined images to the footnotes of a column.
func note(list []absence, column string, e Estimate, attribution int) []absence {
	if e.Absent == 0 {
		return list
	}
	return append(list, absence{column, e.Absent, e.N + e.Absent, attribution})
}

// notes writes the footnotes: who lacks how much, and columns that lack the
// same things together.
func (r *Run) notes(all []absence) []string {
	var columns []string
	for _, a := range all {
		if !slices.Contains(columns, a.column) {
			columns = append(columns, a.column)
		}
	}
	var what []string    // "100 of 100 images of saliency and random", "not computed for deep_lift"
	var where [][]string // the columns it is said of
	for _, c := range columns {
		s := ""
		var mine []absence
		for _, a := range all {
			if a.column == c {
				mine = append(mine, a)
			}
		}
		for len(mine) > 0 {
			first := mine[0]
			var alike []int
			rest := mine[:0]
			for _, a := range mine {
				if a.absent != first.absent || a.of != first.of {
					rest = append(rest, a)
					continue
				}
				alike = append(alike, a.attribution)
			}
			if s != "" {
				s += "; "
			}
			if first.of == 0 {
				s += "not computed for " + list(r.called(alike))
			} else {
				s += itoa(first.absent) + " of " + itoa(first.of) + " images of " + list(r.called(alike))
			}
			mine = rest
		}
		if i := slices.Index(what, s); i >= 0 {
			where[i] = append(where[i], c)
			continue
		}
		what, where = append(what, s), append(where, []string{c})
	}
	var out []string
	for i := range what {
		out = append(out, "Undefined ("+undefined+") and left out of the means of "+list(where[i])+": "+what[i]+".")
	}
	return out
}

// maxCalled is the most configurations of a method that a note lists.
const maxCalled = 3

// called names attributions, in their order: a method once where all its
// configurations are among them, else the configurations by what tells them
// apart, or where they are many their number.
func (r *Run) called(attributions []int) []string {
	var names []string
	for len(attributions) > 0 {
		group := r.group(attributions[0])
		var mine, rest []int
		for _, i := range attributions {
			if slices.Contains(group, i) {
				mine = append(mine, i)
			} else {
				rest = append(rest, i)
			}
		}
		attributions = rest
		method := r.Attributions[mine[0]].Method
		switch {
		case len(group) == 1:
			names = append(names, method)
		case len(mine) == len(group):
			names = append(names, method+" ("+itoa(len(mine))+" configurations)")
		case len(mine) > maxCalled:
			names = append(names, method+" ("+itoa(len(mine))+" of "+itoa(len(group))+" configurations)")
		default:
			for _, i := range mine {
				names = append(names, r.label(i))
			}
		}
	}
	return names
}
