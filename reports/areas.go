package reports

import (
	"math"
	"slices"
)

// curveMetrics lists the metrics that give a curve per image, such as deletion
// and insertion.
func (r *Run) curveMetrics() []int {
	var ms []int
	for i := range r.Metrics {
		if slices.ContainsFunc(r.Metrics[i].Series, func(s Series) bool { return s.curve() }) {
			ms = append(ms, i)
		}
	}
	return ms
}

// areas is the table of the areas under the curves, each beside its paired
// difference to the random map on the same images.
func (r *Run) areas() *Table {
	rows := r.order()
	t := &Table{ID: "areas", Title: "Areas under the perturbation curves", Columns: attributionColumns()}
	for k := range rows {
		cells, rule := r.attributionCells(rows, k)
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
	}
	random := slices.IndexFunc(r.Attributions, func(a Attribution) bool { return a.Control && a.Method == "random" })
	ms := r.curveMetrics()
	var absent []absence
	for _, m := range ms {
		for s, series := range r.Metrics[m].Series {
			if series.length() > 1 {
				continue
			}
			name := r.Metrics[m].title() + " " + series.Name
			values := func(i int) []float64 { return r.column(i, m, s, 0) }
			absent = append(absent, r.estimates(t, rows, m, name+arrow(series.Better), series.Better, values)...)
			if random >= 0 {
				for _, a := range r.estimates(t, rows, m, name+" minus random's", 0, func(i int) []float64 {
					if i == random {
						return nil
					}
					return r.paired(i, random, m, s)
				}) {
					if a.of > 0 { // random less itself and what has no area go without saying
						absent = append(absent, a)
					}
				}
			}
		}
	}
	if len(t.Columns) == 2 {
		return nil
	}
	t.Caption = "Area under each curve over the unit interval of removed or inserted pixels, mean over images; " + interval + "; " + r.counts(ms) + "."
	if random >= 0 {
		t.Caption += " Minus random's: the mean of the differences to the random map on the same image; an interval that contains 0 shows no difference."
	}
	t.Notes = append(r.common(rows), r.notes(absent)...)
	t.Notes = append(t.Notes, r.outside(rows, ms)...)
	return t
}

// paired returns the difference of two attributions on every image that both
// have a score for, in the first one's order.
func (r *Run) paired(i, j, metric, series int) []float64 {
	a, b := r.score(i, metric), r.score(j, metric)
	if a == nil || b == nil {
		return nil
	}
	other := make(map[int]float64, len(b.Images))
	for k, im := range b.Images {
		other[im] = b.Values[series][k][0]
	}
	var d []float64
	for k, im := range a.Images {
		y, ok := other[im]
		if !ok {
			y = math.NaN()
		}
		d = append(d, a.Values[series][k][0]-y)
	}
	return d
}
