package experiments

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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

// parse reads one YAML document as a tree of nodes with aliases replaced by
// what they stand for and ${VAR} by the variable's value.
func (d *decoder) parse(t *text) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Load([]byte(strings.Join(t.lines, "\n")), &doc); err != nil {
		var le *yaml.LoadError
		line, col, msg := 0, 0, err.Error()
		if errors.As(err, &le) {
			line, col, msg = le.Mark.Line, le.Mark.Column, le.Message
			if le.ContextMsg != "" {
				msg = le.ContextMsg + ": " + msg
			}
		}
		if msg = strings.TrimPrefix(msg, "yaml: "); strings.HasPrefix(msg, "no documents") {
			msg = "the specification is empty"
		} else {
			msg = "not YAML: " + msg
		}
		f := t.fault(line, col, msg)
		if strings.Contains(f.Text, "{${") || strings.Contains(f.Text, ": ${") {
			f.Msg += "; ${VAR} inside { } needs quotes"
		}
		d.faults = append(d.faults, f)
		return nil
	}
	if len(doc.Content) == 0 {
		d.faults = append(d.faults, t.fault(0, 0, "the specification is empty"))
		return nil
	}
	root := doc.Content[0]
	if t != d.file {
		d.claim(root, t)
	}
	return d.resolve(root, 0)
}

func (d *decoder) claim(n *yaml.Node, t *text) {
	d.flags[n] = t
	for _, c := range n.Content {
		d.claim(c, t)
	}
}

// resolve replaces aliases and variables. The depth is bounded, since an
// anchor may contain itself.
func (d *decoder) resolve(n *yaml.Node, depth int) *yaml.Node {
	if depth > 50 {
		d.fault(n, "nested more than 50 deep")
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: n.Line, Column: n.Column}
	}
	if n.Kind == yaml.AliasNode {
		return d.resolve(n.Alias, depth+1)
	}
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		d.expand(n)
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			continue // keys are names, not values
		}
		n.Content[i] = d.resolve(c, depth+1)
	}
	return n
}

var (
	variable     = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand replaces ${NAME} by the environment variable and ${NAME:-text} by
// text where the variable is not set. An unquoted value is then read as if the
// user had typed it, so that seed: ${SEED} is a number.
func (d *decoder) expand(n *yaml.Node) {
	n.Value = variable.ReplaceAllStringFunc(n.Value, func(m string) string {
		name, def, hasDefault := strings.Cut(m[2:len(m)-1], ":-")
		if !variableName.MatchString(name) {
			d.fault(n, "%s names no environment variable", m)
			return ""
		}
		v, ok := os.LookupEnv(name)
		if ok && v != "" {
			return v
		}
		if !hasDefault {
			state := "not set"
			if ok {
				state = "empty"
			}
			d.fault(n, "the environment variable %s is %s", name, state)
		}
		return def
	})
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		var doc yaml.Node
		n.Tag = "!!str"
		if yaml.Load([]byte(n.Value), &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind == yaml.ScalarNode {
			n.Tag = doc.Content[0].ShortTag()
		}
	}
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

func (d *decoder) scalar(n *yaml.Node, name string) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return true
	case yaml.SequenceNode:
		d.fault(n, "%s is a list, want a single value", name)
	default:
		d.fault(n, "%s is a mapping, want a single value", name)
	}
	return false
}

// octal is a number that YAML 1.1, YAML 1.2 and people read differently.
var octal = regexp.MustCompile(`^[-+]?0[0-9]`)

func (d *decoder) integer(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	i, err := strconv.ParseInt(n.Value, 0, v.Type().Bits())
	switch {
	case n.ShortTag() != "!!int" || octal.MatchString(n.Value) || err != nil && !errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %q, want a whole number", name, n.Value)
	case err != nil:
		d.fault(n, "%s is %s, want a whole number of at most %d bits", name, n.Value, v.Type().Bits())
	default:
		v.SetInt(i)
	}
}

