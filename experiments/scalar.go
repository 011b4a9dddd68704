package experiments

import (
	"errors"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (d *decoder) scalar(n *yaml.Node, name string) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return true
	case yaml.SequenceNode:
		d.fault(n, "%s is a list, want a single value", name)
	default:
		d.fault(n, "%s is a mapping, want a single value", name)
	}
	return false
}

// octal is a number that YAML 1.1, YAML 1.2 and people read differently.
var octal = regexp.MustCompile(`^[-+]?0[0-9]`)

func (d *decoder) integer(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	i, err := strconv.ParseInt(n.Value, 0, v.Type().Bits())
	switch {
	case errors.Is(err, strconv.ErrRange) && n.ShortTag() == "!!float": // as YAML reads what no int64 holds
		d.fault(n, "%s is %s, want a whole number of at most %d bits", name, n.Value, v.Type().Bits())
	case n.ShortTag() != "!!int" || octal.MatchString(n.Value) || err != nil && !errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %q, want a whole number", name, n.Value)
	case err != nil:
		d.fault(n, "%s is %s, want a whole number of at most %d bits", name, n.Value, v.Type().Bits())
	default:
		v.SetInt(i)
	}
}

func (d *decoder) unsigned(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	i, err := strconv.ParseUint(strings.TrimPrefix(n.Value, "+"), 0, v.Type().Bits())
	switch {
	case n.ShortTag() == "!!int" && strings.HasPrefix(n.Value, "-"):
		d.fault(n, "%s is %s, want 0 or more", name, n.Value)
	case errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %s, want 0 to %d", name, n.Value, uint64(math.MaxUint64)>>(64-v.Type().Bits()))
	case n.ShortTag() != "!!int" || octal.MatchString(n.Value) || err != nil:
		d.fault(n, "%s is %q, want a whole number", name, n.Value)
	default:
		v.SetUint(i)
	}
}

func (d *decoder) float(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	f, err := strconv.ParseFloat(n.Value, v.Type().Bits())
	switch tag := n.ShortTag(); {
	case tag != "!!int" && tag != "!!float":
		d.fault(n, "%s is %q, want a number", name, n.Value)
	case errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %s, which a %d-bit number cannot hold", name, n.Value, v.Type().Bits())
	case err != nil || math.IsNaN(f) || math.IsInf(f, 0):
		d.fault(n, "%s is %s, want a finite number", name, n.Value)
	default:
		v.SetFloat(f)
	}
}
