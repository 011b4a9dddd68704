package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// tableFormats gives the file extension of every table format.
var tableFormats = map[string]string{
	"text":     "txt",
	"markdown": "md",
	"csv":      "csv",
	"latex":    "tex",
	"html":     "html",
}

// Render writes the table in one of the formats text, markdown, csv, latex and
// html (a fragment: figure, caption, table, notes).
func (t *Table) Render(format string) ([]byte, error) {
	switch format {
	case "text":
		return t.text()
	case "markdown":
		return t.markdown()
	case "csv":
		return t.csv()
	case "latex":
		return t.latex()
	case "html":
		return t.html()
	}
	return nil, fmt.Errorf("reports: table format %q, want text, markdown, csv, latex or html", format)
}

// write runs the table through tablewriter. The cells arrive formatted:
// everything the library would do to them by itself is switched off.
func (t *Table) write(r tw.Renderer, header []string, rows [][]string) ([]byte, error) {
	align := make([]tw.Align, len(t.Columns))
	for i, c := range t.Columns {
		align[i] = tw.AlignLeft
		if c.Numeric {
			align[i] = tw.AlignRight
		}
	}
	cell := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	var b bytes.Buffer
	w := tablewriter.NewTable(&b,
		tablewriter.WithConfig(tablewriter.Config{Header: cell, Row: cell, Footer: cell}),
		tablewriter.WithRenderer(r),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
	)
	w.Header(header)
	for _, row := range rows {
		if err := w.Append(row); err != nil {
			return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
		}
	}
	if err := w.Render(); err != nil {
		return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
	}
	return b.Bytes(), nil
}

// cells formats header and body with one function per kind of cell.
func (t *Table) cells(head func(string) string, body func(c *Cell) string) (header []string, rows [][]string) {
	for _, c := range t.Columns {
		header = append(header, head(c.Name))
	}
	for i := range t.Rows {
		row := make([]string, len(t.Columns))
		for k := range t.Rows[i].Cells {
			row[k] = body(&t.Rows[i].Cells[k])
		}
		rows = append(rows, row)
	}
	return header, rows
}

// plain is a cell as text without mark-up.
func (c *Cell) plain() string {
	switch {
	case c.Number != nil:
		return c.Number.plain()
	case c.Repeat:
		return ""
	}
	return oneLine(c.Text)
}

// oneLine keeps a cell a cell.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// pad puts the decimal points of a column under each other with spaces on both
// sides.
func pad(t *Table, rows [][]string, space string) {
	for k, c := range t.Columns {
		if !c.Numeric {
			continue
		}
		left, right := 0, 0
		for i := range rows {
			l, r := around(rows[i][k])
			left, right = max(left, l), max(right, r)
		}
		for i := range rows {
			l, r := around(rows[i][k])
			rows[i][k] = strings.Repeat(space, left-l) + rows[i][k] + strings.Repeat(space, right-r)
		}
	}
}

// around counts the characters before and after the end of the whole number.
func around(s string) (left, right int) {
	k := strings.IndexAny(s, ".*")
	if j := strings.Index(s, " ±"); k < 0 || j >= 0 && j < k {
		k = j
	}
	if k <= 0 {
		return utf8.RuneCountInString(s), 0
	}
	return utf8.RuneCountInString(s[:k]), utf8.RuneCountInString(s[k:])
}

