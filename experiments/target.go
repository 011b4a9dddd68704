package experiments

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/model"
)

// Target says which logit is explained, or which difference of two: "label",
// "predicted", a class by its number or name, or two of these with a hyphen
// between, "cat-dog". In YAML a difference can also be {class: cat, minus: dog}.
type Target string

// less separates the two sides of a difference that came as a mapping: names of
// classes may hold hyphens.
const less = " - "

// difference is a target that is a mapping.
type difference struct {
	Class side `yaml:"class"`
	Minus side `yaml:"minus"`
}

// side is a name or a number.
type side string

func (s *side) decodeNode(d *decoder, n *yaml.Node) {
	if d.scalar(n, "class") {
		*s = side(n.Value)
	}
}

func (t *Target) decodeNode(d *decoder, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		if d.scalar(n, "target") {
			*t = Target(n.Value)
		}
		return
	}
	var c difference
	d.fields(n, reflect.ValueOf(&c).Elem(), "target", "", nil, nil)
	switch {
	case c.Class == "":
		d.fault(n, "target has no class, as in {class: cat, minus: dog}")
	case c.Minus == "":
		*t = Target(c.Class)
	default:
		*t = Target(string(c.Class) + less + string(c.Minus))
	}
}

// Aim is a Target on a data set: the class that is explained and the one whose
// logit is taken off, each a number or one of the values below.
type Aim struct{ class, minus int }

const (
	byLabel      = -1 // the image's label
	byPrediction = -2 // the class the network takes the image for
	nothing      = -3
)

// At returns what is explained for an image. With Contrast, both sides may be
// one class: what is explained is 0 then, and so is every map.
func (a Aim) At(label, predicted int) model.Target {
	of := func(c int) int {
		switch c {
		case byLabel:
			return label
		case byPrediction:
			return predicted
		case nothing:
			return -1
		}
		return c
	}
	return model.Target{Class: of(a.class), Minus: of(a.minus)}
}

// Contrast tells whether the target is a difference.
func (a Aim) Contrast() bool { return a.minus != nothing }

// Resolve finds the target among the classes of a data set.
func (t Target) Resolve(classes []string) (Aim, error) {
	term := func(s string) (int, error) {
		switch s {
		case "label":
			return byLabel, nil
		case "predicted":
			return byPrediction, nil
		}
		if i := slices.Index(classes, s); i >= 0 {
			return i, nil
		}
		if i, err := strconv.Atoi(s); err == nil {
			if i < 0 || i >= len(classes) {
				return 0, fmt.Errorf("target is class %d, want 0 to %d", i, len(classes)-1)
			}
			return i, nil
		}
		return 0, fmt.Errorf("target is %q, want label, predicted, a class, or two of them as in cat-dog%s", s, Suggest(s, classes))
	}
	s := string(t)
	whole, err := term(s)
	if err == nil {
		return Aim{whole, nothing}, nil
	}
	var found []Aim
	for at := range s {
		width := 1
		if strings.HasPrefix(s[at:], less) {
			width = len(less)
		} else if s[at] != '-' {
			continue
		}
		class, e := term(s[:at])
		minus, f := term(s[at+width:])
		if e == nil && f == nil {
			found = append(found, Aim{class, minus})
		} else if width > 1 {
			for _, x := range []error{e, f} { // no doubt about where the sides end
				if x != nil {
					return Aim{}, x
				}
			}
		}
	}
	switch {
	case len(found) > 1:
		return Aim{}, fmt.Errorf("target %q can be read in two ways; write {class: ..., minus: ...}", s)
	case len(found) == 1 && found[0].class == found[0].minus:
		return Aim{}, fmt.Errorf("target %q is a class less itself, which is 0", s)
	case len(found) == 1:
		return found[0], nil
	}
	return Aim{}, err
}
