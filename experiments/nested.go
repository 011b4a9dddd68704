package experiments

import (
	"reflect"

	"go.yaml.in/yaml/v4"

	"assay/attr"
)

// method makes the method that a mapping with the key `method` describes.
func (d *decoder) method(n *yaml.Node, owner, opt string, at positions) attr.Method {
	name, k := d.head(n, "method", owner)
	if k == nil {
		return nil
	}
	e, ok := attr.Methods[name]
	if !ok {
		d.fault(k, "unknown method %q%s", name, Suggest(name, sortedKeys(attr.Methods)))
		return nil
	}
	m := e.New()
	if at != nil {
		if opt == "" {
			at[""] = k
		} else {
			at[opt] = k
			at[opt+".method"] = k
		}
	}
	d.fields(n, reflect.ValueOf(m).Elem(), name, opt, at, map[string]*yaml.Node{"method": nil})
	return m
}

// named completes what stands for a nested method: a name alone is that method
// with its defaults, and options that do not name it are of the method that is
// the option's default.
func (d *decoder) named(n *yaml.Node, v reflect.Value) *yaml.Node {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		return d.byName(n)
	}
	if n.Kind != yaml.MappingNode || v.IsNil() || lookup(n, "method") != nil {
		return n
	}
	m, ok := v.Interface().(attr.Method)
	if !ok || attr.Name(m) == "" {
		return n
	}
	full := *n
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "method", Line: n.Line, Column: n.Column}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: attr.Name(m), Line: n.Line, Column: n.Column}
	full.Content = append([]*yaml.Node{key, name}, n.Content...)
	t := d.textOf(n)
	d.flags[key], d.flags[name], d.flags[&full] = t, t, t
	return &full
}

// byName is the mapping of a method of which only the name is given.
func (d *decoder) byName(n *yaml.Node) *yaml.Node {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "method", Line: n.Line, Column: n.Column}
	name := *n
	full := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column, Content: []*yaml.Node{key, &name}}
	t := d.textOf(n)
	d.flags[key], d.flags[&name], d.flags[full] = t, t, t
	return full
}

// head returns the value of the key that says what a mapping describes.
func (d *decoder) head(n *yaml.Node, key, owner string) (string, *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, "%s is %s, want a mapping that begins with %s:", owner, kindName(n), key)
		return "", nil
	}
	v := lookup(n, key)
	if v == nil {
		d.fault(n, "%s names no %s", owner, key)
		return "", nil
	}
	if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" {
		d.fault(v, "%s is %s, want a name", key, kindName(v))
		return "", nil
	}
	return v.Value, v
}
