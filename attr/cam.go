package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// cam holds what class activation maps have in common: the layer they read,
// none for the last convolution, and how its grid of h x w positions is laid
// over the image.
//
// Without interpolation a map has the layer's own positions, [1,h,w]. With it
// the map is resized to the image's H x W and has the image's shape [C,H,W]:
// every channel holds 1/C of it, so that the channel sum, which metrics and
// pictures take, is the class activation map. Resizing is PyTorch's interpolate
// with align_corners false.
type cam struct{ Layer, InterpolateMode string }

// check reports a layer that cannot be read and an unknown mode. rectified asks
// for the relu behind the last convolution where no layer is named.
func (o cam) check(n *model.Net, rectified bool) error {
	_, err := o.layer(n, rectified)
	return errors.Join(err, oneOf("interpolate_mode", o.InterpolateMode, "bilinear", "nearest", "none"))
}

// layer returns the name of the layer that is read.
func (o cam) layer(n *model.Net, rectified bool) (string, error) {
	name := o.Layer
	if name == "" {
		if name = lastConv(n, rectified); name == "" {
			return "", &Problem{Option: "layer", Msg: "is empty and the network has no convolution, want the name of a layer with rows and columns"}
		}
	}
	if err := spatial(n, name); err != nil {
		return "", err
	}
	return name, nil
}

// lastConv returns the last convolution, or the relu right behind it if one is
// asked for and there is one. Where a skip goes past that layer, so that the
// network cannot be cut there, it is the next layer where it can: the output of
// the last residual block.
func lastConv(n *model.Net, rectified bool) string {
	at := len(n.Layers) - 1
	for at >= 0 && n.Layers[at].Kind != "conv2d" {
		at--
	}
	if at < 0 {
		return ""
	}
	conv := n.Layers[at].Name
	if rectified {
		// A normalisation may stand between the two.
		next := at + 1
		for next < len(n.Layers) && n.Layers[next].Kind == "batch_norm2d" {
			next++
		}
		if next < len(n.Layers) && n.Layers[next].Kind == "relu" {
			at = next
		}
	}
	for k, l := range n.Layers[at:] {
		if spatial(n, l.Name) != nil {
			continue
		}
		if behind := at + k + 1; rectified && behind < len(n.Layers) && n.Layers[behind].Kind == "relu" && spatial(n, n.Layers[behind].Name) == nil {
			return n.Layers[behind].Name
		}
		return l.Name
	}
	return conv // whose fault is reported
}

// spatial reports a layer that does not exist, that the network cannot be cut
// at, or that comes after the activation was flattened.
func spatial(n *model.Net, name string) error {
	var known []string
	for i, l := range n.Layers {
		known = append(known, l.Name)
		if l.Name != name {
			continue
		}
		// What a cut leaves behind must be a network of its own.
		if _, err := n.After(name); err != nil {
			return noCut(name, err)
		}
		if _, err := n.Upto(name); err != nil {
			return noCut(name, err)
		}
		for _, before := range n.Layers[:i+1] {
			if before.Kind == "flatten" || before.Kind == "linear" {
				return &Problem{Option: "layer", Msg: fmt.Sprintf("is %q, whose %v values have no rows and columns any more; want a layer before %s", name, n.Shapes()[i], before.Name)}
			}
		}
		return nil
	}
	return noLayer(name, known)
}

// shapeOf returns the shape of a layer's activation.
func shapeOf(n *model.Net, name string) model.Shape {
	for i, l := range n.Layers {
		if l.Name == name {
			return n.Shapes()[i]
		}
	}
	panic("attr: no layer " + name)
}

// shape returns the maps' shape; with channels they are not added up.
func (o cam) shape(n *model.Net, rectified, channels bool) model.Shape {
	name, err := o.layer(n, rectified)
	if err != nil {
		return n.Input // a network that did not pass Check
	}
	s := shapeOf(n, name)
	if !channels {
		s.C = 1
	}
	if o.InterpolateMode != "none" {
		s.H, s.W = n.Input.H, n.Input.W
		if !channels {
			s.C = n.Input.C
		}
	}
	return s
}

// stream evaluates the layer and the gradient there for n inputs, 16 at a time,
// and emits what weigh makes of the two. weigh writes into cam, which is [1,h,w]
// or, with channels, [C,h,w] of the layer; s is the layer's shape.
func (o cam) stream(e *Env, name string, rectified, channels bool, n int, input func(i int, in *Input), weigh func(s model.Shape, act, grad []float32, cam []float64), emit func(i int, a Attribution)) error {
	net := e.Worker.Model().Net()
	layer, err := o.layer(net, rectified)
	if err != nil {
		return fmt.Errorf("attr: %s: %w", name, err)
	}
	s := shapeOf(net, layer)
	out := s
	if !channels {
		out.C = 1
	}
	values := make([]float64, out.Size())
	m := make([]float32, o.shape(net, rectified, channels).Size())
	fit := newResizer(o.InterpolateMode, out, net.Input)
	copies := 1
	if !channels && o.InterpolateMode != "none" {
		copies = net.Input.C
	}
	err = atLayer(e, layer, n, input, func(i int, in *Input, act []float32, res model.Result) {
		clear(values)
		weigh(s, act, res.Grad, values)
		fit.resize(values, copies, m)
		emit(i, Attribution{Map: m, FX: in.Target.Of(res.Logits)})
	})
	if err != nil {
		return fmt.Errorf("attr: %s: %w", name, err)
	}
	return nil
}

// atLayer runs n inputs up to a layer and gives each its activation there and
// the gradient of the target by it. The two parts of the network run in turn,
// 16 inputs side by side.
func atLayer(e *Env, layer string, n int, input func(i int, in *Input), use func(i int, in *Input, act []float32, res model.Result)) error {
	upto, err := e.Worker.Upto(layer)
	if err != nil {
		return err
	}
	after, err := e.Worker.After(layer)
	if err != nil {
		return err
	}
	in := newRing(1, e.size())
	size := after.Model().Net().Input.Size()
	acts := make([]float32, model.Lanes*size)
	act := func(l int) []float32 { return acts[l*size : (l+1)*size] }
	var inner error
	err = upto.Logits(e.Ctx, n,
		func(i int, x []float32) {
			input(i, in.at(i))
			copy(x, in.at(i).X)
		},
		func(i int, values []float32) {
			copy(act(i%model.Lanes), values)
			if last := i == n-1 || i%model.Lanes == model.Lanes-1; !last || inner != nil {
				return
			}
			first := i - i%model.Lanes
			inner = after.Gradients(e.Ctx, model.Gradient, i-first+1,
				func(l int, p *model.Point) {
					copy(p.X, act(l))
					p.Target = in.at(first + l).Target
				},
				func(l int, res model.Result) { use(first+l, in.at(first+l), act(l), res) })
		})
	if inner != nil {
		return inner
	}
	return err
}