func (t *Table) text() ([]byte, error) {
	// Long headings break into lines; a column is as wide as its numbers.
	header, rows := t.cells(func(s string) string { return strings.Join(headingLines(s), "\n") }, (*Cell).plain)
	bold := false
	for i := range t.Rows {
		for k, c := range t.Rows[i].Cells {
			if c.Bold {
				rows[i][k] += "*"
				bold = true
			}
		}
	}
	pad(t, rows, " ")
	for k, c := range t.Columns {
		for i := range rows {
			if c.Long {
				rows[i][k] = wrap(rows[i][k], longWidth)
			}
		}
	}
	var grouped [][]string
	for i := range rows {
		if t.Rows[i].Rule {
			grouped = append(grouped, make([]string, len(t.Columns)))
		}
		grouped = append(grouped, rows[i])
	}
	body, err := t.write(renderer.NewBlueprint(tw.Rendition{
		Borders:  tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
		Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.Lines{ShowTop: tw.On, ShowBottom: tw.On, ShowHeaderLine: tw.On}},
	}), header, grouped)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n", t.Title)
	for line := range strings.Lines(string(body)) {
		fmt.Fprintln(&b, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintf(&b, "\n%s\n", wrap(t.Caption, 88))
	if bold {
		fmt.Fprintln(&b, "* best mean of the column, controls aside.")
	}
	for _, n := range t.Notes {
		fmt.Fprintln(&b, wrap(n, 88))
	}
	return b.Bytes(), nil
}

// headingWidth is the width at which the heading of a column breaks, in
// characters: about that of an estimate.
const headingWidth = 16

// longWidth is the width at which a Long column breaks, in characters.
const longWidth = 60

// headingLines breaks the heading of a column into short lines. The arrow at its
// end stays on the line of the last word.
func headingLines(s string) []string {
	for _, arrow := range []string{" ↑", " ↓"} {
		if words, ok := strings.CutSuffix(s, arrow); ok {
			lines := strings.Split(wrap(breakable(words, " ")+"\x00"+arrow[1:], headingWidth), "\n")
			last := len(lines) - 1
			lines[last] = strings.Replace(lines[last], "\x00", " ", 1)
			return lines
		}
	}
	return strings.Split(wrap(breakable(s, " "), headingWidth), "\n")
}

// breakable puts mark behind underscores of words that are wider than a column,
// such as attribution_localisation.
func breakable(s, mark string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		var b strings.Builder
		for utf8.RuneCountInString(w) > headingWidth {
			at := strings.LastIndexByte(w[:headingWidth], '_') + 1
			if at == 0 {
				break
			}
			b.WriteString(w[:at] + mark)
			w = w[at:]
		}
		words[i] = b.String() + w
	}
	return strings.Join(words, " ")
}

// wrap breaks a paragraph into lines of at most width characters.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for i, w := range strings.Fields(s) {
		k := utf8.RuneCountInString(w)
		switch {
		case i == 0:
		case n+1+k > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += k
	}
	return b.String()
}

// markdownEscapes covers what GitHub's Markdown would read as mark-up inside a
// table cell or a paragraph.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;", "&", "&amp;", "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "$", `\$`,
)

func escapeMarkdown(s string) string { return markdownEscapes.Replace(oneLine(s)) }

func (t *Table) markdown() ([]byte, error) {
	header, rows := t.cells(escapeMarkdown, func(c *Cell) string {
		s := escapeMarkdown(c.Text)
		if c.Number != nil {
			s = c.Number.plain()
		}
		if c.Bold {
			s = "**" + s + "**"
		}
		return s
	})
	body, err := t.write(renderer.NewMarkdown(), header, rows)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(body)
	fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(t.Caption))
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(n))
	}
	return b.Bytes(), nil
}

func (t *Table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var head []string
	for _, c := range t.Columns {
		if c.CSV == nil {
			head = append(head, c.Name)
		}
		head = append(head, c.CSV...)
	}
	if err := w.Write(head); err != nil {
		return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
	}
	for _, r := range t.Rows {
		var row []string
		for _, c := range r.Cells {
			row = append(row, c.CSV...)
		}
		if len(row) != len(head) {
			return nil, fmt.Errorf("reports: table %s: a CSV row has %d values, want %d", t.ID, len(row), len(head))
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// arrowKept keeps an arrow on the line of the word before it.
var arrowKept = strings.NewReplacer(" ↑", "\u00a0↑", " ↓", "\u00a0↓")

func (t *Table) html() ([]byte, error) {
	header, rows := t.cells(func(s string) string { return arrowKept.Replace(breakable(html.EscapeString(oneLine(s)), "<wbr>")) }, (*Cell).plain)
	// A figure space is as wide as a digit, so the points meet here as well.
	pad(t, rows, "\u2007")
	for i := range rows {
		for k := range rows[i] {
			// A number and its interval stay on one line.
			rows[i][k] = strings.ReplaceAll(html.EscapeString(rows[i][k]), " ± ", "\u00a0±\u00a0")
			if t.Rows[i].Cells[k].Bold {
				rows[i][k] = "<b>" + rows[i][k] + "</b>"
			}
			if t.Columns[k].Long {
				rows[i][k] = `<span class="long">` + rows[i][k] + "</span>"
			}
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
	fmt.Fprintf(&b, "<figure class=\"table\" id=\"table-%s\">\n<figcaption><b>%s.</b> %s</figcaption>\n<div class=\"scroll\">\n%s\n</div>\n",
		html.EscapeString(t.ID), html.EscapeString(t.Title), html.EscapeString(t.Caption), strings.TrimSpace(string(body)))
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "<p class=\"note\">%s</p>\n", html.EscapeString(n))
	}
	b.WriteString("</figure>\n")
	return b.Bytes(), nil
}
