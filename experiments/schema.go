package experiments

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/metrics"
	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

// Schema returns the JSON schema of a specification, made from the same structs
// and tables that the decoder reads. Editors complete and check with it;
// experiments/spec.schema.json is a copy.
func Schema() []byte {
	r := reflector()
	root := r.Reflect(defaults())
	root.Version = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "assay specification"
	root.Required = []string{"name", "data", "model", "attributions"}
	definitions := jsonschema.Definitions{"method": oneOf(), "attribution": oneOf(), "metric": oneOf()}
	names := &jsonschema.Schema{Enum: enum(sortedKeys(attr.Methods))}
	for _, of := range []string{"method", "attribution"} {
		definitions[of+orName] = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{names, {Ref: "#/$defs/" + of}}}
	}
	for _, name := range sortedKeys(attr.Methods) {
		e := attr.Methods[name]
		definitions["method"].OneOf = append(definitions["method"].OneOf, entrySchema(r, "method", name, e.About+". "+e.Citation, e.New(), false))
		definitions["attribution"].OneOf = append(definitions["attribution"].OneOf, entrySchema(r, "method", name, e.About+". "+e.Citation, e.New(), true))
	}
	for _, name := range sortedKeys(metrics.Metrics) {
		e := metrics.Metrics[name]
		s := entrySchema(r, "metric", name, e.About+". "+e.Citation, e.New(), true)
		s.Properties.Set("only", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Enum: enum(sortedKeys(attr.Methods))}, Description: "methods it is computed for, besides the controls; all by default"})
		if _, ok := s.Properties.Get("max_images"); !ok {
			s.Properties.Set("max_images", &jsonschema.Schema{Type: "integer", Minimum: "0", Description: "computed for the first so many images; 0 means all"})
		}
		definitions["metric"].OneOf = append(definitions["metric"].OneOf, s)
	}
	root.Definitions = definitions
	describeSections(root)
	section(root, "report").Properties.Set("picture", pictureSchema(r))
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("experiments: schema: " + err.Error())
	}
	return append(b, '\n')
}

// orName is behind the name of a definition that may also be a method's name
// alone: a method over another needs no options for it.
const orName = "_or_name"

func oneOf() *jsonschema.Schema { return &jsonschema.Schema{} }

func enum(s []string) []any {
	a := make([]any, len(s))
	for i, v := range s {
		a[i] = v
	}
	return a
}

func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{
		FieldNameTag: "yaml", Anonymous: true, DoNotReference: true, ExpandedStruct: true,
		RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case methodType:
				return &jsonschema.Schema{Ref: "#/$defs/method" + orName}
			case reflect.TypeFor[attributions]():
				return list("attribution")
			case reflect.TypeFor[metricList]():
				return list("metric")
			case reflect.TypeFor[pictures]():
				return &jsonschema.Schema{} // see pictureSchema
			case reflect.TypeFor[Images]():
				return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
					{Type: "string"},
					{Type: "array", Items: &jsonschema.Schema{Type: "integer", Minimum: "0"}, MinItems: ptr(1)},
				}}
			case reflect.TypeFor[Target]():
				return targetSchema()
			}
			if reflect.PointerTo(t).Implements(textType) {
				return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}}}
			}
			return nil
		},
	}
}

func list(of string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Ref: "#/$defs/" + of}, MinItems: ptr(1)}
}

// targetSchema is a class by name or number, or the difference of two.
func targetSchema() *jsonschema.Schema {
	one := []*jsonschema.Schema{{Type: "string"}, {Type: "integer", Minimum: "0"}}
	two := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"class"}, AdditionalProperties: jsonschema.FalseSchema}
	two.Properties.Set("class", &jsonschema.Schema{AnyOf: one})
	two.Properties.Set("minus", &jsonschema.Schema{AnyOf: one})
	return &jsonschema.Schema{AnyOf: append(one[:2:2], two)}
}

func ptr(n uint64) *uint64 { return &n }

// entrySchema describes one method or metric; where it may be swept, every
// single value may also be a list of them.
func entrySchema(r *jsonschema.Reflector, key, name, about string, of any, swept bool) *jsonschema.Schema {
	s := r.Reflect(of)
	s.Version = ""
	s.Description = about
	s.Required = []string{key}
	setDefaults(s, canonical(reflect.ValueOf(of)))
	if s.Properties == nil {
		s.Properties = jsonschema.NewProperties()
	}
	fs := options(reflect.ValueOf(of).Elem())
	for _, f := range fs {
		if p, ok := s.Properties.Get(f.name); ok && p.Description == "" {
			p.Description = f.doc
		}
		if p, ok := s.Properties.Get(f.name); ok && noneIsUnset[f.name] {
			switch {
			case p.Type == "array":
				items := *p
				items.Default, items.Description = nil, ""
				*p = jsonschema.Schema{Default: p.Default, Description: p.Description, AnyOf: []*jsonschema.Schema{&items, {Const: "none"}}}
			case len(p.Enum) > 0:
				p.Enum = append(p.Enum, "none")
			}
		}
	}
	if swept {
		for _, f := range fs {
			p, ok := s.Properties.Get(f.name)
			if !ok || !single(f.value.Type()) {
				continue
			}
			item := *p
			item.Default, item.Description = nil, ""
			if p.Ref != "" {
				item = jsonschema.Schema{Ref: "#/$defs/attribution" + orName}
			}
			s.Properties.Set(f.name, &jsonschema.Schema{Default: p.Default, Description: p.Description, AnyOf: []*jsonschema.Schema{
				&item, {Type: "array", Items: &item, MinItems: ptr(1)},
			}})
		}
	}
	s.Properties.Set(key, &jsonschema.Schema{Const: name})
	if err := s.Properties.MoveToFront(key); err != nil {
		panic("experiments: schema: " + err.Error())
	}
	return s
}

