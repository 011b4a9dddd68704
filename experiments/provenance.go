package experiments

import (
	"bytes"
	"encoding/json"
	"fmt"

	"assay/attr"
	"assay/model"
	"assay/train/dataset"
)

// Explained is what maps outside a run are made of: one method, one network, some
// images.
type Explained struct {
	Method  attr.Method
	Net     *NetSource
	Model   *model.Model
	Weights string // file the weights were read from; empty for those that come with assay

	Data    *dataset.Dataset
	Options dataset.Options  // that Data was opened by
	Train   *dataset.Dataset // what baselines are made of, nil where none are
	Images  string           // as the user wrote it
	Target  Target
	Seed    uint64
}

// provenance is a Manifest without what only a run has.
type provenance struct {
	Assay     string        `json:"assay"`
	Spec      string        `json:"spec"`
	Dataset   string        `json:"dataset"`
	Split     string        `json:"split"`
	DataHash  string        `json:"data_hash"`
	Shape     model.Shape   `json:"shape"`
	Classes   []string      `json:"classes"`
	Files     []File        `json:"files,omitempty"`
	Net       string        `json:"net"`
	Layers    []model.Layer `json:"layers"`
	Weights   string        `json:"weights"`
	Model     string        `json:"model"`
	FileSum   string        `json:"weights_file,omitempty"`
	Reference string        `json:"reference_hash,omitempty"`
}

// Provenance writes down what the maps are made of as JSON, with the keys and
// values that the manifest of a run of the same would have; the key spec holds the
// specification, every default written out. Neither time nor host enter, nor where
// data and weights lie. The error is an InputError: a file that cannot be read.
func (x Explained) Provenance() ([]byte, error) {
	s := defaults()
	s.Name, s.Seed, s.Target, s.Controls = attr.Name(x.Method), x.Seed, x.Target, false
	s.Data = Data{Options: x.Options, Images: Images(x.Images)}
	s.Model = ModelSpec{Net: x.Net.net.Net, Layers: x.Net.net.Layers}
	s.Attributions = attributions{{Name: s.Name, Method: x.Method}}
	net := *x.Model.Net()
	if x.Net.Preset() == "" {
		net.Name = layersName // wherever they stood
	}
	b := &Bench{Spec: s, Data: x.Data, Net: &net, weights: x.Model.Weights(), files: map[string]string{}}
	if x.Train != nil {
		b.refSum = x.Train.Hash()
	}
	read := func(file string) (string, error) {
		sum, err := fileSum(file)
		if err != nil {
			return "", inputf("experiments: %w", err)
		}
		return sum, nil
	}
	var err error
	for _, f := range attr.Files(x.Method) {
		if b.files[f], err = read(f); err != nil {
			return nil, err
		}
	}
	if x.Weights != "" {
		if b.weightsSum, err = read(x.Weights); err != nil {
			return nil, err
		}
	}
	m, err := b.manifest()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(provenance{
		m.Assay, m.Spec, m.Dataset, m.Split, m.DataHash, m.Shape, m.Classes, m.Files,
		m.Net, m.Layers, m.Weights, m.Model, m.FileSum, m.Reference,
	}); err != nil {
		return nil, fmt.Errorf("experiments: provenance: %w", err)
	}
	return out.Bytes(), nil
}
