package main

import (
	"bytes"
	"cmp"
	"encoding"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/reports"
	"assay/train/dataset"
)

func listCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List methods, metrics, networks and data sets",
		Args:  cobra.NoArgs,
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
					return usagef("%q is not one of the %s: want one of %s", name, what, strings.Join(names, ", "))
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

// valueForms are the ways to write values of options that are text of their own
// kind, in the order in which they are listed.
var valueForms = []struct {
	kind, title string
	forms       []attr.Form
}{
	{"baseline", "Baselines, which only some methods take as distributions:", attr.BaselineForms},
	{"mask", "Masks, which say what is one feature:", attr.MaskForms},
	{"rules", "Rules of lrp, behind LAYER=:", attr.LRPRuleForms},
}

// writeForms explains the values that options of the items take.
func writeForms(w io.Writer, items []item) error {
	width := widthOf(w)
	for _, v := range valueForms {
		if !slices.ContainsFunc(items, func(it item) bool { return slices.Contains(it.forms, v.kind) }) {
			continue
		}
		fmt.Fprintf(w, "\n%s\n\n", v.title)
		t := reports.Table{Columns: []reports.Column{{Name: "value"}, {Name: "meaning"}}}
		column := 0
		for _, f := range v.forms {
			column = max(column, len(f.Text))
		}
		for _, f := range v.forms {
			t.Rows = append(t.Rows, wrappedRows(width-column-2*gap, f.Text, f.About)...)
		}
		if err := writeTable(w, &t); err != nil {
			return err
		}
	}
	return nil
}

// formsOf names the kinds of values, keys of valueForms, that options of a struct
// take; those that one of its methods inside takes by default count.
func formsOf(v reflect.Value) []string {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	var kinds []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		switch x := v.Field(i).Interface().(type) {
		case attr.Baseline:
			kinds = append(kinds, "baseline")
		case attr.Mask:
			kinds = append(kinds, "mask")
		case attr.LRPRules:
			kinds = append(kinds, "rules")
		case attr.Method:
			if x != nil {
				kinds = append(kinds, formsOf(reflect.ValueOf(x))...)
			}
		default:
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				kinds = append(kinds, formsOf(v.Field(i))...)
			}
		}
	}
	return kinds
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

// optionsOf lists the options of a struct by their yaml tags, those of a nested
// method with a dot.
func optionsOf(prefix string, v reflect.Value) []option {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	var out []option
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(flags, "inline") {
			out = append(out, optionsOf(prefix, v.Field(i))...)
			continue
		}
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		out = append(out, option{prefix + name, defaultOf(v.Field(i)), meaning(f.Tag)})
		if m, is := v.Field(i).Interface().(attr.Method); is && m != nil {
			out = append(out, optionsOf(prefix+name+".", reflect.ValueOf(m))...)
		}
	}
	return out
}

// defaultOf writes a default as it would stand in YAML; "none" is an option
// that is off unless given.
func defaultOf(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case attr.Method:
		return attr.Name(x)
	case encoding.TextMarshaler:
		if b, err := x.MarshalText(); err == nil {
			return string(b)
		}
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.Slice:
		s := make([]string, v.Len())
		for i := range s {
			s[i] = defaultOf(v.Index(i))
		}
		if len(s) > 0 {
			return "[" + strings.Join(s, ", ") + "]"
		}
		return "none"
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "none"
		}
		return defaultOf(v.Elem())
	}
	if s := fmt.Sprint(v.Interface()); s != "" {
		return s
	}
	return "none"
}

