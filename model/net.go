package model

import (
	"errors"
	"fmt"
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

// Net is a feed-forward network as a list of layers, ending in logits.
type Net struct {
	Name   string  `yaml:"name,omitempty" json:"name,omitempty"`
	Input  Shape   `yaml:"-" json:"-"` // channels, rows, columns of an image
	Layers []Layer `yaml:"layers" json:"layers"`
}

// Resolve fills in default names and strides and checks that every layer fits
// the ones it reads. It returns all faults at once, each naming its layer. It
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
	seen := map[string]int{}
	for i := range n.Layers {
		l := &n.Layers[i]
		k, known := kinds[l.Kind]
		if !known {
			fail(i, "unknown kind %q; known are %s", l.Kind, strings.Join(kindNames, ", "))
			continue
		}
		count[l.Kind]++
		if l.Name == "" {
			l.Name = fmt.Sprintf("%s%d", k.prefix, count[l.Kind])
		}
		if l.Name == imageName {
			fail(i, `the name "input" means the image itself`)
		}
		if j, dup := seen[l.Name]; dup {
			fail(i, "the name is taken by layer %d", j+1)
		}
		for _, r := range []struct{ field, layer string }{{"input", l.Input}, {"from", l.From}} {
			if _, before := seen[r.layer]; r.layer != "" && r.layer != imageName && !before {
				fail(i, "%s names %q, which is no layer before it", r.field, r.layer)
			}
		}
		seen[l.Name] = i
		if i > 0 && l.Input == n.Layers[i-1].Name || i == 0 && l.Input == imageName {
			l.Input = "" // one way to write it
		}
		l.fill()
		for _, p := range l.problems() {
			fail(i, "%s", p)
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("model: %w", errors.Join(errs...))
	}
	if s := n.Input; s.C < 1 || s.H < 1 || s.W < 1 {
		return fmt.Errorf("model: the input is %v, want at least 1x1x1", s)
	}
	reads := n.reads()
	shapes, flat := []Shape{n.Input}, []bool{false} // of the image, then of the layers
	for i := range n.Layers {
		l := &n.Layers[i]
		in := reads[i][0]
		if why := l.fits(shapes[in], flat[in]); why != "" {
			fail(i, "%s", why)
		}
		if why := l.oversize(shapes[in]); len(errs) == 0 && why != "" {
			fail(i, "%s", why)
		}
		f := flat[in] || kinds[l.Kind].flattens
		if l.From != "" {
			if a, b := shapes[in], shapes[reads[i][1]]; a != b {
				fail(i, "adds %v of %s to %v of %s", b, n.nameOf(reads[i][1]), a, n.nameOf(in))
			}
			f = f || flat[reads[i][1]]
		}
		if len(errs) > 0 {
			return fmt.Errorf("model: %w", errors.Join(errs...))
		}
		shapes, flat = append(shapes, l.output(shapes[in])), append(flat, f)
	}
	last := n.Layers[len(n.Layers)-1]
	if last.Kind != "linear" {
		return fmt.Errorf("model: the last layer (%s) is a %s; a classifier ends in a linear layer that gives the logits", last.Name, last.Kind)
	}
	used := make([]bool, len(shapes))
	for _, r := range reads {
		for _, j := range r {
			used[j] = true
		}
	}
	for i := range n.Layers[:len(n.Layers)-1] {
		if !used[i+1] {
			fail(i, "no layer reads its output")
		}
	}
	if len(errs) > 0 {
		return fmt.Errorf("model: %w", errors.Join(errs...))
	}
	return nil
}

// imageName is what a layer's input or from calls the image.
const imageName = "input"

// reads lists, for every layer, the activations it reads: 0 is the image, i+1
// the output of layer i. An add reads two, every other layer one.
func (n *Net) reads() [][]int {
	at := map[string]int{imageName: 0}
	out := make([][]int, len(n.Layers))
	for i, l := range n.Layers {
		in := i
		if l.Input != "" {
			in = at[l.Input]
		}
		out[i] = []int{in}
		if l.From != "" {
			out[i] = append(out[i], at[l.From])
		}
		at[l.Name] = i + 1
	}
	return out
}

// nameOf names an activation as reads counts them.
func (n *Net) nameOf(activation int) string {
	if activation == 0 {
		return imageName
	}
	return n.Layers[activation-1].Name
}

// Supports reports why a backward rule is not defined for the network: it names
// the first layer that has no such rule. nil means it is defined.
//
// Gradient and the Rescale rules hold for every layer. GuidedBackprop and
// Deconvolution are rules for rectifiers: relu and leaky_relu. RevealCancel needs
// a relu that reads a linear layer.
func (n *Net) Supports(rule Rule) error {
	if rule == RevealCancel {
		return n.supportsRevealCancel()
	}
	if rule != GuidedBackprop && rule != Deconvolution {
		return nil
	}
	name := "guided backpropagation"
	if rule == Deconvolution {
		name = "deconvolution"
	}
	for _, l := range n.Layers {
		if kinds[l.Kind].smooth {
			return fmt.Errorf("model: %s is defined for relu and leaky_relu, but %s is %s", name, l.Name, l.Kind)
		}
	}
	return nil
}

// Shapes returns the output shape of every layer.
func (n *Net) Shapes() []Shape {
	out := []Shape{n.Input}
	for i, r := range n.reads() {
		out = append(out, n.Layers[i].output(out[r[0]]))
	}
	return out[1:]
}

// Classes returns the number of outputs: logits, or the activations of the last
// layer of a part of a network.
func (n *Net) Classes() int {
	if last := n.Layers[len(n.Layers)-1]; last.Kind == "linear" {
		return last.Out
	}
	s := n.Shapes()
	return s[len(s)-1].Size()
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
		if l.NoBias {
			b.WriteString(" without bias")
		}
		for _, v := range []float64{l.Slope, l.Alpha, l.P} {
			if v != 0 {
				fmt.Fprintf(&b, " %v", v)
			}
		}
		if l.Eps != 0 {
			fmt.Fprintf(&b, " eps %v", l.Eps)
		}
		if l.Momentum != 0 {
			fmt.Fprintf(&b, " momentum %v", l.Momentum)
		}
		if l.Input != "" {
			fmt.Fprintf(&b, " of %s", l.Input)
		}
		if l.From != "" {
			fmt.Fprintf(&b, " plus %s", l.From)
		}
	}
	return b.String()
}
