// Package experiments turns a YAML specification into a report: it plans the
// grid, computes the cells on all cores, keeps them in a content-addressed
// store that survives kills and shards, and has the report written from there.
package experiments

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/model"
	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

// Spec is a specification with every default filled in.
type Spec struct {
	Name         string       `yaml:"name"`         // of the run; names its directory under runs/
	Seed         uint64       `yaml:"seed"`         // of every random draw
	Data         Data         `yaml:"data"`         // the images that are explained
	Model        ModelSpec    `yaml:"model"`        // the network: trained in the run, or its weights read
	Target       Target       `yaml:"target"`       // what is explained: label, predicted, a class, or the difference of two
	Controls     bool         `yaml:"controls"`     // add a random map and an edge detector to every comparison
	Attributions attributions `yaml:"attributions"` // methods; a list for an option is an axis of the sweep
	Metrics      metricList   `yaml:"metrics"`      // what is measured on every attribution
	Report       ReportSpec   `yaml:"report"`       // what is written

	// Source is the text the user wrote, without the changes by --set.
	Source string `yaml:"-"`
	// Changes are the --set flags.
	Changes []string `yaml:"-"`

	dec *decoder
	at  map[string]*yaml.Node // top-level sections
}

// Data is the section data: a data set's options and the images of the split.
type Data struct {
	dataset.Options `yaml:",inline"`
	Images          Images `yaml:"images"` // 0:100 (half-open) or a list of indices; all by default
}

// ModelSpec is the section model.
type ModelSpec struct {
	Net     string          `yaml:"net"`     // a preset, see assay list nets, or a file of layers
	Layers  []model.Layer   `yaml:"layers"`  // or the layers one by one
	Weights string          `yaml:"weights"` // a .pt or .safetensors file, or default
	Train   *train.Settings `yaml:"train"`   // or the settings to train with first
}

// ReportSpec is the section report.
type ReportSpec struct {
	Formats  []string `yaml:"formats" jsonschema:"enum=text,enum=markdown,enum=csv,enum=latex,enum=html"` // of tables; none if empty
	Figures  []string `yaml:"figures" jsonschema:"enum=png,enum=svg,enum=pdf"`                            // of figures; none if empty
	Pictures int      `yaml:"pictures" jsonschema:"minimum=0,maximum=1000"`                               // the first so many images are shown with their maps
	Picture  pictures `yaml:"picture"`                                                                    // how maps are drawn
}

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

// Images chooses images of a split, as the user wrote it; see dataset.Indices.
type Images string

func (s *Images) decodeNode(d *decoder, n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode:
		*s = Images(n.Value)
		return
	case n.Kind != yaml.SequenceNode:
		d.fault(n, `images is a mapping, want a range like "0:100" or a list of indices`)
		return
	case len(n.Content) == 0:
		d.fault(n, "images is an empty list, want at least one index")
		return
	}
	var list []string
	for _, c := range n.Content {
		i, err := strconv.Atoi(c.Value)
		if c.Kind != yaml.ScalarNode || c.ShortTag() != "!!int" || err != nil || i < 0 {
			d.fault(c, "images has %s, want indices of images, 0 or more", kindName(c))
			return
		}
		list = append(list, strconv.Itoa(i))
	}
	*s = Images(strings.Join(list, ","))
}

// formats and figures are what the report can be written in.
var (
	formats = []string{"text", "markdown", "csv", "latex", "html"}
	figures = []string{"png", "svg", "pdf"}
)

// defaults returns the specification an empty file would mean, were it allowed.
func defaults() *Spec {
	return &Spec{
		Data:     Data{Options: dataset.Options{Split: "test"}, Images: ":"},
		Model:    ModelSpec{},
		Target:   "label",
		Controls: true,
		Report:   ReportSpec{Formats: slices.Clone(formats), Figures: slices.Clone(figures), Pictures: 8, Picture: pictures{reports.DefaultPicture()}},
	}
}

// controls are the methods that know nothing of the network: the rows every
// other row has to beat.
var controls = []string{"random", "edge_detector"}

// blind are all methods that know nothing of the network: controls too where a
// specification names them.
var blind = []string{"random", "edge_detector", "input", "constant"}

// Load reads a specification, changed by key=value assignments of --set. The
// error is a Faults that lists everything wrong with it that shows without
// opening data or weights. The Spec is returned with it, as far as it could be
// read, so that Prepare can look for more.
func Load(path string, set []string) (*Spec, error) {
	b, err := readYAML(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, string(b), set)
}

// Parse is Load for a text; name stands for the file in errors.
func Parse(name, source string, set []string) (*Spec, error) {
	return parse(name, source, set, false)
}

// parse reads a specification; a stored one is the canonical form, from which
// the places of data and weights were left out.
func parse(name, source string, set []string, stored bool) (*Spec, error) {
	s := defaults()
	s.Source, s.Changes = source, set
	d := newDecoder(newText(name, source))
	s.dec = d
	root := d.parse(d.file)
	if root == nil {
		return nil, d.err()
	}
	if root.Kind == yaml.MappingNode {
		for _, a := range set {
			d.set(root, a, "--set")
		}
	}
	at := positions{}
	d.fields(root, reflect.ValueOf(s).Elem(), "the specification", "", at, nil)
	s.at = at
	at[""] = root
	if !stored {
		s.require(root)
		s.network()
		s.defaultWeights()
		s.enums()
		if s.Model.Train != nil {
			d.check(prefixed("model.train", s.Model.Train.Check()), at, "model.train")
		}
		if s.Data.Dataset != "" {
			d.check(prefixed("data", s.Data.Check()), at, "data")
		}
	}
	if s.Controls {
		for _, name := range controls {
			e, ok := attr.Methods[name]
			if !ok {
				continue
			}
			if i := slices.IndexFunc(s.Attributions, func(a Attribution) bool { return a.Name == name }); i >= 0 {
				continue
			}
			m := e.New()
			s.Attributions = append(s.Attributions, Attribution{Name: name, Method: m, Options: describe(m), at: positions{"": root}})
		}
	}
	s.tell()
	for i := range s.Attributions {
		s.Attributions[i].Control = slices.Contains(blind, s.Attributions[i].Name)
	}
	return s, d.err()
}

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

// require demands the sections without which there is nothing to do.
func (s *Spec) require(root *yaml.Node) {
	d := s.dec
	if root.Kind != yaml.MappingNode {
		return
	}
	if lookup(root, "name") == nil {
		d.fault(root, "the specification has no name")
	} else if s.Name != "" && identify(s.Name, nil) != s.Name || s.Name == "." || s.Name == ".." {
		d.fault(s.at["name"], "name is %q, want letters, digits and . _ - + = only: it names a directory", s.Name)
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
