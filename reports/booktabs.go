package reports

import (
	"fmt"
	"io"
	"strings"

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
