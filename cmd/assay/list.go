package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"assay/attr"
	"assay/experiments"
	"assay/metrics"
	"assay/model"
	"assay/reports"
	"assay/train/dataset"
)

func listCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List methods, metrics, networks and data sets",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		listEntriesCmd("methods", "attribution methods", "integrated_gradients", "cost, options, defaults, sources and departures from Captum", methodItems),
		listEntriesCmd("metrics", "metrics", "deletion", "options, defaults, sources and departures from Quantus", metricItems),
		listNetsCmd(),
		listEntriesCmd("datasets", "data sets", "cifar10", "options, defaults and sources", datasetItems),
	)
	return c
}

// item is one entry of a table of methods, metrics or data sets.
type item struct {
	name, about, citation string
	group                 string   // that it is listed under; "" where there are none
	facts                 []string // further lines
	options               []option
	forms                 []string // kinds of values whose forms are listed behind the items, keys of valueForms
}

// option is one setting of an item.
type option struct{ name, def, doc string }

// listEntriesCmd lists the names of a table, or with --long or names all that
// is known of each.
func listEntriesCmd(use, what, example, details string, items func() []item) *cobra.Command {
	var long bool
	c := &cobra.Command{
		Use:   use + " [NAME]...",
		Short: "List the " + what,
		Long:  strings.Join(wrap("List the "+what+"; with --long or by name, their "+details+".", pageWidth), "\n"),
		Example: fmt.Sprintf(`  assay list %s
  assay list %s --long
  assay list %s %s`, use, use, use, example),
		Args: noneEmpty,
		RunE: func(c *cobra.Command, args []string) error {
			all := items()
			if len(args) == 0 && !long {
				return writeNames(c.OutOrStdout(), use, details, all)
			}
			chosen := all
			if len(args) > 0 {
				chosen = nil
			}
			for _, name := range args {
				i := slices.IndexFunc(all, func(it item) bool { return it.name == name })
				if i < 0 {
					names := make([]string, len(all))
					for j, it := range all {
						names[j] = it.name
					}
					return usagef("assay list %s: %q is not one of the %s%s", use, name, what, experiments.Suggest(name, names))
				}
				chosen = append(chosen, all[i])
			}
			for i, it := range chosen {
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				if err := it.write(c.OutOrStdout()); err != nil {
					return err
				}
			}
			return writeForms(c.OutOrStdout(), chosen)
		},
	}
	c.Flags().BoolVar(&long, "long", false, "show "+details)
	return c
}

// writeNames lists the items, those of a group under its name.
func writeNames(w io.Writer, use, details string, items []item) error {
	width := widthOf(w)
	t := reports.Table{Columns: []reports.Column{{Name: "name"}, {Name: "what it is"}}}
	group, column := "", 0
	for _, it := range items {
		column = max(column, len(it.name))
	}
	for i, it := range items {
		if it.group != group {
			group = it.group
			head := textRow(group+":", "")
			head.Rule = i > 0
			t.Rows = append(t.Rows, head)
		}
		t.Rows = append(t.Rows, wrappedRows(width-column-2*gap, it.name, it.about)...)
	}
	if err := writeTable(w, &t); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(wrap(fmt.Sprintf("'assay list %s --long' shows %s.", use, details), width), "\n"))
	return err
}

// gap is what a table takes beside its texts: a blank at either end of a row, and
// two between two columns.
const gap = 2

// wrappedRows is a row whose last text is broken into lines of at most width
// characters, each but the first a row by itself.
func wrappedRows(width int, cells ...string) []reports.Row {
	last := len(cells) - 1
	var rows []reports.Row
	for i, line := range wrap(cells[last], max(width, minWidth/3)) {
		row := make([]string, len(cells))
		if i == 0 {
			copy(row, cells)
		}
		row[last] = line
		rows = append(rows, textRow(row...))
	}
	return rows
}