// meaning joins a field's description with the values that its schema allows,
// where the description does not name them.
func meaning(tag reflect.StructTag) string {
	doc := tag.Get("doc")
	var enum []string
	lo, hi := "", ""
	for part := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "enum":
			enum = append(enum, value)
		case "minimum":
			lo = value
		case "maximum":
			hi = value
		case "description":
			if doc == "" {
				doc = value
			}
		}
	}
	allowed := ""
	named := func(s string) bool { return strings.Contains(doc, s) }
	switch {
	case len(enum) > 0 && slices.ContainsFunc(enum, func(s string) bool { return !named(s) }):
		allowed = strings.Join(enum, ", ")
	case lo != "" && hi != "":
		allowed = lo + " to " + hi
	case lo != "":
		allowed = "at least " + lo
	case hi != "":
		allowed = "at most " + hi
	}
	if doc == "" || allowed == "" {
		return doc + allowed
	}
	return doc + "; " + allowed
}

func listNetsCmd() *cobra.Command {
	var input string
	var classes int
	c := &cobra.Command{
		Use:   "nets",
		Short: "List the preset networks: layers, output shapes, parameters",
		Example: `  assay list nets
  assay list nets --input 1x28x28 --classes 10`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var s model.Shape
			if n, err := fmt.Sscanf(input+"\n", "%dx%dx%d\n", &s.C, &s.H, &s.W); n != 3 || err != nil || min(s.C, s.H, s.W) < 1 || max(s.C, s.H, s.W) > 1<<16 {
				return usagef("--input %q is no shape: want CHANNELSxROWSxCOLUMNS, as 3x32x32", input)
			}
			if classes < 1 || classes > 1<<16 {
				return usagef("--classes %d: want 1 to 65536", classes)
			}
			for i, name := range slices.Sorted(maps.Keys(model.Nets)) {
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				if err := writeNet(c.OutOrStdout(), name, s, classes); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&input, "input", "3x32x32", "shape of an image: channels, rows, columns")
	c.Flags().IntVar(&classes, "classes", 10, "number of classes")
	return c
}

// writeNet writes the summary table of a preset network, or why images of that
// shape are not for it.
func writeNet(w io.Writer, name string, in model.Shape, classes int) error {
	e := model.Nets[name]
	n := e.New(in, classes)
	width := widthOf(w)
	fmt.Fprintf(w, "%s\n%s\n\n", hanging(name+": "+e.About, width), hanging(e.Citation, width))
	if err := n.Resolve(); err != nil {
		_, err = fmt.Fprintf(w, "Not for %v images: %s\n", in, strings.TrimPrefix(err.Error(), "model: "))
		return err
	}
	count, total := map[string]int{}, 0
	for _, p := range n.Params() {
		if p.Statistic {
			continue // kept, not learned: no parameter
		}
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		count[p.Name[:strings.LastIndexByte(p.Name, '.')]] += size
		total += size
	}
	t := reports.Table{Columns: []reports.Column{{Name: "layer"}, {Name: "kind"}, {Name: "output"}, {Name: "parameters", Numeric: true}}}
	t.Rows = append(t.Rows, textRow("input", "", in.String(), ""))
	for i, s := range n.Shapes() {
		l := n.Layers[i]
		params := ""
		if count[l.Name] > 0 {
			params = strconv.Itoa(count[l.Name])
		}
		t.Rows = append(t.Rows, textRow(l.Name, kindOf(l), s.String(), params))
	}
	sum := textRow("total", "", "", strconv.Itoa(total))
	sum.Rule = true
	t.Rows = append(t.Rows, sum)
	return writeTable(w, &t)
}

// kindOf describes a layer with what its output shape does not show.
func kindOf(l model.Layer) string {
	s := l.Kind
	if l.Kernel > 0 {
		s += fmt.Sprintf(" %dx%d", l.Kernel, l.Kernel)
		if l.Kind == "conv2d" && l.Stride != 1 || l.Kind != "conv2d" && l.Stride != l.Kernel {
			s += fmt.Sprintf(", stride %d", l.Stride)
		}
		if l.Padding > 0 {
			s += fmt.Sprintf(", padding %d", l.Padding)
		}
	}
	if l.Input != "" {
		s += " of " + l.Input
	}
	if l.From != "" {
		s += " from " + l.From
	}
	return s
}
