package reports

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter/renderer"
)

// arrowKept keeps an arrow on the line of the word before it.
var arrowKept = strings.NewReplacer(" ↑", "\u00a0↑", " ↓", "\u00a0↓")

// html writes a fragment. What follows the decimal points of a column is put into
// boxes of one width, at the right of cells that are set flush right, so that the
// points meet whatever the font.
func (t *Table) html() ([]byte, error) {
	header := t.header(func(s string) string { return arrowKept.Replace(breakable(html.EscapeString(oneLine(s)), "<wbr>")) })
	parts := t.cells((*Cell).split)
	width := make([]float64, len(t.Columns))
	for i := range parts {
		for k := range parts[i] {
			width[k] = max(width[k], digits(parts[i][k][1]))
		}
	}
	rows := make([][]string, len(parts))
	for i := range parts {
		for k, c := range t.Columns {
			bold := func(s string) string {
				// A number and its interval stay on one line.
				s = strings.ReplaceAll(html.EscapeString(s), " ± ", "\u00a0±\u00a0")
				if s != "" && t.Rows[i].Cells[k].Bold {
					s = "<b>" + s + "</b>"
				}
				return s
			}
			cell := bold(parts[i][k][0])
			switch {
			case c.Numeric && width[k] > 0:
				cell += `<span style="display:inline-block;text-align:left;width:` + strconv.FormatFloat(width[k], 'f', 1, 64) + `ch">` + bold(parts[i][k][1]) + "</span>"
			case c.Long:
				cell = `<span class="long">` + cell + "</span>"
			}
			rows[i] = append(rows[i], cell)
		}
		// The library gives rows no class; the page finds this mark and draws a rule.
		if t.Rows[i].Rule {
			rows[i][0] = `<i class="group"></i>` + rows[i][0]
		}
	}
	body, err := t.write(renderer.NewHTML(renderer.HTMLConfig{EscapeContent: false}), header, rows)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	title := html.EscapeString(t.Title)
	// Who has no mouse scrolls a wide table by the keyboard once it has the focus.
	fmt.Fprintf(&b, "<figure class=\"table\" id=\"table-%s\">\n<figcaption><b>%s.</b> %s</figcaption>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n%s\n</div>\n",
		html.EscapeString(t.ID), title, html.EscapeString(t.Caption), title, strings.TrimSpace(string(body)))
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "<p class=\"note\">%s</p>\n", html.EscapeString(n))
	}
	b.WriteString("</figure>\n")
	return b.Bytes(), nil
}

// digits is about how wide a text is, in widths of a digit (CSS's ch): as in
// DejaVu Sans, the widest of the fonts that pages are usually read in.
func digits(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch r {
		case '.', ' ':
			w += 0.5
		case '(', ')', '⁻', '⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹':
			w += 0.65
		case '±', '×', '∞':
			w += 1.35
		default:
			w++
		}
	}
	return w
}