func (d *decoder) unsigned(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	i, err := strconv.ParseUint(strings.TrimPrefix(n.Value, "+"), 0, v.Type().Bits())
	switch {
	case n.ShortTag() == "!!int" && strings.HasPrefix(n.Value, "-"):
		d.fault(n, "%s is %s, want 0 or more", name, n.Value)
	case errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %s, want 0 to %d", name, n.Value, uint64(math.MaxUint64)>>(64-v.Type().Bits()))
	case n.ShortTag() != "!!int" || octal.MatchString(n.Value) || err != nil:
		d.fault(n, "%s is %q, want a whole number", name, n.Value)
	default:
		v.SetUint(i)
	}
}

func (d *decoder) float(n *yaml.Node, v reflect.Value, name string) {
	if !d.scalar(n, name) {
		return
	}
	f, err := strconv.ParseFloat(n.Value, v.Type().Bits())
	switch tag := n.ShortTag(); {
	case tag != "!!int" && tag != "!!float":
		d.fault(n, "%s is %q, want a number", name, n.Value)
	case errors.Is(err, strconv.ErrRange):
		d.fault(n, "%s is %s, which a %d-bit number cannot hold", name, n.Value, v.Type().Bits())
	case err != nil || math.IsNaN(f) || math.IsInf(f, 0):
		d.fault(n, "%s is %s, want a finite number", name, n.Value)
	default:
		v.SetFloat(f)
	}
}

// noneIfEmpty are the lists that may be empty, which means that nothing of the
// kind is written.
var noneIfEmpty = map[string]bool{"report.formats": true, "report.figures": true}

func (d *decoder) list(n *yaml.Node, v reflect.Value, owner, name, opt string, at positions) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, "%s is a single value, want a list: [%s]", name, n.Value)
		return
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
			known := names(fs)
			for e := range extra {
				known = append(known, e)
			}
			slices.Sort(known)
			d.fault(k, "unknown key %q in %s%s", k.Value, owner, suggest(k.Value, known))
			continue
		}
		d.decode(c, fs[j].value, owner, prefix+fs[j].name, at)
	}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return strconv.Quote(n.Value)
}

// named completes what stands for a nested method: a name alone is that method
// with its defaults, and options that do not name it are of the method that is
// the option's default.
func (d *decoder) named(n *yaml.Node, v reflect.Value) *yaml.Node {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" {
		return d.byName(n)
	}
	if n.Kind != yaml.MappingNode || v.IsNil() || lookup(n, "method") != nil {
		return n
	}
	m, ok := v.Interface().(attr.Method)
	if !ok || attr.Name(m) == "" {
		return n
	}
	full := *n
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "method", Line: n.Line, Column: n.Column}
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: attr.Name(m), Line: n.Line, Column: n.Column}
	full.Content = append([]*yaml.Node{key, name}, n.Content...)
	t := d.textOf(n)
	d.flags[key], d.flags[name], d.flags[&full] = t, t, t
	return &full
}

// byName is the mapping of a method of which only the name is given.
func (d *decoder) byName(n *yaml.Node) *yaml.Node {
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "method", Line: n.Line, Column: n.Column}
	name := *n
	full := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column, Content: []*yaml.Node{key, &name}}
	t := d.textOf(n)
	d.flags[key], d.flags[&name], d.flags[full] = t, t, t
	return full
}

// method makes the method that a mapping with the key `method` describes.
func (d *decoder) method(n *yaml.Node, owner, opt string, at positions) attr.Method {
	name, k := d.head(n, "method", owner)
	if k == nil {
		return nil
	}
	e, ok := attr.Methods[name]
	if !ok {
		d.fault(k, "unknown method %q%s", name, suggest(name, sortedKeys(attr.Methods)))
		return nil
	}
	m := e.New()
	if at != nil {
		if opt == "" {
			at[""] = k
		} else {
			at[opt] = k
			at[opt+".method"] = k
		}
	}
	d.fields(n, reflect.ValueOf(m).Elem(), name, opt, at, map[string]*yaml.Node{"method": nil})
	return m
}

