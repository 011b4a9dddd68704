package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"assay/attr"
)

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
