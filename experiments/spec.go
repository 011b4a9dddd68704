// Package experiments turns a YAML specification into a report: it plans the
// grid, computes the cells on all cores, keeps them in a content-addressed
// store that survives kills and shards, and has the report written from there.
package experiments

import (
	"reflect"
	"slices"

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
			s.Attributions = append(s.Attributions, Attribution{Name: name, Method: m, Options: describe(m), Live: live(m, describe(m)), at: positions{"": root}})
		}
	}
	s.tell()
	for i := range s.Attributions {
		s.Attributions[i].Control = slices.Contains(blind, s.Attributions[i].Name)
	}
	return s, d.err()
}
