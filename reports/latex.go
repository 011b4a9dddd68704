package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A LaTeX table may have so many lines on a page. Its columns are shared out among
// parts so that a line has at most about latexWidth characters at \footnotesize,
// which a page of class article shrinks by a fifth to fit and both columns of a
// paper take as they are.
const (
	latexRows  = 55
	latexWidth = 108
	latexNames = 42 // characters to a line of the configurations' names
)

// latex writes the table, in several parts where it is larger than a page: the
// columns without numbers are repeated beside every part.
func (t *Table) latex() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprint(&b, "% needs \\usepackage{booktabs,graphicx}\n")
	t = t.stacked()
	parts := 0
	groups := t.latexColumns()
	for first := 0; first == 0 || first < len(t.Rows); {
		last := first
		for lines := 0; last < len(t.Rows); last++ {
			lines++
			if t.named() {
				lines += utf8.RuneCountInString(t.Rows[last].Cells[0].Text) / (latexNames + 1)
			}
			if lines > latexRows && last > first {
				break
			}
		}
		for _, columns := range groups {
			parts++
			part := t.part(columns, first, last)
			if err := part.latexPart(&b, parts); err != nil {
				return nil, err
			}
		}
		if last == first {
			break
		}
		first = last
	}
	return b.Bytes(), nil
}

// stacked puts the parameters of a method under its name, in one column: side by
// side the two would leave a page no room for numbers. Other tables stay as they
// are.
func (t *Table) stacked() *Table {
	if len(t.Columns) < 2 || t.Columns[0].Name != "method" || t.Columns[1].Name != "parameters" {
		return t
	}
	s := *t
	s.Columns = append([]Column{{Name: "method"}}, t.Columns[2:]...)
	s.Rows = nil
	for i, row := range t.Rows {
		method, params := row.Cells[0], row.Cells[1].Text
		several := i+1 < len(t.Rows) && t.Rows[i+1].Cells[0].Repeat
		name, rule := "\x00"+params, row.Rule // indented
		switch {
		case method.Repeat:
		case several:
			blank := make([]Cell, len(s.Columns))
			blank[0] = Cell{Text: method.Text}
			s.Rows = append(s.Rows, Row{Cells: blank, Rule: rule})
			rule = false
		case params != "":
			name = method.Text + " (" + params + ")"
		default:
			name = method.Text
		}
		s.Rows = append(s.Rows, Row{Cells: append([]Cell{{Text: name}}, row.Cells[2:]...), Rule: rule})
	}
	return &s
}

// named tells whether the rows are configurations, named in the first column.
func (t *Table) named() bool { return t.Columns[0].Name == "method" }

// latexName writes a configuration, broken into lines where it is long. A name
// that begins with 0 stands under its method's.
func latexName(s string) string {
	s, under := strings.CutPrefix(s, "\x00")
	indent := ""
	if under {
		indent = `\enspace `
		if s == "" {
			s = "defaults"
		}
	}
	if utf8.RuneCountInString(s) <= latexNames {
		return indent + escapeLaTeX(s)
	}
	// A line may end behind what joins words, too.
	broken := strings.NewReplacer(`\_`, `\_\allowbreak{}`, "=", `=\allowbreak{}`).Replace(escapeLaTeX(s))
	return indent + fmt.Sprintf(`\parbox[t]{%dem}{\raggedright\hangindent=1em %s\strut}`, latexNames/2, broken)
}

// characters is the width of a column: of its longest entry or heading line,
// broken where it is Long, with the space between columns.
func (t *Table) characters(column int) int {
	w := 0
	for _, line := range headingLines(t.Columns[column].Name) {
		w = max(w, utf8.RuneCountInString(line))
	}
	for i := range t.Rows {
		w = max(w, utf8.RuneCountInString(t.Rows[i].Cells[column].plain()))
	}
	switch {
	case t.Columns[column].Long:
		w = min(w, longWidth)
	case column == 0 && t.named():
		w = min(w, latexNames)
	}
	return w + 2
}

