package reports

import (
	"math"
	"slices"
)

// Table is one table before it is written in any format.
type Table struct {
	ID      string // file name and LaTeX label: "summary"
	Title   string
	Caption string // what the numbers are, with the convention used
	Columns []Column
	Rows    []Row
	Notes   []string // footnotes: what is undefined and why
	detail  bool     // the pages fold it away
}

// Column heads one column.
type Column struct {
	Name    string
	Numeric bool     // aligned on the decimal point
	Long    bool     // sentences, which are broken into lines
	CSV     []string // names of the columns it becomes in CSV; nil means Name alone
}

// Row is one line of a table.
type Row struct {
	Cells []Cell
	Rule  bool // a new group begins here
}

// Cell is one entry: a text or a number.
type Cell struct {
	Text   string
	Number *number // nil for a text
	Bold   bool
	Repeat bool     // says the same as the cell above: left blank where a reader sees the column whole
	CSV    []string // one value per CSV column, every digit
}

func textCell(s string) Cell { return Cell{Text: s, CSV: []string{s}} }

// value is a number alone.
func value(x float64) Cell {
	n := estimate(x, math.NaN())
	return Cell{Number: &n, CSV: []string{exact(x)}}
}

// precise is a number whose decimals the column fixes.
func precise(x float64, decimals int) Cell {
	n := number{}
	if !math.IsNaN(x) {
		n.digits = fixed(x, decimals)
	}
	return Cell{Number: &n, CSV: []string{exact(x)}}
}

func integer(i int) Cell {
	return Cell{Number: &number{digits: itoa(i)}, CSV: []string{itoa(i)}}
}

// estimated is a mean with its interval; CSV gets mean, half-width, count.
func estimated(e Estimate) Cell {
	n := estimate(e.Mean, e.Half)
	return Cell{Number: &n, CSV: []string{exact(e.Mean), exact(e.Half), itoa(e.N)}}
}

// estimateColumn heads a column of estimated cells.
func estimateColumn(name string) Column {
	return Column{Name: name, Numeric: true, CSV: []string{name + " mean", name + " half-width 95%", name + " n"}}
}

// attributionColumns head the two columns that name an attribution.
func attributionColumns() []Column { return []Column{{Name: "method"}, {Name: "parameters"}} }

// attributionCells name an attribution; the method is said once per group.
// Parameters that a group has in common are left to a note (see common).
func (r *Run) attributionCells(rows []int, k int) (cells []Cell, rule bool) {
	a := &r.Attributions[rows[k]]
	m := textCell(a.Method)
	if k > 0 {
		b := &r.Attributions[rows[k-1]]
		m.Repeat = a.Method == b.Method && a.Control == b.Control
		// The controls are one group.
		rule = !m.Repeat && !(a.Control && b.Control)
	}
	p := Cell{Text: params(r.own(rows[k])), CSV: []string{params(a.Params)}}
	return []Cell{m, p}, rule
}

// group returns all configurations of an attribution's method.
func (r *Run) group(attribution int) []int {
	var g []int
	for i, a := range r.Attributions {
		if a.Method == r.Attributions[attribution].Method && a.Control == r.Attributions[attribution].Control {
			g = append(g, i)
		}
	}
	return g
}

// own returns the parameters that tell an attribution from the others of its
// method; all that are worth printing where it is the only one.
func (r *Run) own(attribution int) []Param {
	if r.index != nil {
		return r.index.own[attribution]
	}
	g := r.group(attribution)
	names, _ := r.varying(g)
	return r.among(attribution, g, names)
}

// among is own for an attribution of group g, whose parameters of those names
// vary.
func (r *Run) among(attribution int, g []int, names []string) []Param {
	if len(g) == 1 {
		return r.Attributions[attribution].Params
	}
	a := &r.Attributions[attribution]
	var ps []Param
	for _, p := range a.All {
		// What differs from the default and not all have is said here, as no note
		// on the group can say it.
		if !slices.Contains(names, p.Name) {
			if _, told := param(a.Params, p.Name); !told || r.shared(g, p.Name) {
				continue
			}
		}
		ps = append(ps, p)
	}
	return ps
}

// common writes the notes on parameters that all configurations of a method
// have and that differ from the defaults.
func (r *Run) common(rows []int) []string {
	var s []string
	for k, i := range rows {
		if k > 0 && r.Attributions[rows[k-1]].Method == r.Attributions[i].Method {
			continue
		}
		g := r.group(i)
		if len(g) == 1 {
			continue
		}
		names, _ := r.varying(g)
		var ps []Param
		for _, p := range r.Attributions[i].Params {
			if !slices.Contains(names, p.Name) && r.shared(g, p.Name) {
				ps = append(ps, p)
			}
		}
		if len(ps) > 0 {
			s = append(s, "Every "+r.Attributions[i].Method+" row has "+params(ps)+".")
		}
	}
	return s
}
