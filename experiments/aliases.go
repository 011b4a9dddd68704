package experiments

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxNodes bounds what aliases may make of a file: each level of anchors that
// hold each other several times multiplies it.
const maxNodes = 100000

// resolve returns a tree without aliases, merges and variables. Every alias is a
// copy of what it stands for, so that --set changes one place alone; a merge
// (<<) is replaced by the keys that the mapping has not itself; ${VAR} is
// replaced by the variable's value. Where that cannot be, the faults say so and
// nothing is returned.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	r := resolver{d: d, open: map[*yaml.Node]bool{}}
	n = r.copied(n)
	if r.broken {
		return nil
	}
	return n
}

type resolver struct {
	d      *decoder
	open   map[*yaml.Node]bool // anchors that the walk is inside of
	nodes  int
	broken bool
}

func (r *resolver) fault(n *yaml.Node, format string, a ...any) {
	r.broken = true
	r.d.fault(n, format, a...)
}

func (r *resolver) copied(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		if r.open[n.Alias] {
			r.fault(n, "the anchor %s is used inside itself", n.Value)
			return n
		}
		return r.copied(n.Alias)
	}
	if r.nodes++; r.nodes > maxNodes {
		if r.nodes == maxNodes+1 {
			r.fault(n, "aliases make more than %d values of this", maxNodes)
		}
		return n
	}
	if n.Anchor != "" {
		r.open[n] = true
		defer delete(r.open, n)
	}
	c := *n
	if t, ok := r.d.flags[n]; ok {
		r.d.flags[&c] = t
	}
	if c.Kind == yaml.ScalarNode && strings.Contains(c.Value, "${") {
		r.d.expand(&c)
	}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, v := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			c.Content[i] = v // keys are names, not values
			continue
		}
		if r.nodes > maxNodes {
			return n
		}
		c.Content[i] = r.copied(v)
	}
	if c.Kind == yaml.MappingNode {
		r.merge(&c)
	}
	return &c
}

// merge puts what << brings in the place of <<: of each mapping that it names,
// the keys that neither the mapping itself nor one named before has.
func (r *resolver) merge(n *yaml.Node) {
	isMerge := func(k *yaml.Node) bool { return k.Kind == yaml.ScalarNode && k.ShortTag() == "!!merge" }
	if !slices.ContainsFunc(n.Content, isMerge) {
		return
	}
	has := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !isMerge(n.Content[i]) {
			has[n.Content[i].Value] = true
		}
	}
	var out []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if !isMerge(k) {
			out = append(out, k, v)
			continue
		}
		from := []*yaml.Node{v}
		if v.Kind == yaml.SequenceNode {
			from = v.Content
		}
		for _, m := range from {
			if m.Kind != yaml.MappingNode {
				if m.Kind != yaml.AliasNode { // that one is at fault already
					r.fault(m, "<< merges %s, want a mapping, or a list of mappings", kindName(m))
				}
				continue
			}
			for j := 0; j+1 < len(m.Content); j += 2 {
				if key := m.Content[j].Value; !has[key] {
					has[key] = true
					out = append(out, m.Content[j], m.Content[j+1])
				}
			}
		}
	}
	n.Content = out
}
