package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/model"
	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

// print prints how the trained network classifies the test split.
func (f *trainFlags) print(w io.Writer, res *train.Result, test *dataset.Dataset) error {
	number := func(v float64) reports.Cell {
		if math.IsNaN(v) {
			return reports.Cell{Text: "—"}
		}
		return reports.Cell{Text: fmt.Sprintf("%.3f", v)}
	}
	classes := &reports.Table{
		ID: "classification", Title: "Classification of the test split",
		Columns: []reports.Column{{Name: "class"}, {Name: "precision", Numeric: true}, {Name: "recall", Numeric: true}, {Name: "F1", Numeric: true}, {Name: "support", Numeric: true}},
		Caption: "— where a class was never predicted or has no images.",
	}
	confusion := &reports.Table{
		ID: "confusion", Title: "Confusion matrix of the test split",
		Columns: []reports.Column{{Name: "label \\ predicted"}},
		Caption: "Images by label (rows) and predicted class (columns).",
	}
	defined := true
	for k, r := range res.PerClass {
		defined = defined && !math.IsNaN(r.Precision+r.Recall+r.F1)
		classes.Rows = append(classes.Rows, reports.Row{Cells: []reports.Cell{{Text: r.Name}, number(r.Precision), number(r.Recall), number(r.F1), {Text: fmt.Sprint(r.Support)}}})
		confusion.Columns = append(confusion.Columns, reports.Column{Name: r.Name, Numeric: true})
		cells := []reports.Cell{{Text: r.Name}}
		for _, n := range res.Confusion[k] {
			cells = append(cells, reports.Cell{Text: fmt.Sprint(n)})
		}
		confusion.Rows = append(confusion.Rows, reports.Row{Cells: cells})
	}
	if defined {
		classes.Caption = ""
	}
	for _, t := range []*reports.Table{classes, confusion} {
		b, err := t.Render("text")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n\n", strings.TrimSpace(string(b))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "Test accuracy %.2f %% on %d images.\n%s: weights %s\n", 100*res.Accuracy, test.Len(), f.out, res.Weights.Hash())
	return err
}

// page is the report of a training: a run without attributions. It says where
// the data come from by their hash; no path enters.
func (f *trainFlags) page(net *model.Net, res *train.Result, sets [2]*dataset.Dataset, warnings []string) *reports.Run {
	t := &reports.Training{Running: res.Running, Interval: res.Interval, Confusion: res.Confusion, Accuracy: res.Accuracy}
	for _, e := range res.Epochs {
		t.Epochs = append(t.Epochs, reports.Epoch(e))
	}
	for _, c := range res.PerClass {
		t.PerClass = append(t.PerClass, reports.Class(c))
	}
	d := sets[0]
	spec := f.spec(net)
	name := net.Name
	if _, preset := model.Nets[name]; !preset {
		name = strings.TrimSuffix(filepath.Base(f.net), filepath.Ext(f.net))
	}
	return &reports.Run{
		Name: name + " on " + d.Name, Spec: spec, Canonical: spec, Classes: d.Classes,
		C: d.Shape.C, H: d.Shape.H, W: d.Shape.W, Training: t, Warnings: warnings,
		Facts: []reports.Fact{
			{Name: "seed", Value: fmt.Sprint(f.seed)},
			{Name: "weights", Value: res.Weights.Hash()},
			{Name: "training images", Value: fmt.Sprintf("%d, hash %s", sets[0].Len(), sets[0].Hash())},
			{Name: "test images", Value: fmt.Sprintf("%d, hash %s", sets[1].Len(), sets[1].Hash())},
		},
	}
}

// spec writes the training as the sections of a specification that would train
// the same network. Where the data lie stays out.
func (f *trainFlags) spec(net *model.Net) string {
	o, err := f.options("--data")
	if err != nil {
		panic("assay: --data was read before: " + err.Error())
	}
	o.Dir = ""
	var s struct {
		Seed  uint64          `yaml:"seed"`
		Data  dataset.Options `yaml:"data"`
		Model struct {
			Net    string         `yaml:"net,omitempty"`
			Layers []model.Layer  `yaml:"layers,omitempty"`
			Train  train.Settings `yaml:"train"`
		} `yaml:"model"`
	}
	s.Seed, s.Data, s.Model.Train = f.seed, o, f.Settings
	if _, preset := model.Nets[net.Name]; preset {
		s.Model.Net = net.Name
	} else {
		s.Model.Layers = net.Layers
	}
	b, err := yaml.Marshal(s)
	if err != nil {
		panic("assay: settings that YAML cannot hold: " + err.Error())
	}
	return string(b)
}