// pictureSchema describes the ways of drawing maps: one, or a list.
func pictureSchema(r *jsonschema.Reflector) *jsonschema.Schema {
	p := reports.DefaultPicture()
	s := r.Reflect(&p)
	s.Version = ""
	setDefaults(s, canonical(reflect.ValueOf(&p)))
	for _, f := range options(reflect.ValueOf(&p).Elem()) {
		section(s, f.name).Description = f.doc
	}
	names := []string{"auto"}
	for _, c := range reports.Cmaps() {
		names = append(names, c, c+"_r")
	}
	section(s, "cmap").Enum = enum(names)
	return &jsonschema.Schema{
		Description: "how maps are drawn, by the options of Captum's visualize_image_attr; a list shows several ways side by side",
		AnyOf:       []*jsonschema.Schema{s, {Type: "array", Items: s, MinItems: ptr(1)}},
	}
}

// setDefaults copies the values of a canonical mapping into the schema.
func setDefaults(s *jsonschema.Schema, n *yaml.Node) {
	if s.Properties == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p, ok := s.Properties.Get(n.Content[i].Value)
		if !ok {
			continue
		}
		switch v := n.Content[i+1]; {
		case v.Kind == yaml.MappingNode:
			setDefaults(p, v)
		case v.Kind == yaml.SequenceNode && len(v.Content) > 0 && v.Content[0].Kind == yaml.MappingNode:
			// A list of mappings is described where its entries are.
		case v.Kind == yaml.SequenceNode:
			var list []any
			for _, c := range v.Content {
				list = append(list, native(c))
			}
			p.Default = list
		case v.Tag != "!!null":
			p.Default = native(v)
		}
	}
}

func native(n *yaml.Node) any {
	if n.Tag == "!!str" {
		return n.Value
	}
	return json.RawMessage(n.Value)
}

// describeSections says what the sections of a specification are for, with the
// names that they may hold.
func describeSections(root *jsonschema.Schema) {
	settings := train.DefaultSettings()
	for _, s := range []struct{ section, key, about string }{
		{"", "name", "of the run; names its directory under runs/"},
		{"", "seed", "of every random draw of the run"},
		{"", "data", "the images that are explained"},
		{"", "model", "the network: a preset or layers, with weights from a file or trained in the run"},
		{"", "target", "the logit that is explained: label, predicted, a class by number or name, or the difference of two, cat-dog or {class: cat, minus: dog}"},
		{"", "controls", "add a random map and an edge detector to every comparison"},
		{"", "attributions", "the methods; a list for an option is an axis of the sweep"},
		{"", "metrics", "what is measured on every attribution"},
		{"", "report", "what is written"},
		{"data", "images", "a half-open range like 0:100, or a list of indices into the split; all by default"},
		{"model", "net", "a preset network, or a YAML file with layers"},
		{"model", "layers", "the layers one by one, instead of a preset"},
		{"model", "weights", "a .pt or .safetensors file, or default: those that come with assay, of the net tutorial for shapes"},
		{"model", "train", "the settings to train with, instead of weights from a file"},
		{"report", "formats", "of the tables; [] for no table files"},
		{"report", "figures", "formats of the figures; [] for no figures"},
		{"report", "pictures", "the first so many images are shown with their maps"},
	} {
		at := root
		if s.section != "" {
			at, _ = root.Properties.Get(s.section)
		}
		if p, ok := at.Properties.Get(s.key); ok {
			p.Description = s.about
		}
	}
	d, m := section(root, "data"), section(root, "model")
	d.Required = []string{"dataset"}
	if p, ok := d.Properties.Get("dataset"); ok {
		p.Enum = enum(dataset.Names())
	}
	if p, ok := d.Properties.Get("split"); ok {
		p.Enum, p.Default = enum(dataset.Splits), "test"
	}
	if p, ok := m.Properties.Get("net"); ok {
		p.Type = ""
		p.AnyOf = []*jsonschema.Schema{{Enum: enum(presets())}, {Type: "string", Pattern: `[/\\]|\.ya?ml$|\$\{`}}
	}
	setDefaults(section(m, "train"), canonical(reflect.ValueOf(settings)))
	report := section(root, "report")
	setDefaults(report, canonical(reflect.ValueOf(defaults().Report)))
	if p, ok := root.Properties.Get("target"); ok {
		p.Default = "label"
	}
	if p, ok := root.Properties.Get("controls"); ok {
		p.Default = true
	}
}

func section(s *jsonschema.Schema, key string) *jsonschema.Schema {
	p, ok := s.Properties.Get(key)
	if !ok {
		panic("experiments: schema: no section " + key)
	}
	return p
}
