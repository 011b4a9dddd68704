package attr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/model/spelling"
)

// Problems returns the Problems in an error of Check, in order.
func Problems(err error) []*Problem {
	var out []*Problem
	switch e := err.(type) {
	case *Problem:
		out = append(out, e)
	case interface{ Unwrap() []error }:
		for _, child := range e.Unwrap() {
			out = append(out, Problems(child)...)
		}
	case interface{ Unwrap() error }:
		out = Problems(e.Unwrap())
	}
	return out
}

// within puts an option's name before the names in an error of Check.
func within(option string, err error) error {
	var out []error
	for _, p := range Problems(err) {
		out = append(out, &Problem{Option: option + "." + p.Option, Msg: p.Msg})
	}
	return errors.Join(out...)
}

// between reports a number outside lo to hi.
func between(option string, got, lo, hi int) error {
	if got < lo || got > hi {
		return &Problem{Option: option, Msg: fmt.Sprintf("is %d, want %d to %d", got, lo, hi)}
	}
	return nil
}

// oneOf reports a word that is not in the list, with the nearest that is.
func oneOf(option, got string, known ...string) error {
	if slices.Contains(known, got) {
		return nil
	}
	var quoted []string
	for _, k := range known {
		if k == "" {
			quoted = append(quoted, "none")
			continue
		}
		quoted = append(quoted, fmt.Sprintf("%q", k))
	}
	msg := fmt.Sprintf("is %q, want one of %s", got, strings.Join(quoted, ", "))
	if k := spelling.Nearest(got, known); k != "" {
		msg += fmt.Sprintf("; did you mean %q?", k)
	}
	return &Problem{Option: option, Msg: msg}
}
