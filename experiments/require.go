package experiments

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/train/dataset"
)

// prefixed puts the section before the options that err names.
func prefixed(section string, err error) error {
	var list faultList
	for _, p := range problems(err) {
		o := section
		if p.option != "" {
			o += "." + p.option
		}
		list = append(list, &optionProblem{o, p.msg})
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// optionProblem is a problem of a section of the specification itself.
type optionProblem struct{ Option, Msg string }

func (p *optionProblem) Error() string { return p.Option + " " + p.Msg }

type faultList []error

func (l faultList) Error() string   { return fmt.Sprint([]error(l)) }
func (l faultList) Unwrap() []error { return l }

// maxName bounds the name of a run: file systems take 255 bytes.
const maxName = 200

// require demands the sections without which there is nothing to do.
func (s *Spec) require(root *yaml.Node) {
	d := s.dec
	if root.Kind != yaml.MappingNode {
		return
	}
	if n := lookup(root, "name"); n == nil {
		d.fault(root, "the specification has no name")
	} else if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		switch {
		case identify(s.Name, nil) != s.Name || s.Name == "" || s.Name == "." || s.Name == "..":
			d.fault(n, "name is %q, want letters, digits and . _ - + = only: it names a directory", s.Name)
		case len(s.Name) > maxName:
			d.fault(n, "name has %d characters, want at most %d: it names a directory", len(s.Name), maxName)
		}
	}
	if n := lookup(root, "data"); n == nil {
		d.fault(root, "the specification has no data section")
	} else if n.Kind == yaml.MappingNode && lookup(n, "dataset") == nil {
		d.fault(n, "data names no dataset; known are %s", strings.Join(dataset.Names(), ", "))
	}
	if lookup(root, "attributions") == nil {
		d.fault(root, "the specification has no attributions")
	}
	n := lookup(root, "model")
	if n == nil {
		d.fault(root, "the specification has no model section")
		return
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	has := func(key string) bool { return lookup(n, key) != nil }
	d.oneNet(n, "model")
	switch {
	case has("weights") && has("train"):
		d.fault(lookup(n, "train"), "model has both weights and train, want one of them")
	case !has("weights") && !has("train"):
		d.fault(n, "model has neither weights nor train: where do the weights come from?")
	}
}

// embedded are the weights that come with assay, by the name that stands for
// them instead of a file.
const embedded = "default"

// defaultWeights faults weights: default for any network but that they are of.
func (s *Spec) defaultWeights() {
	n := s.at["model.weights"]
	if s.Model.Weights == embedded && n != nil && (s.Model.Net != "tutorial" || s.Data.Dataset != "shapes") {
		what := s.Model.Net
		if what == "" {
			what = "a network of your layers"
		}
		s.dec.fault(n, "weights are default, which are the net tutorial's for the dataset shapes, not those of %s for %s; a file of that name is ./default", what, s.Data.Dataset)
	}
}

// enums checks the section report.
func (s *Spec) enums() {
	one := func(key string, got []string, known []string) {
		n := s.at["report."+key]
		for i, g := range got {
			if n == nil || n.Kind != yaml.SequenceNode || i >= len(n.Content) {
				return
			}
			if !slices.Contains(known, g) && n.Content[i].Kind == yaml.ScalarNode {
				s.dec.fault(n.Content[i], "%s has %q%s", key, g, Suggest(g, known))
			} else if slices.Index(got, g) < i {
				s.dec.fault(n.Content[i], "%s has %q twice", key, g)
			}
		}
	}
	one("formats", s.Report.Formats, formats)
	one("figures", s.Report.Figures, figures)
	if p := s.Report.Pictures; p < 0 || p > 1000 {
		s.dec.fault(s.at["report.pictures"], "pictures is %d, want 0 to 1000", p)
	}
}

// formats and figures are what the report can be written in.
var (
	formats = []string{"text", "markdown", "csv", "latex", "html"}
	figures = []string{"png", "svg", "pdf"}
)

// CheckFormats reports formats and figures that no report can be written in.
func CheckFormats(f, fig []string) error {
	for _, x := range f {
		if !slices.Contains(formats, x) {
			return fmt.Errorf("formats has %q%s", x, Suggest(x, formats))
		}
	}
	for _, x := range fig {
		if !slices.Contains(figures, x) {
			return fmt.Errorf("figures has %q%s", x, Suggest(x, figures))
		}
	}
	return nil
}