// head returns the value of the key that says what a mapping describes.
func (d *decoder) head(n *yaml.Node, key, owner string) (string, *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, "%s is %s, want a mapping that begins with %s:", owner, kindName(n), key)
		return "", nil
	}
	v := lookup(n, key)
	if v == nil {
		d.fault(n, "%s names no %s", owner, key)
		return "", nil
	}
	if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" {
		d.fault(v, "%s is %s, want a name", key, kindName(v))
		return "", nil
	}
	return v.Value, v
}

func lookup(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	s := make([]string, 0, len(m))
	for k := range m {
		s = append(s, k)
	}
	slices.Sort(s)
	return s
}

// check turns what Check returned into faults at the options' places.
func (d *decoder) check(err error, at positions, owner string) {
	for _, p := range problems(err) {
		n := at.of(p.option)
		if n == nil {
			d.faults = append(d.faults, &Fault{File: d.file.name, Msg: strings.TrimSpace(owner + ": " + p.option + " " + p.msg)})
			continue
		}
		d.fault(n, "%s", strings.TrimSpace(p.option[strings.LastIndexByte(p.option, '.')+1:]+" "+p.msg))
	}
}

type problem struct{ option, msg string }

// problems takes apart what Check of a method, a metric or the training
// settings returned. Each package has a Problem type of its own, with the same
// two fields, since they do not import each other.
func problems(err error) []problem {
	if err == nil {
		return nil
	}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		o, m := v.Elem().FieldByName("Option"), v.Elem().FieldByName("Msg")
		if o.IsValid() && m.IsValid() && o.Kind() == reflect.String && m.Kind() == reflect.String {
			return []problem{{o.String(), m.String()}}
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var ps []problem
		for _, x := range e.Unwrap() {
			ps = append(ps, problems(x)...)
		}
		return ps
	case interface{ Unwrap() error }:
		if ps := problems(e.Unwrap()); len(ps) > 0 && ps[0].option != "" {
			return ps
		}
	}
	return []problem{{"", err.Error()}}
}

// set puts a key=value from a flag into the tree; the key is a dotted path, a
// number in it an item of a list, from 0.
func (d *decoder) set(root *yaml.Node, assignment, flag string) {
	path, value, ok := strings.Cut(assignment, "=")
	t := newText(flag, assignment)
	if !ok || path == "" {
		d.faults = append(d.faults, t.fault(1, 1, "want key=value"))
		return
	}
	if strings.TrimSpace(value) == "" {
		d.faults = append(d.faults, t.fault(1, len(path)+2, path+" has no value"))
		return
	}
	// The value keeps its column behind the blanks that replace its key.
	v := d.parse(&text{t.name, []string{strings.Repeat(" ", len(path)+1) + value}})
	if v == nil {
		return
	}
	d.claim(v, t)
	n, col := root, 1
	keys := strings.Split(path, ".")
	for i, key := range keys {
		here := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: 1, Column: col}
		d.flags[here] = t
		col += len(key) + 1
		next := v
		if i < len(keys)-1 {
			next = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: here.Column}
			d.flags[next] = t
		}
		switch n.Kind {
		case yaml.SequenceNode:
			j, err := strconv.Atoi(key)
			if err != nil || j < 0 || j >= len(n.Content) {
				d.fault(here, "%q is no item of the list, want 0 to %d", key, len(n.Content)-1)
				return
			}
			if next == v {
				n.Content[j] = v
			}
			n = n.Content[j]
		case yaml.MappingNode:
			j := 0
			for j < len(n.Content) && n.Content[j].Value != key {
				j += 2
			}
			switch {
			case j >= len(n.Content):
				n.Content = append(n.Content, here, next)
			case next == v:
				n.Content[j], n.Content[j+1] = here, v
			}
			if i < len(keys)-1 && key == "over" && n.Content[j+1].Kind == yaml.ScalarNode {
				n.Content[j+1] = d.byName(n.Content[j+1]) // over=saliency, before over.abs=false
			}
			n = n.Content[j+1]
		default:
			d.fault(here, "%q is a single value and has no %q", keys[i-1], key)
			return
		}
	}
}
