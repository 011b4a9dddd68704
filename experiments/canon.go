package experiments

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/model"
)

// Option is one hyperparameter by its YAML name, nested ones with a dot, and
// its value in YAML.
type Option struct{ Name, Value string }

// describe lists every option of a method or metric in the struct's order,
// defaults included.
func describe(of any) []Option { return flatten(nil, "", canonical(reflect.ValueOf(of))) }

func flatten(out []Option, name string, n *yaml.Node) []Option {
	if n.Kind == yaml.MappingNode {
		if name != "" {
			name += "."
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out = flatten(out, name+n.Content[i].Value, n.Content[i+1])
		}
		return out
	}
	return append(out, Option{name, inline(n)})
}

func inline(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		s := make([]string, len(n.Content))
		for i, c := range n.Content {
			s[i] = inline(c)
		}
		return "[" + strings.Join(s, ", ") + "]"
	case yaml.MappingNode:
		var s []string
		for i := 0; i+1 < len(n.Content); i += 2 {
			s = append(s, n.Content[i].Value+": "+inline(n.Content[i+1]))
		}
		return "{" + strings.Join(s, ", ") + "}"
	}
	return n.Value
}

// canonical writes a value of plain structs as YAML: every option, in the
// struct's order, numbers in their shortest exact form.
func canonical(v reflect.Value) *yaml.Node {
	if v.CanInterface() {
		if m, ok := v.Interface().(attr.Method); ok && v.Kind() == reflect.Interface {
			if v.IsNil() {
				return scalar("!!null", "none")
			}
			n := canonical(v.Elem())
			n.Content = append([]*yaml.Node{scalar("!!str", "method"), scalar("!!str", attr.Name(m))}, n.Content...)
			return n
		}
		if m, ok := v.Interface().(encoding.TextMarshaler); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
			b, err := m.MarshalText()
			if err != nil {
				panic(fmt.Sprintf("experiments: option of type %v: %v", v.Type(), err))
			}
			return scalar("!!str", string(b))
		}
	}
	if v.CanAddr() {
		if m, ok := v.Addr().Interface().(encoding.TextMarshaler); ok {
			b, err := m.MarshalText()
			if err != nil {
				panic(fmt.Sprintf("experiments: option of type %v: %v", v.Type(), err))
			}
			return scalar("!!str", string(b))
		}
	}
	switch v.Kind() {
	case reflect.Interface:
		// An interface that holds nothing is an option that was not given.
		return scalar("!!null", "none")
	case reflect.Pointer:
		if v.IsNil() {
			return scalar("!!null", "none")
		}
		return canonical(v.Elem())
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		_, layer := v.Interface().(model.Layer)
		for _, f := range options(v) {
			if layer && f.value.IsZero() {
				continue // what the kind of layer has no use for, or was not given: a 0 would be another number
			}
			if f.value.Kind() == reflect.Slice && f.value.Len() == 0 {
				continue // not given; an empty list has no meaning of its own
			}
			n.Content = append(n.Content, scalar("!!str", f.name), canonical(f.value))
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for i := range v.Len() {
			n.Content = append(n.Content, canonical(v.Index(i)))
		}
		return n
	case reflect.String:
		return scalar("!!str", v.String())
	case reflect.Bool:
		return scalar("!!bool", strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return scalar("!!int", strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return scalar("!!int", strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return scalar("!!float", strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	}
	panic(fmt.Sprintf("experiments: an option has the type %v, which YAML cannot say", v.Type()))
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// Canonical writes the specification in full, every default written out and
// every sweep spread, as YAML that does not depend on how the file was laid
// out. Where data and weights were found on this machine is left out; hashes
// name them elsewhere.
func (s *Spec) Canonical() string {
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	add := func(key string, n *yaml.Node) {
		root.Content = append(root.Content, scalar("!!str", key), n)
	}
	for _, f := range options(reflect.ValueOf(s).Elem()) {
		switch f.name {
		case "attributions":
			list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			for _, a := range s.Attributions {
				n := canonical(reflect.ValueOf(&a.Method).Elem())
				list.Content = append(list.Content, n)
			}
			add(f.name, list)
		case "metrics":
			list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
			for _, m := range s.Metrics {
				n := canonical(reflect.ValueOf(m.Metric))
				n.Content = append([]*yaml.Node{scalar("!!str", "metric"), scalar("!!str", m.Name)}, n.Content...)
				if len(m.Only) > 0 {
					n.Content = append(n.Content, scalar("!!str", "only"), canonical(reflect.ValueOf(m.Only)))
				}
				if m.MaxImages > 0 && lookup(n, "max_images") == nil {
					n.Content = append(n.Content, scalar("!!str", "max_images"), scalar("!!int", strconv.Itoa(m.MaxImages)))
				}
				list.Content = append(list.Content, n)
			}
			if len(list.Content) > 0 {
				add(f.name, list)
			}
		case "report":
			n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			n.Content = append(n.Content, scalar("!!str", "pictures"), scalar("!!int", strconv.Itoa(s.Report.Pictures)))
			add(f.name, n)
		case "data":
			add(f.name, without(without(canonical(f.value), "dir"), "masks"))
		case "model":
			n := without(canonical(f.value), "weights")
			if s.Model.Train == nil {
				n = without(n, "train")
			}
			if s.Model.Net == "" {
				n = without(n, "net")
			} else {
				n = without(n, "layers")
			}
			add(f.name, n)
		default:
			add(f.name, canonical(f.value))
		}
	}
	b, err := yaml.Dump(root, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		panic("experiments: canonical specification: " + err.Error())
	}
	return string(b)
}

func without(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			break
		}
	}
	return n
}
