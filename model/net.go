package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Shape is the extent of an activation: channels, rows, columns. A flattened
// activation of n features is {n, 1, 1}.
type Shape struct{ C, H, W int }

// Size returns the number of values.
func (s Shape) Size() int { return s.C * s.H * s.W }

// String writes 16x5x5, or 120 for a flat activation.
func (s Shape) String() string {
	if s.H == 1 && s.W == 1 {
		return fmt.Sprint(s.C)
	}
	return fmt.Sprintf("%dx%dx%d", s.C, s.H, s.W)
}

// Layer describes one layer of a network. Which fields a kind reads:
//
//	conv2d      out, kernel, stride, padding
//	relu
//	max_pool2d  kernel, stride (0 means kernel)
//	flatten
//	linear      out
//
// Names are PyTorch's attribute names, so that weights are called
// "<name>.weight" and "<name>.bias".
type Layer struct {
	Kind    string `yaml:"kind" json:"kind" jsonschema:"enum=conv2d,enum=relu,enum=max_pool2d,enum=flatten,enum=linear"`
	Name    string `yaml:"name,omitempty" json:"name,omitempty"`       // default: conv1, relu1, pool1, flatten, fc1, ... by kind and order
	Out     int    `yaml:"out,omitempty" json:"out,omitempty"`         // output channels or features
	Kernel  int    `yaml:"kernel,omitempty" json:"kernel,omitempty"`   // side in pixels
	Stride  int    `yaml:"stride,omitempty" json:"stride,omitempty"`   // pixels; conv2d: 0 means 1; max_pool2d: 0 means kernel
	Padding int    `yaml:"padding,omitempty" json:"padding,omitempty"` // pixels of zeros on each side, conv2d only
}

// Net is a feed-forward network as a list of layers, ending in logits.
type Net struct {
	Name   string  `yaml:"name,omitempty" json:"name,omitempty"`
	Input  Shape   `yaml:"-" json:"-"` // channels, rows, columns of an image
	Layers []Layer `yaml:"layers" json:"layers"`
}

// Nets names the preset networks. Each function takes the input's shape and the
// number of classes.
var Nets = map[string]struct {
	New      func(in Shape, classes int) *Net
	Citation string
	About    string
}{
	"tutorial": {
		New: func(in Shape, classes int) *Net {
			return &Net{Name: "tutorial", Input: in, Layers: []Layer{
				{Kind: "conv2d", Name: "conv1", Out: 6, Kernel: 5, Stride: 1},
				{Kind: "relu", Name: "relu1"},
				{Kind: "max_pool2d", Name: "pool1", Kernel: 2, Stride: 2},
				{Kind: "conv2d", Name: "conv2", Out: 16, Kernel: 5, Stride: 1},
				{Kind: "relu", Name: "relu2"},
				{Kind: "max_pool2d", Name: "pool2", Kernel: 2, Stride: 2},
				{Kind: "flatten", Name: "flatten"},
				{Kind: "linear", Name: "fc1", Out: 120},
				{Kind: "relu", Name: "relu3"},
				{Kind: "linear", Name: "fc2", Out: 84},
				{Kind: "relu", Name: "relu4"},
				{Kind: "linear", Name: "fc3", Out: classes},
			}}
		},
		Citation: "Captum tutorial CIFAR_TorchVision_Interpret; after LeCun et al., Proc. IEEE 1998",
		About:    "conv 6 5x5, pool, conv 16 5x5, pool, 120-84-classes",
	},
}

