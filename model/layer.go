package model

import "fmt"

// Layer describes one layer of a network. Which fields a kind reads:
//
//	conv2d               out, kernel, stride, padding, no_bias
//	linear               out, no_bias
//	batch_norm2d         eps (0 means 1e-5), momentum (0 means 0.1)
//	relu, tanh, sigmoid, softplus
//	leaky_relu           slope (0 means 0.01)
//	elu                  alpha (0 means 1)
//	max_pool2d           kernel, stride (0 means kernel)
//	avg_pool2d           kernel, stride (0 means kernel)
//	adaptive_avg_pool2d  out: rows and columns of the result; 1 is global pooling. Where
//	                     it does not divide the input's, windows overlap, as in PyTorch
//	dropout              p (0 means 0.5); the identity outside training
//	flatten
//	add                  from: adds that layer's output to its input
//
// A layer reads the output of the layer before it, or of the one that input
// names; "input" is the image itself. Names are PyTorch's attribute names, so
// that weights are called "<name>.weight" and "<name>.bias".
type Layer struct {
	Kind     string  `yaml:"kind" json:"kind" jsonschema:"enum=conv2d,enum=linear,enum=batch_norm2d,enum=relu,enum=leaky_relu,enum=elu,enum=softplus,enum=tanh,enum=sigmoid,enum=max_pool2d,enum=avg_pool2d,enum=adaptive_avg_pool2d,enum=dropout,enum=flatten,enum=add"`
	Name     string  `yaml:"name,omitempty" json:"name,omitempty"`         // default: conv1, relu1, pool1, flatten, fc1, ... by kind and order
	Out      int     `yaml:"out,omitempty" json:"out,omitempty"`           // output channels or features; adaptive_avg_pool2d: side in pixels
	Kernel   int     `yaml:"kernel,omitempty" json:"kernel,omitempty"`     // side in pixels
	Stride   int     `yaml:"stride,omitempty" json:"stride,omitempty"`     // pixels; conv2d: 0 means 1; pools: 0 means kernel
	Padding  int     `yaml:"padding,omitempty" json:"padding,omitempty"`   // pixels of zeros on each side, conv2d only
	NoBias   bool    `yaml:"no_bias,omitempty" json:"no_bias,omitempty"`   // without a bias, as convolutions before a batch_norm2d often are
	Slope    float64 `yaml:"slope,omitempty" json:"slope,omitempty"`       // leaky_relu: factor of what is below 0
	Alpha    float64 `yaml:"alpha,omitempty" json:"alpha,omitempty"`       // elu: what it tends to far below 0, negated
	P        float64 `yaml:"p,omitempty" json:"p,omitempty"`               // dropout: probability that a value becomes 0 in training
	Eps      float64 `yaml:"eps,omitempty" json:"eps,omitempty"`           // batch_norm2d: added to the variance before its root is taken
	Momentum float64 `yaml:"momentum,omitempty" json:"momentum,omitempty"` // batch_norm2d: what a training batch weighs in the running statistics
	Input    string  `yaml:"input,omitempty" json:"input,omitempty"`       // layer whose output this one reads; default: the one before
	From     string  `yaml:"from,omitempty" json:"from,omitempty"`         // add: layer whose output is added
}

// fill sets the defaults of the fields that were left out.
func (l *Layer) fill() {
	if fill := kinds[l.Kind].fill; fill != nil {
		fill(l)
	}
}

// problems lists the fields that cannot be, whatever the input.
func (l *Layer) problems() []string {
	var out []string
	fail := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	takes := map[string]bool{}
	for _, f := range kinds[l.Kind].takes {
		takes[f] = true
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"out", l.Out != 0},
		{"kernel", l.Kernel != 0},
		{"stride", l.Stride != 0},
		{"padding", l.Padding != 0},
		{"no_bias", l.NoBias},
		{"slope", l.Slope != 0},
		{"alpha", l.Alpha != 0},
		{"p", l.P != 0},
		{"eps", l.Eps != 0},
		{"momentum", l.Momentum != 0},
		{"from", l.From != ""},
	} {
		if f.set && !takes[f.name] {
			fail("%s takes no %s", l.Kind, f.name)
		}
	}
	if takes["out"] && (l.Out < 1 || l.Out > 1<<16) {
		fail("out is %d, want 1 to 65536", l.Out)
	}
	if takes["kernel"] && (l.Kernel < 1 || l.Kernel > 64) {
		fail("kernel is %d, want 1 to 64", l.Kernel)
	}
	if takes["stride"] && l.Kernel > 0 && (l.Stride < 1 || l.Stride > 64) {
		fail("stride is %d, want 1 to 64", l.Stride)
	}
	if takes["padding"] && (l.Padding < 0 || l.Padding > 32 || l.Kernel > 0 && l.Padding >= l.Kernel) {
		fail("padding is %d, want 0 to kernel-1", l.Padding)
	}
	if takes["slope"] && !(l.Slope > 0 && l.Slope < 1) {
		fail("slope is %v, want above 0 and below 1", l.Slope)
	}
	if takes["alpha"] && !(l.Alpha > 0 && l.Alpha <= 100) {
		fail("alpha is %v, want above 0, at most 100", l.Alpha)
	}
	if takes["p"] && !(l.P > 0 && l.P < 1) {
		fail("p is %v, want above 0 and below 1", l.P)
	}
	if takes["eps"] && l.Eps != 0 && !(l.Eps > 0 && l.Eps <= 1) {
		fail("eps is %v, want above 0, at most 1", l.Eps)
	}
	if takes["momentum"] && l.Momentum != 0 && !(l.Momentum > 0 && l.Momentum <= 1) {
		fail("momentum is %v, want above 0, at most 1", l.Momentum)
	}
	if takes["from"] && l.From == "" {
		fail("add names no layer in from")
	}
	return out
}

// fits reports why the layer cannot read an activation of shape s, "" if it can.
func (l *Layer) fits(s Shape, flat bool) string {
	k := kinds[l.Kind]
	switch {
	case flat && k.spatial:
		return fmt.Sprintf("%s after the activation was flattened", l.Kind)
	case k.fits != nil:
		return k.fits(*l, s, flat)
	}
	return ""
}

// output is the shape that the layer makes of s.
func (l Layer) output(s Shape) Shape {
	if output := kinds[l.Kind].output; output != nil {
		return output(l, s)
	}
	return s
}

// params are the tensors of the layer if it reads s.
func (l Layer) params(s Shape) []Param {
	if params := kinds[l.Kind].params; params != nil {
		return params(l, s)
	}
	return nil
}
