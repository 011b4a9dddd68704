package experiments

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// set puts a key=value from a flag into the tree; the key is a dotted path, a
// number in it an item of a list, from 0.
func (d *decoder) set(root *yaml.Node, assignment, flag string) {
	path, value, ok := strings.Cut(assignment, "=")
	t := newText(flag, assignment)
	if !ok || path == "" {
		d.faults = append(d.faults, t.fault(1, 1, "want key=value"))
		return
	}
	if strings.TrimSpace(value) == "" {
		d.faults = append(d.faults, t.fault(1, len(path)+2, path+" has no value"))
		return
	}
	// The value keeps its column behind the blanks that replace its key.
	before := len(d.faults)
	v := d.parse(&text{t.name, []string{strings.Repeat(" ", len(path)+1) + value}})
	for _, f := range d.faults[before:] {
		f.Text = t.lines[min(max(f.Line, 1), len(t.lines))-1]
	}
	if v == nil {
		return
	}
	d.claim(v, t)
	n, col := root, 1
	keys := strings.Split(path, ".")
	for i, key := range keys {
		here := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: 1, Column: col}
		d.flags[here] = t
		col += len(key) + 1
		next := v
		if i < len(keys)-1 {
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: here.Column}
			d.flags[next] = t
		}
		switch n.Kind {
		case yaml.SequenceNode:
			j, err := strconv.Atoi(key)
			if err != nil || j < 0 || j >= len(n.Content) {
				d.fault(here, "%q is no item of the list, want 0 to %d", key, len(n.Content)-1)
				return
			}
			if next == v {
				n.Content[j] = v
			}
			n = n.Content[j]
		case yaml.MappingNode:
			j := 0
			for j < len(n.Content) && n.Content[j].Value != key {
				j += 2
			}
			switch {
			case j >= len(n.Content):
				n.Content = append(n.Content, here, next)
			case next == v:
				n.Content[j], n.Content[j+1] = here, v
			}
			if i < len(keys)-1 && key == "over" && n.Content[j+1].Kind == yaml.ScalarNode {
				n.Content[j+1] = d.byName(n.Content[j+1]) // over=saliency, before over.abs=false
			}
			n = n.Content[j+1]
		default:
			d.fault(here, "%q is a single value and has no %q", keys[i-1], key)
			return
		}
	}
}
