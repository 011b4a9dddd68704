package experiments

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"assay/model"
)

// network is what the section model says of the network itself: a preset's name
// or the layers one by one.
type network struct {
	Net    string        `yaml:"net"`
	Layers []model.Layer `yaml:"layers"`
}

// torchKeys says what stands for an argument of PyTorch's layers that no key of
// ours is called by.
var torchKeys = map[string]string{
	"bias":           "a layer without one has no_bias: true",
	"dilation":       "convolutions have none",
	"groups":         "every channel of a convolution reads all of its input's",
	"in_channels":    "they are those of what the layer reads: leave it out",
	"in_features":    "they are those of what the layer reads: leave it out",
	"kernel_size":    "it is called kernel",
	"negative_slope": "it is called slope",
	"num_features":   "they are those of what the layer reads: leave it out",
	"out_channels":   "it is called out",
	"out_features":   "it is called out",
	"output_size":    "it is called out",
	"padding_mode":   "padding is of zeros",
}

// torchHint is what there is to say of such a key where v is decoded; "" for nothing.
func torchHint(v reflect.Value, key string) string {
	if v.Type() == reflect.TypeFor[model.Layer]() {
		return torchKeys[key]
	}
	return ""
}

func presets() []string { return sortedKeys(model.Nets) }

// layersName is what a network is called that has no preset's name.
const layersName = "layers"

// oneNet demands that the mapping n, called owner, says one network.
func (d *decoder) oneNet(n *yaml.Node, owner string) {
	net, layers := lookup(n, "net"), lookup(n, "layers")
	switch {
	case net != nil && layers != nil:
		d.fault(layers, "%s has both net and layers, want one of them", owner)
	case net == nil && layers == nil:
		d.fault(n, "%s has no net; known are %s; or give its layers", owner, strings.Join(presets(), ", "))
	}
}

// build makes the network for images of a shape, with an output for each of the
// classes of a data set; where set names none, layers may have any number. What
// cannot be becomes faults at the keys net and layers, which at has behind the
// section's name, and nil is returned.
func (m network) build(d *decoder, at positions, section string, in model.Shape, classes int, set string) *model.Net {
	if len(m.Layers) > 0 {
		m.zeros(d, at, section+"layers")
		n := &model.Net{Name: layersName, Input: in, Layers: slices.Clone(m.Layers)}
		if err := n.Resolve(); err != nil {
			layerFaults(d, at, section+"layers", err)
			return nil
		}
		if set != "" && n.Classes() != classes {
			d.fault(at.of(section+"layers"), "the network has %d outputs, want %d, one for each class of %s", n.Classes(), classes, set)
			return nil
		}
		return n
	}
	p, ok := model.Nets[m.Net]
	if !ok {
		return nil // a fault already
	}
	n := p.New(in, classes)
	if err := n.Resolve(); err != nil {
		of := ""
		if set != "" {
			of = " of " + set
		}
		d.fault(at.of(section+"net"), "the net %s cannot take the %v images%s: %v", m.Net, in, of, err)
		return nil
	}
	return n
}

// zeros faults a 0 that is written where a 0 stands for what was left out: it
// would be taken for another number than it is.
func (m network) zeros(d *decoder, at positions, key string) {
	for i, l := range m.Layers {
		for _, f := range []struct {
			name  string
			value float64
			as    string
		}{
			{"slope", l.Slope, "that is a relu"},
			{"alpha", l.Alpha, "that is a relu"},
			{"p", l.P, "that is no layer: leave it out"},
			{"eps", l.Eps, "want above 0"},
			{"momentum", l.Momentum, "the running mean and variance would never move"},
		} {
			if n := at[fmt.Sprintf("%s[%d].%s", key, i+1, f.name)]; n != nil && f.value == 0 {
				d.fault(n, "%s is 0: %s", f.name, f.as)
			}
		}
	}
}

var layerNumber = regexp.MustCompile(`^layer (\d+) `)

// layerFaults puts each line of what Net.Resolve found at its layer in the list
// that stands under key.
func layerFaults(d *decoder, at positions, key string, err error) {
	for line := range strings.SplitSeq(strings.TrimPrefix(err.Error(), "model: "), "\n") {
		n := at.of(key)
		if m := layerNumber.FindStringSubmatch(line); m != nil {
			if layer := at[key+"["+m[1]+"]"]; layer != nil {
				n = layer
			}
		}
		d.fault(n, "%s", line)
	}
}
