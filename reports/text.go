package reports

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// aligned formats the body with the decimal points of a column under each other
// where all characters are of one width: spaces fill up both sides. A dash for
// what is undefined stands where the last digit before the point does.
func (t *Table) aligned(body func(c *Cell) (whole, rest string)) [][]string {
	parts := t.cells(body)
	rows := make([][]string, len(parts))
	for i := range parts {
		rows[i] = make([]string, len(t.Columns))
	}
	for k, c := range t.Columns {
		left, right := 0, 0
		for i := range parts {
			left = max(left, utf8.RuneCountInString(parts[i][k][0]))
			right = max(right, utf8.RuneCountInString(parts[i][k][1]))
		}
		for i := range parts {
			whole, rest := parts[i][k][0], parts[i][k][1]
			if c.Numeric {
				whole = strings.Repeat(" ", left-utf8.RuneCountInString(whole)) + whole
				rest += strings.Repeat(" ", right-utf8.RuneCountInString(rest))
			}
			rows[i][k] = whole + rest
		}
	}
	return rows
}

func (t *Table) text() ([]byte, error) {
	// Long headings break into lines; a column is as wide as its numbers.
	header := t.header(func(s string) string { return strings.Join(headingLines(s), "\n") })
	bold := false
	rows := t.aligned(func(c *Cell) (whole, rest string) {
		whole, rest = c.split()
		if c.Bold {
			rest += "*"
			bold = true
		}
		return whole, rest
	})
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
