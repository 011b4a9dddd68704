package main

import (
	"fmt"
	"io"
	"reflect"
	"slices"

	"assay/attr"
	"assay/reports"
)

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
