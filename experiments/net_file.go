package experiments

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/model"
)

// maxYAML bounds a file that is read as YAML; whoever names weights instead gets
// an answer at once.
const maxYAML = 16 << 20 // bytes

// readYAML reads a file of YAML; its error is an InputError.
func readYAML(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, inputf("experiments: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxYAML+1))
	if err != nil {
		return nil, inputf("experiments: %w", err)
	}
	if len(b) > maxYAML {
		return nil, inputf("experiments: %s: more than %d MB, want a YAML file", path, maxYAML>>20)
	}
	return b, nil
}

// errNoNet is the error of a name that is neither a preset nor a file.
var errNoNet = errors.New("no such network")

// readNet reads the file that stands for a network. Where there is none and the
// name does not look like a file's, the error is errNoNet.
func readNet(name string) ([]byte, error) {
	b, err := readYAML(name)
	ext := filepath.Ext(name)
	if errors.Is(err, fs.ErrNotExist) && ext != ".yaml" && ext != ".yml" && !strings.ContainsAny(name, `/\`) {
		return nil, errNoNet
	}
	return b, err
}

// network decodes the network of a file: a list of layers, or a mapping as the
// section model, or a specification, of which nothing but that section is read.
// Nor are the keys weights and train, which say nothing of the network. Where its
// keys stand goes to at, behind the section's name.
func (d *decoder) network(t *text, at positions, section string) network {
	var m network
	root := d.load(t, "the network")
	if root == nil {
		return m
	}
	n, owner := root, "the network"
	if s := lookup(root, "model"); s != nil && root.Kind == yaml.MappingNode {
		n, owner = s, "model"
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if n = d.resolve(n); n != nil {
			d.decode(n, reflect.ValueOf(&m.Layers).Elem(), owner, section+"layers", at)
		}
	case yaml.MappingNode:
		unread := map[string]*yaml.Node{"weights": nil, "train": nil}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if _, ok := unread[n.Content[i].Value]; !ok {
				if n.Content[i+1] = d.resolve(n.Content[i+1]); n.Content[i+1] == nil {
					return m
				}
			}
		}
		d.fields(n, reflect.ValueOf(&m).Elem(), owner, strings.TrimSuffix(section, "."), at, unread)
		d.oneNet(n, owner)
		if net := lookup(n, "net"); net != nil && net.ShortTag() == "!!str" {
			if _, ok := model.Nets[m.Net]; !ok {
				d.fault(net, "unknown net %q%s", m.Net, Suggest(m.Net, presets()))
			}
		}
	default:
		d.fault(n, "%s is %s, want a list of layers, or a mapping with layers", owner, kindName(n))
	}
	return m
}

// network puts the layers of the file that model.net names in its place.
func (s *Spec) network() {
	n := s.at["model.net"]
	if _, ok := model.Nets[s.Model.Net]; ok || n == nil || n.ShortTag() != "!!str" {
		return
	}
	b, err := readNet(s.Model.Net)
	switch {
	case errors.Is(err, errNoNet):
		s.dec.fault(n, "unknown net %q%s", s.Model.Net, Suggest(s.Model.Net, presets()))
	case err != nil:
		s.dec.fault(n, "%v", err)
	default:
		m := s.dec.network(newText(s.Model.Net, string(b)), s.at, "model.")
		s.Model.Net, s.Model.Layers = m.Net, m.Layers
	}
}

// NetSource is a network as a flag names it.
type NetSource struct {
	Name string // as the user wrote it: of a preset or of a file
	File bool   // it is a file's

	net network
	d   *decoder
	at  positions
}

// LoadNet reads the network of that name: a preset, or a YAML file with a list of
// layers, by itself or as the section model of a specification has it. The error
// is a Faults where the file has mistakes, an InputError where it cannot be read,
// and another one where the name is of neither.
func LoadNet(name, flag string) (*NetSource, error) {
	s := &NetSource{Name: name, at: positions{}}
	if _, ok := model.Nets[name]; ok {
		s.d = newDecoder(newText(flag, name))
		s.net.Net = name
		s.at["net"] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: 1, Column: 1}
		return s, nil
	}
	b, err := readNet(name)
	if errors.Is(err, errNoNet) {
		hint := ""
		if near := nearest(name, presets()); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return nil, fmt.Errorf("%s %q is not a network: want one of %s, or a YAML file with layers%s", flag, name, strings.Join(presets(), ", "), hint)
	}
	if err != nil {
		return nil, err
	}
	s.File, s.d = true, newDecoder(newText(name, string(b)))
	s.net = s.d.network(s.d.file, s.at, "")
	return s, s.d.err()
}

// Preset returns the name of the preset that the network is, "" if it is none.
func (s *NetSource) Preset() string { return s.net.Net }

// For makes the network for images of a shape, with an output for each of the
// classes of a data set. Without one, set is empty, a preset gets so many outputs
// and layers may have any number. The error is a Faults.
func (s *NetSource) For(in model.Shape, classes int, set string) (*model.Net, error) {
	n := s.net.build(s.d, s.at, "", in, classes, set)
	if n != nil && s.Preset() == "" {
		n.Name = s.Name // for errors to come; no hash has it
	}
	return n, s.d.err()
}
