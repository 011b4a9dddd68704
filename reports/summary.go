package reports

import (
	"slices"
	"strings"
)

// arrow says which way is better.
func arrow(better int) string {
	switch {
	case better > 0:
		return " ↑"
	case better < 0:
		return " ↓"
	}
	return ""
}

// interval is said in every caption that shows a ±.
const interval = "± is the half-width of the 95 % interval of the mean over images (Student's t)"

// counts tells over how many images the means of some columns run.
func (r *Run) counts(metrics []int) string {
	lo, hi := len(r.Images), 0
	for _, s := range r.Scores {
		if slices.Contains(metrics, s.Metric) {
			lo, hi = min(lo, len(s.Images)), max(hi, len(s.Images))
		}
	}
	switch {
	case hi == 0:
		return ""
	case lo == hi:
		return images(lo)
	}
	return "n = " + itoa(lo) + " to " + itoa(hi) + " images, by metric; the CSV file gives n of every cell"
}

// images says over how many images a mean runs. A single one says nothing of
// others, so it has no interval.
func images(n int) string {
	if n == 1 {
		return "n = 1 image, which has no interval"
	}
	return "n = " + itoa(n) + " images"
}

// scalarMetrics lists the metrics that give one number per image.
func (r *Run) scalarMetrics() []int {
	var ms []int
	for i := range r.Metrics {
		if slices.ContainsFunc(r.Metrics[i].Series, func(s Series) bool { return s.length() == 1 }) {
			ms = append(ms, i)
		}
	}
	return ms
}

// maxSummary is the number of columns up to which one table takes all scores.
const maxSummary = 7

// summaries are the tables of everything that is one number per image: one, or
// where that would be too wide to read, one for each family of metrics.
func (r *Run) summaries() []*Table {
	all := r.scalarMetrics()
	columns := 0
	var families []string
	of := map[string][]int{}
	for _, m := range all {
		for _, s := range r.Metrics[m].Series {
			if s.length() == 1 {
				columns++
			}
		}
		f := r.Metrics[m].Family
		if of[f] == nil {
			families = append(families, f)
		}
		of[f] = append(of[f], m)
	}
	if columns <= maxSummary || len(families) == 1 {
		return []*Table{r.summary("summary", "Scores of every attribution", all)}
	}
	var ts []*Table
	for _, f := range families {
		name := f
		if f == "" {
			name = "other"
		}
		ts = append(ts, r.summary("summary-"+name, "Scores of every attribution: "+name, of[f]))
	}
	return ts
}

// summary is one table of scores, those of the metrics ms.
func (r *Run) summary(id, title string, ms []int) *Table {
	rows := r.order()
	t := &Table{
		ID: id, Title: title,
		Columns: attributionColumns(),
	}
	t.Caption = "Mean over images; " + interval + "; " + r.counts(ms) + ". ↑ higher is better, ↓ lower is better; bold: the best mean of the column, controls aside (not a test: compare the intervals). Controls come last: by a metric on which a method does not beat them, it explains nothing."
	for k := range rows {
		cells, rule := r.attributionCells(rows, k)
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
	}
	var absent []absence
	for _, m := range ms {
		for s, series := range r.Metrics[m].Series {
			if series.length() > 1 {
				continue
			}
			name := r.Metrics[m].title() + " " + series.Name + arrow(series.Better)
			absent = append(absent, r.estimates(t, rows, m, name, series.Better, func(i int) []float64 { return r.column(i, m, s, 0) })...)
		}
	}
	t.Notes = append(r.common(rows), r.notes(absent)...)
	t.Notes = append(t.Notes, r.outside(rows, ms)...)
	for _, m := range ms {
		if r.Metrics[m].Metric == "completeness" {
			t.Notes = append(t.Notes, r.relevance(slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return Estimated(r.deltas(i, m)).N == 0 }))...)
			break
		}
	}
	if slices.ContainsFunc(ms, func(m int) bool { return r.Metrics[m].Metric == "sensitivity_max" }) {
		t.Notes = append(t.Notes, "A low sensitivity_max is no merit by itself: a map that never looks at the image, such as the control random, has 0.")
	}
	if len(t.Columns) == 2 {
		return nil
	}
	return t
}

// estimates adds a column of means to a table whose rows are attributions and
// returns what is undefined in it, or was not computed: values gives nil there.
func (r *Run) estimates(t *Table, rows []int, metric int, name string, better int, values func(i int) []float64) []absence {
	var absent []absence
	means, es := make([]float64, len(rows)), make([]Estimate, len(rows))
	for k, i := range rows {
		v := values(i)
		e := Estimated(v)
		means[k], es[k] = e.Mean, e
		column := strings.TrimRight(name, " ↑↓")
		if v == nil {
			absent = append(absent, absence{column: column, attribution: i})
		}
		absent = note(absent, column, e, i)
		t.Rows[k].Cells = append(t.Rows[k].Cells, estimated(e))
	}
	t.Columns = append(t.Columns, estimateColumn(name))
	embolden(t, len(t.Columns)-1, means, r.barred(rows, metric, es), better)
	return absent
}
