package experiments

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/train"
)

// A decoder fills plain structs from YAML nodes, strictly: a key that the
// struct's yaml tags do not name, a key given twice, a value of another type
// or out of the type's range is a fault at its line and column. It goes on
// after a fault, so that one look shows them all.
type decoder struct {
	file   *text
	flags  map[*yaml.Node]*text // where nodes that are not from the file came from
	faults Faults
	seen   map[string]bool // a sweep decodes the same node many times
	doc    string          // what the option means that is being decoded
}

func newDecoder(t *text) *decoder {
	return &decoder{file: t, flags: map[*yaml.Node]*text{}, seen: map[string]bool{}}
}

// selfDecoder is a type of this package with a form of its own in YAML.
type selfDecoder interface {
	decodeNode(d *decoder, n *yaml.Node)
}

var (
	textType   = reflect.TypeFor[encoding.TextUnmarshaler]()
	selfType   = reflect.TypeFor[selfDecoder]()
	methodType = reflect.TypeFor[attr.Method]()
)

// positions says where in the YAML each option of a configuration stands, by
// its dotted name: "n_steps", "over.n_steps"; "" is the whole.
type positions map[string]*yaml.Node

func (p positions) of(option string) *yaml.Node {
	for {
		if n := p[option]; n != nil || option == "" {
			return n
		}
		i := strings.LastIndexByte(option, '.')
		option = option[:max(i, 0)]
	}
}

func (d *decoder) fault(n *yaml.Node, format string, a ...any) {
	msg := fmt.Sprintf(format, a...)
	t := d.file
	if f, ok := d.flags[n]; ok {
		t = f
	}
	f := t.fault(n.Line, n.Column, msg)
	key := fmt.Sprintf("%s:%d:%d:%s", f.File, f.Line, f.Column, msg)
	if !d.seen[key] {
		d.seen[key] = true
		d.faults = append(d.faults, f)
	}
}

// err returns the faults so far in reading order, or nil.
func (d *decoder) err() error {
	if len(d.faults) == 0 {
		return nil
	}
	return d.faults.sorted()
}

// decode fills v, the option opt of owner, from n and notes the position.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, owner, opt string, at positions) {
	if at != nil && opt != "" {
		at[opt] = n
	}
	name := opt[strings.LastIndexByte(opt, '.')+1:]
	if name == "" {
		name = owner
	}
	if n.ShortTag() == "!!null" && n.Kind == yaml.ScalarNode {
		d.fault(n, "%s has no value", name)
		return
	}
	t := v.Type()
	if reflect.PointerTo(t).Implements(selfType) {
		v.Addr().Interface().(selfDecoder).decodeNode(d, n)
		return
	}
	if reflect.PointerTo(t).Implements(textType) {
		if d.scalar(n, name) {
			if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value)); err != nil {
				d.fault(n, "%s", unsaid(name, err))
			}
		}
		return
	}
	if t == methodType {
		if m := d.method(d.named(n, v), name, opt, at); m != nil {
			v.Set(reflect.ValueOf(m))
		}
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(t.Elem()))
			if s, ok := v.Interface().(*train.Settings); ok {
				*s = train.DefaultSettings()
			}
		}
		d.decode(n, v.Elem(), owner, opt, at)
	case reflect.Struct:
		d.fields(n, v, cmpName(opt, owner), opt, at, nil)
	case reflect.Slice:
		d.list(n, v, owner, name, opt, at)
	case reflect.String:
		if !d.scalar(n, name) {
			return
		}
		if n.ShortTag() != "!!str" {
			d.fault(n, "%s is %s, want text; in quotes it is: %q", name, n.Value, n.Value)
			return
		}
		if n.Value == "none" && noneIsUnset[name] {
			v.SetString("")
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if !d.scalar(n, name) {
			return
		}
		if n.ShortTag() != "!!bool" {
			d.fault(n, "%s is %q, want true or false", name, n.Value)
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.integer(n, v, name)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.unsigned(n, v, name)
	case reflect.Float32, reflect.Float64:
		d.float(n, v, name)
	default:
		panic(fmt.Sprintf("experiments: option %s of %s has the type %v, which YAML cannot say", opt, owner, t))
	}
}