func (it item) write(w io.Writer) error {
	width := widthOf(w)
	for _, line := range append([]string{it.name + ": " + it.about, it.citation}, it.facts...) {
		if _, err := fmt.Fprintln(w, hanging(line, width)); err != nil {
			return err
		}
	}
	if len(it.options) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	t := reports.Table{Columns: []reports.Column{{Name: "option"}, {Name: "default"}, {Name: "meaning"}}}
	name, def := len("option"), len("default")
	for _, o := range it.options {
		name, def = max(name, len(o.name)), max(def, len(o.def))
	}
	for _, o := range it.options {
		t.Rows = append(t.Rows, wrappedRows(width-name-def-3*gap, o.name, o.def, o.doc)...)
	}
	return writeTable(w, &t)
}

func textRow(s ...string) reports.Row {
	var r reports.Row
	for _, text := range s {
		r.Cells = append(r.Cells, reports.Cell{Text: text})
	}
	return r
}

func writeTable(w io.Writer, t *reports.Table) error {
	b, err := t.Render("text")
	if err != nil {
		return err
	}
	// The lines that are a title and a caption in a report are empty here.
	_, err = fmt.Fprintf(w, "%s\n", bytes.Trim(b, "\n"))
	return err
}

func methodItems() []item {
	var items []item
	tutorial := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := tutorial.Resolve(); err != nil {
		panic(err)
	}
	for _, name := range attr.Names() {
		e := attr.Methods[name]
		m := e.New()
		captum := "Departs from Captum: " + e.Departs
		switch {
		case e.Departs == "":
			captum = "As in Captum"
		case strings.HasPrefix(e.Departs, "not in Captum"):
			captum = "N" + e.Departs[1:]
		}
		items = append(items, item{
			name: name, about: e.About, citation: e.Citation, group: e.Family,
			facts: []string{
				"Cost per image, with the defaults on the network tutorial: " + attr.Cost(m, tutorial),
				captum,
			},
			options: optionsOf("", reflect.ValueOf(m)),
			forms:   formsOf(reflect.ValueOf(m)),
		})
	}
	return items
}

func metricItems() []item {
	var items []item
	for _, name := range metrics.Names() {
		e := metrics.Metrics[name]
		it := item{name: name, about: e.About, citation: e.Citation, group: e.Family, options: optionsOf("", reflect.ValueOf(e.New()))}
		if e.Departs != "" {
			it.facts = append(it.facts, "Departs from Quantus: "+e.Departs)
		}
		if metrics.NeedsMask(e.New()) {
			it.facts = append(it.facts, "Needs the object's mask of every image: the data set shapes, or image_folder with masks: DIR")
		}
		items = append(items, it)
	}
	return items
}

// datasetOptions says what the options mean that only some data sets read; the
// command line takes dir behind the name, the rest stands in specifications.
var datasetOptions = map[string][2]string{
	"dir":     {"", "where the files lie; on the command line behind the name, --data NAME:DIR"},
	"size":    {"none", "side in pixels that images are resized to; none: all have one size"},
	"masks":   {"none", "in specifications alone: directory of the objects' masks, PNGs named as the images, not black on the object"},
	"n_train": {"10000", "images of the train split"},
	"n_test":  {"2000", "images of the test split"},
	"seed":    {"0", "of the generator"},
}

func datasetItems() []item {
	var items []item
	for _, name := range dataset.Names() {
		e := dataset.Sets[name]
		it := item{name: name, about: e.About, citation: e.Citation}
		for _, o := range e.Options {
			d := datasetOptions[o]
			if o == "dir" {
				d[0] = cmp.Or(e.Dir, "required")
			}
			it.options = append(it.options, option{o, d[0], d[1]})
		}
		it.options = append(it.options,
			option{"mean", list(e.Mean), "taken from pixel/255, per channel"},
			option{"std", list(e.Std), "that the rest is divided by, per channel"})
		items = append(items, it)
	}
	return items
}
