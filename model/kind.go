package model

import (
	"maps"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// kind is what the package knows of a kind of layer beside the operations that
// compute it. A kind has a file of its own, layer_<kind>.go, a line in the list
// below and one in builders.
type kind struct {
	name   string
	prefix string   // of default names
	takes  []string // fields of Layer, by their names in YAML
	// spatial says that it works on rows and columns, so not behind a flatten;
	// flattens that none are left behind it.
	spatial, flattens bool
	fill              func(l *Layer)
	// fits reports why the layer cannot read an activation of shape s, "" if it
	// can; flat says that it was flattened. nil: it can read any.
	fits func(l Layer, s Shape, flat bool) string
	// output is the shape that it makes of s; nil: s itself.
	output func(l Layer, s Shape) Shape
	// params are the tensors of a layer that reads s; nil: none.
	params func(l Layer, s Shape) []Param
	// kink finds where a layer that reads s leaves an affine piece; nil: it is affine
	// or smooth. next is the layer that alone reads it, of which it may take the kink
	// over: layers is how many it covers, 1 or 2.
	kink func(l Layer, s Shape, next Layer) (k kink, layers int)
	// curve is the function of an activation by value; nil: forward and back stand
	// for it. smooth says that it is curved: no piecewise linear function.
	curve  func(l Layer) curve
	smooth bool
	// forward is the layer in float64, from what it reads to y; back adds to c.m what
	// it hands of c.g to what it reads, by a rule of DeepLIFT.
	forward func(c *preciseLayer, in [][]float64, y []float64)
	back    func(c *preciseLayer, rule Rule)
	role    role
	sign    sign
	// input and shift are places among the operands of its operation: of what a
	// ruled kind reads, and of what a sharing one adds per channel, 0 for nothing.
	input, shift int
}

// role is what a kind does with the relevance of its outputs (see LRP).
type role int

const (
	passing role = iota // an activation: its input gets what its output has
	moving              // its outputs are values of its input, which get what they have
	sharing             // a sum: in proportion
	ruled               // a sum with weights: by the layer's rule
)

// sums reports whether outputs are sums, of which infinities make NaN.
func (r role) sums() bool { return r == sharing || r == ruled }

// sign says whether outputs are known not to be below 0.
type sign int

const (
	either    sign = iota // they are not
	asInput               // they are if those of all that it reads are
	notBelow0             // they are, whatever it reads
)

// kindList lists the kinds in the order in which they are shown.
var kindList = []kind{
	conv2dKind, linearKind, batchNorm2dKind, reluKind, leakyReLUKind, eluKind, softplusKind, tanhKind, sigmoidKind,
	maxPool2dKind, avgPool2dKind, adaptiveAvgPool2dKind, dropoutKind, flattenKind, addKind,
}

// kinds are the same by name.
var kinds = maps.Collect(func(yield func(string, kind) bool) {
	for _, k := range kindList {
		if !yield(k.name, k) {
			return
		}
	}
})

// kindNames are their names.
var kindNames = func() (names []string) {
	for _, k := range kindList {
		names = append(names, k.name)
	}
	return names
}()

// builders add a layer to a graph and return its output. (They reach functions that
// look kinds up, so Go would not let them be part of these.)
var builders = map[string]func(b *graph, c *site) *gorgonia.Node{
	"conv2d":              buildConv2d,
	"linear":              buildLinear,
	"batch_norm2d":        buildBatchNorm2d,
	"relu":                buildReLU,
	"leaky_relu":          buildCurve,
	"elu":                 buildCurve,
	"softplus":            buildCurve,
	"tanh":                buildCurve,
	"sigmoid":             buildCurve,
	"max_pool2d":          buildMaxPool2d,
	"avg_pool2d":          buildAvgPool,
	"adaptive_avg_pool2d": buildAvgPool,
	"dropout":             buildDropout,
	"flatten":             buildFlatten,
	"add":                 buildAdd,
}

// site is where a layer is to be built.
type site struct {
	*pathway
	i    int // the layer's number
	l    Layer
	s    Shape          // of what it reads
	dims tensor.Shape   // the same with the lanes, as it is in the graph
	in   int            // the activation that it reads, as Net.reads counts
	x    *gorgonia.Node // that activation
	base *gorgonia.Node // and the baseline's, nil without one
	wrtX bool           // whether the derivative by it is asked for
}

// pathway is the network that a site lies in, and how it is to be built.
type pathway struct {
	*taps
	ref   []*gorgonia.Node // the baseline's activations, nil without one
	rule  Rule
	train bool
	moves bool // activations are changes from the baseline's
	// Of RevealCancel: by relu, the linear layer that it takes with it; nil by other
	// rules; and what is noted of these linear layers.
	linears []int
	denses  map[int]*dense
}
