package experiments

import (
	"encoding"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/metrics"
)

// maxSweep bounds the configurations of one entry: a product of long lists is
// more often a slip than a wish.
const maxSweep = 10000

// Attribution is one attribution configuration of the plan: a method with a
// value for each of its options. It is a row of every comparison.
type Attribution struct {
	ID      string // unique in the run and fit for a file name
	Name    string // the method's name in attr.Methods
	Method  attr.Method
	Options []Option // every one, in the struct's order
	Live    []Option // those that have an effect beside the others (attr.Idle)
	Told    []Option // of these what differs from the default or between rows of the method
	Control bool     // knows nothing of the network
	at      positions
}

// Metric is one metric configuration of the plan.
type Metric struct {
	ID        string
	Name      string // in metrics.Metrics
	Metric    metrics.Metric
	Options   []Option // every one, in the struct's order
	Told      []Option // those that differ from the default or between rows of the metric
	Only      []string // methods it is computed for, besides the controls; nil means all
	MaxImages int      // it is computed for the first so many images of the run; 0 means all
	at        positions
}

// attributions is the section of that name, every list an axis.
type attributions []Attribution

// metricList is the section metrics, every list an axis.
type metricList []Metric

func (l *attributions) decodeNode(d *decoder, n *yaml.Node) {
	seen := map[string]bool{}
	d.entries(n, "attributions", func(entry *yaml.Node) {
		for _, v := range d.alternatives(entry, methodType) {
			at := positions{}
			m := d.method(v, "entry of attributions", "", at)
			if m == nil {
				continue
			}
			name := at[""].Value
			a := Attribution{Name: name, Method: m, Options: describe(m), at: at}
			a.Live = live(m, a.Options)
			// The same configuration may come from two entries, or from two values of
			// an option that the others leave without effect: it is one row.
			if key := keyOf(fields([]string{name}, a.Live)...); !seen[key] {
				seen[key] = true
				*l = append(*l, a)
			}
		}
	})
}

func (l *metricList) decodeNode(d *decoder, n *yaml.Node) {
	d.entries(n, "metrics", func(entry *yaml.Node) {
		for _, v := range d.alternatives(entry, reflect.TypeFor[metrics.Metric]()) {
			name, k := d.head(v, "metric", "entry of metrics")
			if k == nil {
				continue
			}
			e, ok := metrics.Metrics[name]
			if !ok {
				d.fault(k, "unknown metric %q%s", name, Suggest(name, sortedKeys(metrics.Metrics)))
				continue
			}
			m := Metric{Name: name, Metric: e.New(), at: positions{"": k}}
			extra := map[string]*yaml.Node{"metric": nil, "only": nil}
			value := reflect.ValueOf(m.Metric).Elem()
			if !slices.Contains(names(options(value)), "max_images") {
				extra["max_images"] = nil
			}
			d.fields(v, value, name, "", m.at, extra)
			if c := extra["only"]; c != nil {
				d.decode(c, reflect.ValueOf(&m.Only).Elem(), name, "only", m.at)
				for _, item := range c.Content {
					if _, ok := attr.Methods[item.Value]; !ok && item.Kind == yaml.ScalarNode {
						d.fault(item, "unknown method %q in only%s", item.Value, Suggest(item.Value, sortedKeys(attr.Methods)))
					}
				}
			}
			if c := extra["max_images"]; c != nil {
				d.decode(c, reflect.ValueOf(&m.MaxImages).Elem(), name, "max_images", m.at)
				if m.MaxImages < 0 {
					d.fault(c, "max_images is %d, want 0 (all) or more", m.MaxImages)
				}
			}
			if l, ok := m.Metric.(interface{ Limit() int }); ok {
				m.MaxImages = l.Limit()
			}
			m.Options = describe(m.Metric)
			i := slices.IndexFunc(*l, func(b Metric) bool { return b.Name == name && slices.Equal(m.Options, b.Options) })
			if i < 0 {
				*l = append(*l, m)
			} else if b := (*l)[i]; !slices.Equal(b.Only, m.Only) || b.MaxImages != m.MaxImages {
				d.fault(k, "%s is listed before with the same options, but for other methods or images: want one entry with all of them", name)
			}
		}
	})
}

// entries hands over the mappings of a list.
func (d *decoder) entries(n *yaml.Node, section string, each func(n *yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, "%s is %s, want a list of mappings", section, kindName(n))
		return
	}
	if len(n.Content) == 0 {
		d.fault(n, "%s is an empty list, want at least one entry", section)
		return
	}
	for _, e := range n.Content {
		each(e)
	}
}

// alternatives spreads the axes of an entry: every list where the option wants
// a single value. It returns one mapping for each point of the sweep, the last
// axis running fastest. Faults that need the option's type are left to the
// decoder.
func (d *decoder) alternatives(n *yaml.Node, of reflect.Type) []*yaml.Node {
	if n.Kind != yaml.MappingNode {
		return []*yaml.Node{n}
	}
	fs := optionsOf(n, of)
	out := []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}}
	d.flags[out[0]] = d.textOf(n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		values := []*yaml.Node{c}
		j := slices.IndexFunc(fs, func(f field) bool { return f.name == k.Value })
		switch {
		case j < 0 || k.Value == "only":
		case fs[j].value.Type() == methodType:
			if c.Kind == yaml.SequenceNode {
				values = c.Content
			}
			var spread []*yaml.Node
			for _, v := range values {
				spread = append(spread, d.alternatives(d.named(v, fs[j].value), methodType)...)
			}
			values = spread
		case c.Kind == yaml.SequenceNode && (single(fs[j].value.Type()) || len(c.Content) > 0 && c.Content[0].Kind == yaml.SequenceNode):
			values = c.Content
		}
		if len(values) == 0 {
			d.fault(c, "%s is an empty list, want at least one value", k.Value)
			continue
		}
		if len(out)*len(values) > maxSweep {
			d.fault(k, "the sweep has more than %d configurations", maxSweep)
			return out[:1]
		}
		var next []*yaml.Node
		for _, o := range out {
			for _, v := range values {
				m := *o
				m.Content = append(slices.Clone(o.Content), k, v)
				d.flags[&m] = d.textOf(n)
				next = append(next, &m)
			}
		}
		out = next
	}
	return out
}

func (d *decoder) textOf(n *yaml.Node) *text {
	if t, ok := d.flags[n]; ok {
		return t
	}
	return d.file
}

// optionsOf lists the options of what the mapping names, none if it names
// nothing that exists.
func optionsOf(n *yaml.Node, of reflect.Type) []field {
	if of == methodType {
		if k := lookup(n, "method"); k != nil {
			if e, ok := attr.Methods[k.Value]; ok {
				return options(reflect.ValueOf(e.New()).Elem())
			}
		}
		return nil
	}
	if k := lookup(n, "metric"); k != nil {
		if e, ok := metrics.Metrics[k.Value]; ok {
			return options(reflect.ValueOf(e.New()).Elem())
		}
	}
	return nil
}

// single tells whether YAML writes the type as one value, so that a list of
// them is an axis.
func single(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	return t.Kind() != reflect.Slice && t.Kind() != reflect.Struct && t.Kind() != reflect.Pointer
}
