package reports

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/ll"
	"github.com/olekukonko/tablewriter/tw"
)

// booktabs is a tablewriter renderer for LaTeX's tabular with the rules of
// package booktabs. Cells arrive escaped. A numeric column is two LaTeX
// columns, r@{}l, which meet at the decimal point: no other package is needed.
type booktabs struct {
	columns []Column
	groups  []bool // a new group begins with the row
	w       io.Writer
	row     int
	err     error
}

func (b *booktabs) printf(format string, args ...any) {
	if b.err == nil {
		_, b.err = fmt.Fprintf(b.w, format, args...)
	}
}

// Start implements tw.Renderer.
func (b *booktabs) Start(w io.Writer) error {
	b.w = w
	spec := ""
	for _, c := range b.columns {
		switch {
		case c.Numeric:
			spec += "r@{}l"
		case c.Long:
			spec += `p{0.35\linewidth}`
		default:
			spec += "l"
		}
	}
	b.printf("\\begin{tabular}{@{}%s@{}}\n\\toprule\n", spec)
	return b.err
}

// line joins the cells of a row; the library pads them, TeX does not care.
func (b *booktabs) line(row tw.RowContext) string {
	s := make([]string, len(b.columns))
	for i := range s {
		s[i] = strings.TrimSpace(row.Current[i].Data)
	}
	return strings.Join(s, " & ") + ` \\`
}

// Header implements tw.Renderer.
func (b *booktabs) Header(_ [][]string, ctx tw.Formatting) {
	b.printf("%s\n\\midrule\n", b.line(ctx.Row))
}

// Row implements tw.Renderer.
func (b *booktabs) Row(_ []string, ctx tw.Formatting) {
	if b.row > 0 && b.groups[b.row] {
		b.printf("\\addlinespace\n")
	}
	b.row++
	b.printf("%s\n", b.line(ctx.Row))
}

// Footer implements tw.Renderer; our tables have none.
func (b *booktabs) Footer([][]string, tw.Formatting) {}

// Line implements tw.Renderer; booktabs draws its own rules.
func (b *booktabs) Line(tw.Formatting) {}

// Config implements tw.Renderer.
func (b *booktabs) Config() tw.Rendition { return tw.Rendition{} }

// Logger implements tw.Renderer.
func (b *booktabs) Logger(*ll.Logger) {}

// Close implements tw.Renderer.
func (b *booktabs) Close() error {
	b.printf("\\bottomrule\n\\end{tabular}\n")
	return b.err
}

// latexEscapes covers TeX's special characters and those that a plain
// pdflatex has no glyph for in its default fonts.
var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
	"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`, `"`, `\textquotedbl{}`,
	"±", `$\pm$`, "×", `$\times$`, "−", "$-$", "↑", `$\uparrow$`, "↓", `$\downarrow$`, "→", `$\rightarrow$`, "≥", `$\geq$`, "≤", `$\leq$`,
	"√", `$\surd$`, "·", `$\cdot$`, "—", "---", "–", "--", "…", `\ldots{}`, "∞", `$\infty$`,
)

func escapeLaTeX(s string) string {
	s = latexEscapes.Replace(oneLine(s))
	// \textquotedbl needs another font encoding; two primes do not.
	return strings.ReplaceAll(s, `\textquotedbl{}`, "''")
}

// latexHeading breaks a long heading into a stack of short lines.
func latexHeading(c Column) string {
	lines := headingLines(c.Name)
	for i := range lines {
		lines[i] = escapeLaTeX(lines[i])
	}
	s := strings.Join(lines, `\\`)
	if len(lines) > 1 {
		pos := "[l]"
		if c.Numeric {
			pos = "[c]"
		}
		s = `\shortstack` + pos + "{" + s + "}"
	}
	if c.Numeric {
		s = `\multicolumn{2}{c}{` + s + "}"
	}
	return s
}

// A LaTeX table may have so many lines on a page, and so many characters in a
// line that spans both columns of a paper, at \footnotesize.
const (
	latexRows  = 55
	latexWidth = 112
)

// latex writes the table, in several parts where it is larger than a page: the
// columns without numbers are repeated beside every part.
func (t *Table) latex() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprint(&b, "% needs \\usepackage{booktabs}\n")
	parts := 0
	for first := 0; first == 0 || first < len(t.Rows); first += latexRows {
		for _, columns := range t.latexColumns() {
			parts++
			part := t.part(columns, first, min(first+latexRows, len(t.Rows)))
			if err := part.latexPart(&b, parts); err != nil {
				return nil, err
			}
		}
	}
	return b.Bytes(), nil
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
	if t.Columns[column].Long {
		w = min(w, longWidth)
	}
	return w + 2
}

// latexColumns groups the columns by what fits on a line.
func (t *Table) latexColumns() [][]int {
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
		if len(groups) == 0 || used+w > latexWidth {
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

// latexPart writes one float. The first has the caption, the notes and the
// label; the others say what they continue.
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
	caption := escapeLaTeX(t.Title + ". " + t.Caption)
	for _, n := range t.Notes {
		caption += " " + escapeLaTeX(n)
	}
	if part > 1 {
		caption = escapeLaTeX(t.Title) + `, continued from Table~\ref{` + label + "}."
		label += "-" + itoa(part)
	}
	fmt.Fprintf(b, "\\begin{%s}\n\\centering\n\\footnotesize\n\\setlength{\\tabcolsep}{4pt}\n\\setlength{\\belowcaptionskip}{4pt}\n\\caption{%s}\n\\label{%s}\n%s\\end{%s}\n", env, caption, label, body, env)
	return nil
}