// unsaid is what a text reader says of an option, which it may name itself; the
// package that the reader is in tells users nothing.
func unsaid(name string, err error) string {
	msg := strings.TrimPrefix(err.Error(), "attr: ")
	if strings.HasPrefix(msg, name+" ") {
		return msg
	}
	return name + ": " + msg
}

func cmpName(opt, owner string) string {
	if opt == "" {
		return owner
	}
	return opt
}

// noneIfEmpty are the lists that may be empty, which means that nothing of the
// kind is written.
var noneIfEmpty = map[string]bool{"report.formats": true, "report.figures": true}

// noneIsUnset are the options of methods and metrics that are text or a list and
// off by default, which lists of options print as none.
var noneIsUnset = map[string]bool{"compat": true, "layer": true, "measures": true}

func (d *decoder) list(n *yaml.Node, v reflect.Value, owner, name, opt string, at positions) {
	forms := ""
	if d.doc != "" {
		forms = " (" + d.doc + ")"
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "none" && noneIsUnset[name]:
		v.SetZero()
		return
	case n.Kind == yaml.ScalarNode:
		d.fault(n, "%s is a single value, want a list: [%s]%s", name, n.Value, forms)
		return
	case n.Kind != yaml.SequenceNode:
		d.fault(n, "%s is %s, want a list%s", name, kindName(n), forms)
		return
	}
	if item := v.Type().Elem().Kind(); item != reflect.Struct && item != reflect.Slice {
		for _, c := range n.Content {
			if c.Kind == yaml.SequenceNode {
				d.fault(c, "%s is a list of lists, want one list%s", name, forms)
				return
			}
		}
	}
	if len(n.Content) == 0 && !noneIfEmpty[opt] {
		d.fault(n, "%s is an empty list, want at least one value", name)
		return
	}
	s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		if s.Index(i).Kind() == reflect.Struct {
			d.decode(c, s.Index(i), owner, fmt.Sprintf("%s[%d]", opt, i+1), at)
		} else {
			d.decode(c, s.Index(i), owner, opt, nil) // the position of the list stays
		}
	}
	v.Set(s)
}

// field is one option of a struct.
type field struct {
	name  string
	doc   string // what it means, from the tag doc
	value reflect.Value
}

// options lists the options of a struct in its order, embedded ones in place.
func options(v reflect.Value) []field {
	var fs []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case strings.Contains(flags, "inline"):
			fs = append(fs, options(v.Field(i))...)
		case name != "":
			fs = append(fs, field{name, f.Tag.Get("doc"), v.Field(i)})
		}
	}
	return fs
}

func names(fs []field) []string {
	s := make([]string, len(fs))
	for i, f := range fs {
		s[i] = f.name
	}
	return s
}

// fields fills a struct from a mapping. extra are keys of the mapping that the
// caller reads by itself; it gets their nodes.
func (d *decoder) fields(n *yaml.Node, v reflect.Value, owner, opt string, at positions, extra map[string]*yaml.Node) {
	fs := options(v)
	if n.Kind != yaml.MappingNode {
		d.fault(n, "%s is %s, want a mapping of %s", owner, kindName(n), strings.Join(names(fs), ", "))
		return
	}
	prefix := opt
	if prefix != "" {
		prefix += "."
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, c := n.Content[i], n.Content[i+1]
		if p := first[k.Value]; p != nil {
			d.fault(k, "%q is given twice; first in line %d", k.Value, p.Line)
			continue
		}
		first[k.Value] = k
		if _, ok := extra[k.Value]; ok {
			extra[k.Value] = c
			continue
		}
		j := slices.IndexFunc(fs, func(f field) bool { return f.name == k.Value })
		if j < 0 {
			if hint := torchHint(v, k.Value); hint != "" {
				d.fault(k, "unknown key %q in %s; %s", k.Value, owner, hint)
				continue
			}
			known := names(fs)
			for e := range extra {
				known = append(known, e)
			}
			slices.Sort(known)
			d.fault(k, "unknown key %q in %s%s", k.Value, owner, Suggest(k.Value, known))
			continue
		}
		before := d.doc
		d.doc = fs[j].doc
		d.decode(c, fs[j].value, owner, prefix+fs[j].name, at)
		d.doc = before
	}
}

func sortedKeys[V any](m map[string]V) []string {
	s := make([]string, 0, len(m))
	for k := range m {
		s = append(s, k)
	}
	slices.Sort(s)
	return s
}
