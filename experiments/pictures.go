package experiments

import (
	"reflect"

	"go.yaml.in/yaml/v4"

	"assay/reports"
)

// pictures is one way of drawing maps, or a list of ways to show side by side.
type pictures []reports.Picture

func (p *pictures) decodeNode(d *decoder, n *yaml.Node) {
	entries := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		entries = n.Content
		if len(entries) == 0 {
			d.fault(n, "picture is an empty list, want at least one way of drawing maps")
		}
	}
	*p = nil
	for _, e := range entries {
		one, at := reports.DefaultPicture(), positions{"": e}
		before := len(d.faults)
		d.fields(e, reflect.ValueOf(&one).Elem(), "picture", "", at, nil)
		if len(d.faults) == before {
			d.check(one.Check(), at, "picture")
		}
		*p = append(*p, one)
	}
}

// DecodePictures reads how maps are drawn from a flag's value in YAML: a mapping
// as in the section report, or a list of them. The error says what cannot be by
// the name of the flag.
func DecodePictures(value, flag string) ([]reports.Picture, error) {
	t := newText(flag, value)
	d := newDecoder(t)
	var p pictures
	if n := d.parse(t); n != nil {
		p.decodeNode(d, n)
	}
	return p, d.err()
}
