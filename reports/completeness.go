package reports

import (
	"math"
	"slices"
)

// deltas returns |delta| of every scored image, from the series of that name
// or from the signed one; nil if the metric has neither.
func (r *Run) deltas(attribution, metric int) []float64 {
	m := &r.Metrics[metric]
	for _, name := range []string{"absolute delta", "delta"} {
		for s := range m.Series {
			if m.Series[s].Name == name && m.Series[s].length() == 1 {
				v := r.column(attribution, metric, s, 0)
				for i := range v {
					v[i] = math.Abs(v[i])
				}
				return v
			}
		}
	}
	return nil
}

// completeness is the table of deltas of one metric of that name: only the
// configurations whose map is meant to sum to a difference of outputs.
func (r *Run) completeness(metric int) *Table {
	m := &r.Metrics[metric]
	relative := -1
	for s := range m.Series {
		if m.Series[s].Name == "relative delta" && m.Series[s].length() == 1 {
			relative = s
		}
	}
	t := &Table{
		ID: m.ID, Title: "Completeness",
		Columns: append(attributionColumns(),
			estimateColumn("mean |delta| ↓"),
			Column{Name: "largest |delta|", Numeric: true},
			Column{Name: "median relative |delta|", Numeric: true}),
		Caption: "delta is the sum of a map minus F(x) - F(baseline), where F is the output that was explained, without softmax; it is 0 for a complete attribution. The relative value is |delta| / |F(x) - F(baseline)|; its median is robust against images where the difference is near 0. " +
			interval + "; " + r.counts([]int{metric}) + ".",
	}
	var rows []int
	var without []string
	for _, i := range r.order() {
		v := r.deltas(i, metric)
		switch e := Estimated(v); {
		case v == nil:
		case e.N == 0:
			if name := r.Attributions[i].Method; len(without) == 0 || without[len(without)-1] != name {
				without = append(without, name)
			}
		default:
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	var absent []absence
	es, means := make([]Estimate, len(rows)), make([]float64, len(rows))
	for k, i := range rows {
		cells, rule := r.attributionCells(rows, k)
		e := Estimated(r.deltas(i, metric))
		absent = note(absent, "delta", e, i)
		rel := Estimate{Median: math.NaN()}
		if relative >= 0 {
			rel = Estimated(r.column(i, metric, relative, 0))
		}
		if rel.Absent > e.Absent {
			absent = note(absent, "relative delta", rel, i)
		}
		cells = append(cells, estimated(e), value(e.Max), value(rel.Median))
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
		es[k], means[k] = e, e.Mean
	}
	embolden(t, 2, means, r.barred(rows, metric, es), -1)
	t.Notes = append(r.common(rows), r.notes(absent)...)
	t.Notes = append(t.Notes, r.outside(rows, []int{metric})...)
	t.Notes = append(t.Notes, r.relevance(rows)...)
	if len(without) > 0 {
		t.Notes = append(t.Notes, "Not meant to be complete, so without a delta: "+list(without)+".")
	}
	return t
}

// relevance is the note on what the delta of relevance propagation means, if one
// of the rows is of that kind: to a reader it looks like a large error.
func (r *Run) relevance(rows []int) []string {
	var methods []string
	for _, i := range rows {
		m := r.Attributions[i].Method
		if (m == "lrp" || m == "layer_lrp") && !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 {
		return nil
	}
	return []string{"The delta of " + list(methods) + " is no numerical error: relevance sets out as F(x) and has no baseline, so F(baseline) counts as 0, and delta is minus the relevance that the rules give to biases and stabilisers on the way. It depends on the rules and the network's biases; the metric conservation tells the terms apart."}
}

// list joins names as in a sentence.
func list(names []string) string {
	s := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s += " and "
		default:
			s += ", "
		}
		s += n
	}
	return s
}