// Resolve fills in default names and strides and checks that every layer fits
// the one before it. It returns all faults at once, each naming its layer. It
// must be called before any other use of a Net that was not made by Nets.
func (n *Net) Resolve() error {
	var errs []error
	fail := func(i int, format string, a ...any) {
		errs = append(errs, fmt.Errorf("layer %d (%s): %s", i+1, n.Layers[i].Name, fmt.Sprintf(format, a...)))
	}
	if len(n.Layers) == 0 {
		return errors.New("model: the network has no layers")
	}
	count := map[string]int{}
	prefix := map[string]string{"conv2d": "conv", "relu": "relu", "max_pool2d": "pool", "flatten": "flatten", "linear": "fc"}
	seen := map[string]int{}
	for i := range n.Layers {
		l := &n.Layers[i]
		p, known := prefix[l.Kind]
		if !known {
			fail(i, "unknown kind %q; known are conv2d, relu, max_pool2d, flatten, linear", l.Kind)
			continue
		}
		count[l.Kind]++
		if l.Name == "" {
			l.Name = fmt.Sprintf("%s%d", p, count[l.Kind])
		}
		if l.Name == "input" {
			fail(i, `the name "input" means the image itself`)
		}
		if j, dup := seen[l.Name]; dup {
			fail(i, "the name is taken by layer %d", j+1)
		}
		seen[l.Name] = i
		if l.Kind == "conv2d" && l.Stride == 0 {
			l.Stride = 1
		}
		if l.Kind == "max_pool2d" && l.Stride == 0 {
			l.Stride = l.Kernel
		}
		conv, pool, lin := l.Kind == "conv2d", l.Kind == "max_pool2d", l.Kind == "linear"
		if (conv || lin) && (l.Out < 1 || l.Out > 1<<16) {
			fail(i, "out is %d, want 1 to 65536", l.Out)
		}
		if !conv && !lin && l.Out != 0 {
			fail(i, "%s takes no out", l.Kind)
		}
		if (conv || pool) && (l.Kernel < 1 || l.Kernel > 64) {
			fail(i, "kernel is %d, want 1 to 64", l.Kernel)
		}
		if !conv && !pool && (l.Kernel != 0 || l.Stride != 0) {
			fail(i, "%s takes no kernel and no stride", l.Kind)
		}
		if (conv || pool) && l.Kernel > 0 && (l.Stride < 1 || l.Stride > 64) {
			fail(i, "stride is %d, want 1 to 64", l.Stride)
		}
		if !conv && l.Padding != 0 {
			fail(i, "%s takes no padding", l.Kind)
		}
		if conv && (l.Padding < 0 || l.Padding > 32 || l.Kernel > 0 && l.Padding >= l.Kernel) {
			fail(i, "padding is %d, want 0 to kernel-1", l.Padding)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("model: %w", errors.Join(errs...))
	}
	s := n.Input
	if s.C < 1 || s.H < 1 || s.W < 1 {
		return fmt.Errorf("model: the input is %v, want at least 1x1x1", s)
	}
	flat := false
	for i, l := range n.Layers {
		switch l.Kind {
		case "conv2d", "max_pool2d":
			if flat {
				fail(i, "%s after the activation was flattened", l.Kind)
			} else if s.H+2*l.Padding < l.Kernel || s.W+2*l.Padding < l.Kernel {
				fail(i, "kernel %d does not fit the %v input", l.Kernel, s)
			}
		case "linear":
			if !flat && (s.H != 1 || s.W != 1) {
				fail(i, "linear on a %v activation: put a flatten before it", s)
			}
		}
		if len(errs) > 0 {
			return fmt.Errorf("model: %w", errors.Join(errs...))
		}
		flat = flat || l.Kind == "flatten"
		s = l.output(s)
	}
	if last := n.Layers[len(n.Layers)-1]; last.Kind != "linear" {
		return fmt.Errorf("model: the last layer (%s) is a %s; a classifier ends in a linear layer that gives the logits", last.Name, last.Kind)
	}
	return nil
}

// Upto returns the layers up to and including the named one, as a network whose
// "logits" are that layer's activations in the order [C][H][W].
func (n *Net) Upto(layer string) (*Net, error) {
	i, err := n.find(layer)
	if err != nil {
		return nil, err
	}
	return &Net{Name: n.Name + " up to " + layer, Input: n.Input, Layers: n.Layers[:i+1]}, nil
}

// After returns the layers behind the named one, as a network whose input is
// that layer's activation.
func (n *Net) After(layer string) (*Net, error) {
	i, err := n.find(layer)
	if err != nil {
		return nil, err
	}
	if i == len(n.Layers)-1 {
		return nil, fmt.Errorf("model: no layer comes after %s", layer)
	}
	return &Net{Name: n.Name + " after " + layer, Input: n.Shapes()[i], Layers: n.Layers[i+1:]}, nil
}

func (n *Net) find(layer string) (int, error) {
	names := make([]string, len(n.Layers))
	for i, l := range n.Layers {
		if l.Name == layer {
			return i, nil
		}
		names[i] = l.Name
	}
	return 0, fmt.Errorf("model: network %s has no layer %q; it has %s", n.Name, layer, strings.Join(names, ", "))
}

func (l Layer) output(s Shape) Shape {
	switch l.Kind {
	case "conv2d":
		return Shape{l.Out, (s.H+2*l.Padding-l.Kernel)/l.Stride + 1, (s.W+2*l.Padding-l.Kernel)/l.Stride + 1}
	case "max_pool2d":
		return Shape{s.C, (s.H-l.Kernel)/l.Stride + 1, (s.W-l.Kernel)/l.Stride + 1}
	case "flatten":
		return Shape{s.Size(), 1, 1}
	case "linear":
		return Shape{l.Out, 1, 1}
	}
	return s
}

// Shapes returns the output shape of every layer.
func (n *Net) Shapes() []Shape {
	out := make([]Shape, len(n.Layers))
	s := n.Input
	for i, l := range n.Layers {
		s = l.output(s)
		out[i] = s
	}
	return out
}

// Classes returns the number of outputs: logits, or the activations of the last
// layer of a part of a network.
func (n *Net) Classes() int {
	s := n.Input
	for _, l := range n.Layers {
		s = l.output(s)
	}
	return s.Size()
}

// Param is one weight tensor that a network needs.
type Param struct {
	Name  string // "conv1.weight"
	Layer string // "conv1"
	Shape []int  // PyTorch's: conv [out,in,k,k], linear [out,in], bias [out]
	FanIn int    // inputs that one output sums over
}

// Params lists the weight tensors in the order of the layers, weight before bias.
func (n *Net) Params() []Param {
	var ps []Param
	s := n.Input
	for _, l := range n.Layers {
		var w []int
		switch l.Kind {
		case "conv2d":
			w = []int{l.Out, s.C, l.Kernel, l.Kernel}
		case "linear":
			w = []int{l.Out, s.C}
		}
		if w != nil {
			fan := 1
			for _, d := range w[1:] {
				fan *= d
			}
			ps = append(ps, Param{l.Name + ".weight", l.Name, w, fan}, Param{l.Name + ".bias", l.Name, w[:1:1], fan})
		}
		s = l.output(s)
	}
	return ps
}

// Weighted lists the layers that have weights, input to output.
func (n *Net) Weighted() []string {
	var names []string
	for _, p := range n.Params() {
		if !slices.Contains(names, p.Layer) {
			names = append(names, p.Layer)
		}
	}
	return names
}

// String describes the network in one line, every value that defines it.
func (n *Net) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "input %v", n.Input)
	for _, l := range n.Layers {
		fmt.Fprintf(&b, "; %s %s", l.Name, l.Kind)
		if l.Out > 0 {
			fmt.Fprintf(&b, " %d", l.Out)
		}
		if l.Kernel > 0 {
			fmt.Fprintf(&b, " k%d s%d p%d", l.Kernel, l.Stride, l.Padding)
		}
	}
	return b.String()
}
