package metrics

import (
	"fmt"
	"slices"
	"strings"

	"assay/model/spelling"
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
	if slices.Contains(names, got) {
		return
	}
	hint := ""
	if near := spelling.Nearest(got, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	last := len(names) - 1
	ps.add(option, "is %q, want %s or %s%s", got, strings.Join(names[:last], ", "), names[last], hint)
}
