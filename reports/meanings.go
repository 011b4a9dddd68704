package reports

// meanings is the table that says of every score of the run what it is, in which
// unit, and which way is better: a page of many metrics is read by people who do
// not know them all.
func (r *Run) meanings() *Table {
	t := &Table{
		ID: "meanings", Title: "What the scores are", detail: true,
		Caption: "Scores of one image each, as computed for this run; the tables show their means over images.",
		Columns: []Column{{Name: "score"}, {Name: "better"}, {Name: "meaning", Long: true}},
	}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		for k, s := range m.Series {
			about := s.About
			if s.length() > 1 {
				about += " (x: " + s.XName + ")"
			}
			better := ""
			switch {
			case s.Better > 0:
				better = "higher"
			case s.Better < 0:
				better = "lower"
			}
			t.Rows = append(t.Rows, Row{Cells: []Cell{textCell(m.title() + " " + s.Name), textCell(better), textCell(about)}, Rule: i > 0 && k == 0})
		}
	}
	return t
}
