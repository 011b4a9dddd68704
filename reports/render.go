package reports

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
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

// header formats the names of the columns.
func (t *Table) header(name func(string) string) []string {
	h := make([]string, len(t.Columns))
	for k, c := range t.Columns {
		h[k] = name(c.Name)
	}
	return h
}

// cells formats the body in two parts, which meet at the decimal point of a
// number; of a text the second is empty.
func (t *Table) cells(body func(c *Cell) (whole, rest string)) [][][2]string {
	rows := make([][][2]string, len(t.Rows))
	for i := range t.Rows {
		rows[i] = make([][2]string, len(t.Columns))
		for k := range t.Rows[i].Cells {
			rows[i][k][0], rows[i][k][1] = body(&t.Rows[i].Cells[k])
		}
	}
	return rows
}

// split is a cell as text without mark-up, in two parts.
func (c *Cell) split() (whole, rest string) {
	switch {
	case c.Number != nil:
		return c.Number.split()
	case c.Repeat:
		return "", ""
	}
	return oneLine(c.Text), ""
}

// plain is a cell as text without mark-up.
func (c *Cell) plain() string {
	whole, rest := c.split()
	return whole + rest
}

// oneLine keeps a cell a cell.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
