package reports

import "math"

// embolden marks the best mean of every column among the candidates: rows that
// are not barred. A single candidate is not a contest.
func embolden(t *Table, column int, means []float64, barred []bool, better int) {
	if better == 0 {
		return
	}
	best, n := math.NaN(), 0
	for i, m := range means {
		if barred[i] || math.IsNaN(m) {
			continue
		}
		n++
		if math.IsNaN(best) || float64(better)*m > float64(better)*best {
			best = m
		}
	}
	if n < 2 {
		return
	}
	for i, m := range means {
		t.Rows[i].Cells[column].Bold = !barred[i] && m == best
	}
}

// barred tells which rows cannot be the best of a column of a metric: controls,
// the yardstick of the metric itself, configurations whose maps are one value
// everywhere on half of the images or more, and means over less than half of the
// images that another row's mean runs over. They have a number, but not for what
// they explain.
func (r *Run) barred(rows []int, metric int, es []Estimate) []bool {
	most := 0
	for _, e := range es {
		most = max(most, e.N)
	}
	out := make([]bool, len(rows))
	for k, i := range rows {
		out[k] = r.Attributions[i].Control || r.yardstick(i, metric) || r.degenerate(i) || 2*es[k].N < most
	}
	return out
}

// yardstick tells whether the metric compares with this very map: path_error
// with the exact integral, whose own error is 0 by definition.
func (r *Run) yardstick(attribution, metric int) bool {
	if r.Metrics[metric].Metric != "path_error" {
		return false
	}
	q, _ := param(r.Attributions[attribution].All, "quadrature")
	return q == "exact"
}

// constant counts the images whose map has one value everywhere.
func (a *Attribution) constant() int {
	n := 0
	for _, c := range a.Constant {
		if c {
			n++
		}
	}
	return n
}

// degenerate tells whether half of the maps or more rank nothing.
func (r *Run) degenerate(attribution int) bool {
	n := r.Attributions[attribution].constant()
	return n > 0 && 2*n >= len(r.Images)
}

// outside are the notes on rows that are not in the contest for the best mean
// although they have numbers, for a table of the metrics ms.
func (r *Run) outside(rows, ms []int) []string {
	var out []string
	var exact, flat []int
	for _, i := range rows {
		for _, m := range ms {
			if r.yardstick(i, m) && r.score(i, m) != nil {
				exact = append(exact, i)
				break
			}
		}
		if r.Attributions[i].constant() > 0 && !r.Attributions[i].Control {
			flat = append(flat, i)
		}
	}
	if len(exact) > 0 {
		out = append(out, "The path_error of "+list(r.called(exact))+" is 0 by definition: it is the yardstick and not compared.")
	}
	for len(flat) > 0 {
		n := r.Attributions[flat[0]].constant()
		var alike, rest []int
		for _, i := range flat {
			if r.Attributions[i].constant() == n {
				alike = append(alike, i)
			} else {
				rest = append(rest, i)
			}
		}
		s := "The map has one value everywhere, so that it ranks nothing, on " + itoa(n) + " of " + itoa(len(r.Images)) + " images of " + list(r.called(alike))
		if r.degenerate(alike[0]) {
			s += ", whose means are not compared"
		}
		out = append(out, s+".")
		flat = rest
	}
	return out
}
