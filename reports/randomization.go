package reports

import (
	"math"
	"strings"
)

// stepSeries is one series over named steps, such as the similarity of a map
// to itself after the layers were randomised one after another.
type stepSeries struct{ metric, series int }

// stepSeries lists all series over named steps.
func (r *Run) stepSeries() []stepSeries {
	var all []stepSeries
	for m := range r.Metrics {
		for s := range r.Metrics[m].Series {
			if r.Metrics[m].Series[s].steps() {
				all = append(all, stepSeries{m, s})
			}
		}
	}
	return all
}

// stepName tells the series apart from the others of the run; the metric is
// named only where there are several.
func (r *Run) stepName(s stepSeries) string {
	m := &r.Metrics[s.metric]
	for _, other := range r.stepSeries() {
		if other.metric != s.metric {
			return m.title() + " " + m.Series[s.series].Name
		}
	}
	return m.Series[s.series].Name
}

// independent reports whether the steps change one layer each rather than all
// layers up to it, so that no step is the end of the others.
func (s *Series) independent() bool { return strings.HasPrefix(s.Name, "independent") }

// final returns what a series over steps comes to, per image: the value after
// the last step; where the steps are independent, the mean over them. Step 0 is
// the unchanged network and says nothing.
func (r *Run) final(attribution int, s stepSeries) []float64 {
	series := &r.Metrics[s.metric].Series[s.series]
	last := len(series.X) - 1
	if !series.independent() {
		return r.column(attribution, s.metric, s.series, last)
	}
	sc := r.score(attribution, s.metric)
	if sc == nil {
		return nil
	}
	v := make([]float64, len(sc.Images))
	for i, x := range sc.Values[s.series] {
		var steps []float64
		for k := range x {
			if series.X[k] != 0 {
				steps = append(steps, x[k])
			}
		}
		v[i] = mean(steps)
		if len(steps) == 0 {
			v[i] = math.NaN()
		}
	}
	return v
}

// randomization is the table of similarities at full randomisation.
func (r *Run) randomization() *Table {
	all := r.stepSeries()
	if len(all) == 0 {
		return nil
	}
	rows := r.order()
	t := &Table{ID: "randomization", Title: "Similarity to the maps of the randomised network", Columns: attributionColumns()}
	for k := range rows {
		cells, rule := r.attributionCells(rows, k)
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
	}
	var absent []absence
	var metrics []int
	for _, s := range all {
		series := &r.Metrics[s.metric].Series[s.series]
		name := r.stepName(s) + arrow(series.Better)
		metrics = append(metrics, s.metric)
		absent = append(absent, r.estimates(t, rows, s.metric, name, series.Better, func(i int) []float64 { return r.final(i, s) })...)
	}
	t.Caption = "Similarity between the map of the trained network and the map after its weights were drawn anew: after the last layer in cascading order, and the mean over layers where one layer is randomised at a time. A map that stays similar does not depend on what the network learnt; the controls, which never look at it, show the worst case. " +
		interval + "; " + r.counts(metrics) + "."
	t.Notes = append(r.common(rows), r.notes(absent)...)
	return t
}

// depths is the table of one series over its steps.
func (r *Run) depths(s stepSeries) *Table {
	m := &r.Metrics[s.metric]
	series := &m.Series[s.series]
	rows := r.order()
	t := &Table{
		ID: slug(m.ID + "-" + series.Name), Title: title(r.stepName(s)) + " by layer", Columns: attributionColumns(), detail: true,
		Caption: sentence(series.About) + " Columns: " + series.XName + ". " + interval + "; " + r.counts([]int{s.metric}) + ".",
	}
	for k := range rows {
		cells, rule := r.attributionCells(rows, k)
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
	}
	var absent []absence
	for k, tick := range series.Ticks {
		absent = append(absent, r.estimates(t, rows, s.metric, tick, 0, func(i int) []float64 { return r.column(i, s.metric, s.series, k) })...)
	}
	t.Notes = append(r.common(rows), r.notes(absent)...)
	return t
}

// sentence makes a phrase a sentence.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.TrimSuffix(strings.ToUpper(s[:1])+s[1:], ".") + "."
}

// slug makes a name fit for a file: letters, digits, dot, dash, equals sign
// and underscore stay, the rest becomes a dash.
func slug(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._=-", c) {
			b.WriteRune(c)
			continue
		}
		b.WriteByte('-')
	}
	return strings.Trim(b.String(), ".-")
}
