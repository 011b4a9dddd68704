package metrics

import (
	"fmt"
	"strings"
)

// problems gathers every fault of a metric's options, so that a user sees them
// all at once.
type problems []error

func (ps *problems) add(option, format string, a ...any) {
	*ps = append(*ps, &Problem{Option: option, Msg: fmt.Sprintf(format, a...)})
}

// between demands lo <= got <= hi.
func (ps *problems) between(option string, got, lo, hi int, unit string) {
	if got < lo || got > hi {
		ps.add(option, "is %d, want %d to %d %s", got, lo, hi, unit)
	}
}

// above demands lo < got <= hi.
func (ps *problems) above(option string, got, lo, hi float64) {
	if !(got > lo && got <= hi) {
		ps.add(option, "is %v, want more than %v, at most %v", got, lo, hi)
	}
}

// within demands lo <= got <= hi.
func (ps *problems) within(option string, got, lo, hi float64) {
	if !(got >= lo && got <= hi) {
		ps.add(option, "is %v, want %v to %v", got, lo, hi)
	}
}

// oneOf demands one of the names, and suggests the nearest to a misspelt one.
func (ps *problems) oneOf(option, got string, names ...string) {
	best, at := len(got)/2+1, ""
	for _, n := range names {
		if n == got {
			return
		}
		if d := distance(got, n); d < best {
			best, at = d, n
		}
	}
	hint := ""
	if at != "" {
		hint = fmt.Sprintf("; did you mean %q?", at)
	}
	last := len(names) - 1
	ps.add(option, "is %q, want %s or %s%s", got, strings.Join(names[:last], ", "), names[last], hint)
}

// distance is Levenshtein's: the least number of bytes to insert, delete or
// replace that makes a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
