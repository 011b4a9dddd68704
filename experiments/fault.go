package experiments

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/model/spelling"
)

// A Fault is one thing that is wrong with a specification, at its place.
type Fault struct {
	File   string // the specification's path, or the flag the text came from
	Line   int    // from 1; 0 where the place is unknown
	Column int    // from 1, in characters
	Text   string // the line
	Msg    string
}

// Error gives place and message, then the line with a caret under the column.
func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Msg
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", f.File, f.Line, f.Column, f.Msg)
	if f.Text != "" {
		// A tab is as wide as the terminal likes; a blank keeps the caret in place.
		fmt.Fprintf(&b, "\n  %s\n  %s^", strings.ReplaceAll(f.Text, "\t", " "), strings.Repeat(" ", f.Column-1))
	}
	return b.String()
}

// Faults is everything that is wrong with a specification, in reading order.
type Faults []*Fault

// Error lists all faults, one under the other.
func (f Faults) Error() string {
	s := make([]string, len(f))
	for i, x := range f {
		s[i] = x.Error()
	}
	if len(f) > 1 {
		s = append(s, fmt.Sprintf("%d errors", len(f)))
	}
	return strings.Join(s, "\n")
}

func (f Faults) sorted() Faults {
	f = slices.Clone(f)
	slices.SortStableFunc(f, func(a, b *Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// text is something positions refer to: a file, or the value of a flag.
type text struct {
	name  string
	lines []string
}

func newText(name, s string) *text {
	return &text{name, strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")}
}

func (t *text) fault(line, col int, msg string) *Fault {
	f := &Fault{File: t.name, Line: line, Column: max(1, col), Msg: msg}
	if line > len(t.lines) { // YAML that is cut off ends behind its last line
		f.Line, f.Column = len(t.lines), math.MaxInt
	}
	if line = f.Line; line >= 1 {
		f.Text = t.lines[line-1]
		f.Column = min(f.Column, utf8.RuneCountInString(f.Text)+1)
	}
	return f
}

// Suggest ends a sentence about an unknown name: with the nearest name that
// exists, `; did you mean "saliency"?`, or, where none is near, with all of
// them, "; known are ...".
func Suggest(name string, known []string) string {
	switch near := nearest(name, known); {
	case near != "":
		return fmt.Sprintf("; did you mean %q?", near)
	case len(known) == 0:
		return ""
	}
	return "; known are " + strings.Join(known, ", ")
}

// nearest returns the known name that is most like another, or the only one that
// begins with it; "" if there is none.
func nearest(name string, known []string) string {
	best, dist := "", 1+max(2, len(name)/3)
	var longer []string
	for _, k := range known {
		if d := spelling.Mistakes(name, k); d < dist {
			best, dist = k, d
		}
		if len(name) >= 3 && strings.HasPrefix(strings.ToLower(k), strings.ToLower(name)) {
			longer = append(longer, k)
		}
	}
	if best == "" && len(longer) == 1 {
		return longer[0]
	}
	return best
}
