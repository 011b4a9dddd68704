package experiments

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/model"
	"assay/train/dataset"
)

// Flagged is a method made of flags, which knows where each option came from.
type Flagged struct {
	Method attr.Method
	d      *decoder
	at     positions
}

// DecodeMethod makes the method of that name with options given as key=value,
// the value in YAML; a dot reaches into a nested method (over.n_steps=20, or
// over=saliency, over={method: saliency}). The error is a Faults with every
// option that cannot be, at the place in the flag that gave it. The caller still
// has to Check the method on its network.
func DecodeMethod(name string, params []string, flag string) (*Flagged, error) {
	d := newDecoder(newText(flag, ""))
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
	root.Content = append(root.Content,
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "method", Line: 1, Column: 1},
		&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: 1, Column: 1})
	d.claim(root, newText("--method", name))
	given := map[string]bool{"method": true} // by a flag of its own
	for _, p := range params {
		key, _, _ := strings.Cut(p, "=")
		if given[key] {
			d.faults = append(d.faults, newText(flag, p).fault(1, 1, fmt.Sprintf("%q is given twice", key)))
			continue
		}
		given[key] = true
		d.set(root, p, flag)
	}
	f := &Flagged{d: d, at: positions{}}
	f.Method = d.method(root, "method", "", f.at)
	return f, d.err()
}

// Check checks the method on its network. Its error is a Faults: an option that
// no flag gave is at fault where the method was named.
func (f *Flagged) Check(n *model.Net) error {
	f.d.check(f.Method.Check(n), f.at, attr.Name(f.Method))
	return f.d.err()
}

// CheckTraining reports, as a Faults, that the method wants more training images
// than there are.
func (f *Flagged) CheckTraining(train *dataset.Dataset) error {
	f.d.wants(f.Method, f.at, train)
	return f.d.err()
}
