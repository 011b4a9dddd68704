package attr

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"assay/model"
	"assay/model/spelling"
)

// LRPRules says which layers get which rule. Its text form is a list of
// LAYER=RULE, of which the first that fits a layer counts. LAYER is a name, a
// pattern of names (conv*) or a kind (conv2d, linear). RULE is one of
//
//	epsilon, epsilon(EPSILON)
//	gamma, gamma(GAMMA)
//	alpha_beta, alpha_beta(ALPHA, BETA)    2 and 1; ALPHA - BETA must be 1
//	z_plus
//	z_box, z_box(LOW, HIGH)                black and white
//	w_square
//	flat
//	pass
//
// as in "conv1=z_box, conv*=gamma(0.25), linear=epsilon". The zero value has no
// rules; its text is "none".
type LRPRules struct{ rules []layerRule }

// layerRule is one LAYER=RULE.
type layerRule struct {
	layer, kind string
	args        []float64
}

// String returns the text form.
func (r LRPRules) String() string {
	if len(r.rules) == 0 {
		return "none"
	}
	var all []string
	for _, l := range r.rules {
		s := l.layer + "=" + l.kind
		if len(l.args) > 0 {
			var args []string
			for _, v := range l.args {
				args = append(args, strconv.FormatFloat(v, 'g', -1, 64))
			}
			s += "(" + strings.Join(args, ", ") + ")"
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

// MarshalText returns the text form; equal rules have equal text.
func (r LRPRules) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the text form.
func (r *LRPRules) UnmarshalText(text []byte) error {
	if s := strings.TrimSpace(string(text)); s == "" || s == "none" {
		*r = LRPRules{}
		return nil
	}
	var out []layerRule
	for _, part := range topLevel(string(text)) {
		layer, rule, ok := strings.Cut(part, "=")
		l := layerRule{layer: strings.TrimSpace(layer)}
		if !ok || l.layer == "" {
			return fmt.Errorf("attr: lrp rule %q, want LAYER=RULE as in conv1=gamma(0.25)", strings.TrimSpace(part))
		}
		if _, err := path.Match(l.layer, ""); err != nil {
			return fmt.Errorf("attr: lrp rule for %q: %w", l.layer, err)
		}
		if err := l.parse(strings.TrimSpace(rule)); err != nil {
			return fmt.Errorf("attr: lrp rule of %s: %w", l.layer, err)
		}
		out = append(out, l)
	}
	r.rules = out
	return nil
}

// topLevel splits at the commas outside of parentheses.
func topLevel(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range s {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts, from = append(parts, s[from:i]), i+1
		}
	}
	return append(parts, s[from:])
}

// parse reads RULE or RULE(NUMBER, ...).
func (l *layerRule) parse(s string) error {
	kind, rest, open := strings.Cut(s, "(")
	l.kind = strings.TrimSpace(kind)
	if !slices.Contains(model.LRPKinds, l.kind) {
		msg := fmt.Sprintf("%q is no rule, want one of %s", l.kind, strings.Join(model.LRPKinds, ", "))
		if k := spelling.Nearest(l.kind, model.LRPKinds); k != "" {
			msg += fmt.Sprintf("; did you mean %q?", k)
		}
		return errors.New(msg)
	}
	if !open {
		return nil
	}
	args, closed := strings.CutSuffix(rest, ")")
	if !closed {
		return fmt.Errorf("%q has no closing parenthesis", s)
	}
	for _, a := range strings.Split(args, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(a), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%q has %q in place of a finite number", s, strings.TrimSpace(a))
		}
		l.args = append(l.args, v+0) // -0 becomes 0
	}
	want := map[string]int{"epsilon": 1, "gamma": 1, "alpha_beta": 2, "z_box": 2}[l.kind]
	if len(l.args) != want {
		return fmt.Errorf("%q has %d numbers, want %d", s, len(l.args), want)
	}
	switch a := l.args; {
	case l.kind != "z_box" && (a[0] < 0 || a[len(a)-1] < 0):
		return fmt.Errorf("%q, want numbers of at least 0", s)
	case l.kind == "alpha_beta" && math.Abs(a[0]-a[1]-1) > 1e-9:
		return fmt.Errorf("%q: the difference is %v, want 1: relevance would not be conserved", s, a[0]-a[1])
	case l.kind == "z_box" && a[0] >= a[1]:
		return fmt.Errorf("%q: want the lower bound first", s)
	}
	return nil
}

// fits reports whether the rule is meant for a layer.
func (l *layerRule) fits(to model.Layer) bool {
	ok, _ := path.Match(l.layer, to.Name)
	return ok || l.layer == to.Kind
}

// apply puts the rule's numbers into r.
func (l *layerRule) apply(r *model.LRPRule) {
	if len(l.args) == 0 {
		return
	}
	switch l.kind {
	case "epsilon":
		r.Epsilon = l.args[0]
	case "gamma":
		r.Gamma = l.args[0]
	case "alpha_beta":
		r.Alpha, r.Beta = l.args[0], l.args[1]
	case "z_box":
		r.Low, r.High = []float32{float32(l.args[0])}, []float32{float32(l.args[1])}
	}
}

// of returns the rule of a layer, nil if there is none.
func (r LRPRules) of(l model.Layer) *layerRule {
	for i := range r.rules {
		if r.rules[i].fits(l) {
			return &r.rules[i]
		}
	}
	return nil
}

// check reports rules that fit no layer with weights, and those that come behind
// others which fit all of their layers.
func (r LRPRules) check(n *model.Net) error {
	var errs []error
	var names []string
	for _, l := range n.Layers {
		if l.Kind == "conv2d" || l.Kind == "linear" {
			names = append(names, l.Name)
		}
	}
	for i, rule := range r.rules {
		var without string
		found := false
		for _, l := range n.Layers {
			if !rule.fits(l) {
				continue
			}
			if l.Kind == "conv2d" || l.Kind == "linear" {
				found = true
			} else {
				without = l.Name
			}
		}
		if found {
			if !slices.ContainsFunc(n.Layers, func(l model.Layer) bool {
				return (l.Kind == "conv2d" || l.Kind == "linear") && r.of(l) == &r.rules[i]
			}) {
				errs = append(errs, &Problem{Option: "rules", Msg: fmt.Sprintf("gives %s the rule %s, but rules before it fit the same layers, and the first that fits counts", rule.layer, rule.kind)})
			}
			continue
		}
		msg := fmt.Sprintf("names layer %q, want one of %s", rule.layer, strings.Join(names, ", "))
		if without != "" {
			msg = fmt.Sprintf("names layer %q, which needs no rule; want one of %s", without, strings.Join(names, ", "))
		} else if k := spelling.Nearest(rule.layer, names); k != "" {
			msg += fmt.Sprintf("; did you mean %q?", k)
		}
		errs = append(errs, &Problem{Option: "rules", Msg: msg})
	}
	return errors.Join(errs...)
}

// checkBehind reports rules that have no effect where relevance goes back to a
// layer alone: those that fit no layer with weights behind it.
func (r LRPRules) checkBehind(n *model.Net, layer string) error {
	at := slices.IndexFunc(n.Layers, func(l model.Layer) bool { return l.Name == layer })
	var behind []model.Layer
	var names []string
	for _, l := range n.Layers[at+1:] {
		if l.Kind == "conv2d" || l.Kind == "linear" {
			behind, names = append(behind, l), append(names, l.Name)
		}
	}
	want := "want none: no layer with weights comes behind it"
	if len(names) > 0 {
		want = "want one of " + strings.Join(names, ", ")
	}
	var errs []error
	for i, rule := range r.rules {
		if !slices.ContainsFunc(behind, func(l model.Layer) bool { return r.of(l) == &r.rules[i] }) {
			errs = append(errs, &Problem{Option: "rules", Msg: fmt.Sprintf("names layer %q, which relevance does not reach: it goes back from the output to the output of %s; %s", rule.layer, layer, want)})
		}
	}
	return errors.Join(errs...)
}