// latexColumns groups the columns by what fits on a line, about as many in each
// group.
func (t *Table) latexColumns() [][]int {
	groups := t.columnsWithin(latexWidth)
	for w := latexWidth - 1; w > 0; w-- {
		narrower := t.columnsWithin(w)
		if len(narrower) > len(groups) {
			break
		}
		groups = narrower
	}
	return groups
}

func (t *Table) columnsWithin(width int) [][]int {
	var names []int
	var groups [][]int
	used, base := 0, 0
	for k, c := range t.Columns {
		w := t.characters(k)
		if !c.Numeric && len(groups) == 0 {
			names = append(names, k)
			base += w
			continue
		}
		if len(groups) == 0 || used+w > width {
			groups = append(groups, slices.Clone(names))
			used = base
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], k)
		used += w
	}
	if len(groups) == 0 {
		return [][]int{names}
	}
	return groups
}

// part is the table with some of its columns and rows.
func (t *Table) part(columns []int, from, to int) *Table {
	p := *t
	p.Columns, p.Rows = nil, nil
	for _, k := range columns {
		p.Columns = append(p.Columns, t.Columns[k])
	}
	for i := from; i < to; i++ {
		row := Row{Rule: t.Rows[i].Rule}
		for _, k := range columns {
			cell := t.Rows[i].Cells[k]
			cell.Repeat = cell.Repeat && i > from
			row.Cells = append(row.Cells, cell)
		}
		p.Rows = append(p.Rows, row)
	}
	return &p
}

// latexPart writes one float. The first has the caption, the label and below the
// table what else there is to say; the others say what they continue. A table that
// is wider than its place is shrunk to it.
func (t *Table) latexPart(b *bytes.Buffer, part int) error {
	var header []string
	for _, c := range t.Columns {
		header = append(header, latexHeading(c))
	}
	parts := t.cells(func(c *Cell) (whole, rest string) {
		if c.Number != nil {
			return c.Number.latex()
		}
		return escapeLaTeX(c.plain()), ""
	})
	rows := make([][]string, len(parts))
	for i := range parts {
		for k, c := range t.Columns {
			cell := parts[i][k][:]
			if k == 0 && t.named() {
				cell[0] = latexName(t.Rows[i].Cells[0].Text)
			}
			for j, p := range cell {
				if p != "" && t.Rows[i].Cells[k].Bold {
					cell[j] = `\textbf{` + p + "}"
				}
			}
			if !c.Numeric {
				cell = cell[:1]
			}
			rows[i] = append(rows[i], strings.Join(cell, "&"))
		}
	}
	groups := make([]bool, len(t.Rows))
	for i, r := range t.Rows {
		groups[i] = r.Rule
	}
	body, err := t.write(&booktabs{columns: t.Columns, groups: groups}, header, rows)
	if err != nil {
		return err
	}
	// A table wider than a column of a two-column paper spans both.
	env := "table"
	width := 0
	for k := range t.Columns {
		width += t.characters(k)
	}
	if width > latexWidth/2 {
		env = "table*"
	}
	label := "tab:" + t.ID
	first, more, _ := strings.Cut(t.Caption, ". ")
	caption := escapeLaTeX(t.Title + ". " + strings.TrimSuffix(first, ".") + ".")
	below := ""
	if part == 1 {
		for _, n := range append([]string{more}, t.Notes...) {
			if n != "" {
				below += escapeLaTeX(n) + "\n"
			}
		}
	} else {
		caption = escapeLaTeX(t.Title) + `, continued from Table~\ref{` + label + "}."
		label += "-" + itoa(part)
	}
	if below != "" {
		below = "\\par\\smallskip\n\\parbox{\\linewidth}{\\scriptsize\\raggedright\n" + below + "}\n"
	}
	fmt.Fprintf(b, "\\begin{%s}\n\\centering\n\\footnotesize\n\\setlength{\\tabcolsep}{4pt}\n\\setlength{\\belowcaptionskip}{4pt}\n\\caption{%s}\n\\label{%s}\n\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%%\n%s}\n%s\\end{%s}\n",
		env, caption, label, strings.TrimRight(string(body), "\n"), below, env)
	return nil
}
