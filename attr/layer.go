package attr

import (
	"fmt"
	"strings"

	"assay/model"
	"assay/model/spelling"
)

// AtLayer says which layer a method looks at. It stands for the layer's output,
// or with AttributeToLayerInput for what the layer reads.
type AtLayer struct {
	Layer                 string `yaml:"layer" doc:"name of the layer; unless given the last conv2d, or where skips go past it the next layer that none goes past"`
	AttributeToLayerInput bool   `yaml:"attribute_to_layer_input" doc:"look at what the layer reads instead of its output"`
}

// cut returns the layer whose output the options mean. inputOption is the name
// of the option that asks for the input.
func (o AtLayer) cut(n *model.Net, inputOption string) (string, error) {
	names := make([]string, len(n.Layers))
	at, name := -1, o.Layer
	if name == "" {
		name = lastConv(n, false)
	}
	for i, l := range n.Layers {
		names[i] = l.Name
		if l.Name == name {
			at = i
		}
	}
	if at < 0 && o.Layer == "" {
		return "", &Problem{Option: "layer", Msg: "is missing and there is no conv2d, want one of " + strings.Join(names, ", ")}
	}
	if at < 0 {
		return "", noLayer(o.Layer, names)
	}
	if !o.AttributeToLayerInput {
		return names[at], nil
	}
	l := n.Layers[at]
	if l.From != "" {
		return "", &Problem{Option: inputOption, Msg: fmt.Sprintf("is true, but layer %s reads two others, %s and %s", l.Name, reads(n, at), l.From)}
	}
	from := reads(n, at)
	if from == "input" {
		return "", &Problem{Option: inputOption, Msg: fmt.Sprintf("is true, but what layer %s reads is the image", l.Name)}
	}
	return from, nil
}

// noLayer is the problem of a layer that does not exist. Deep networks have too
// many to list them all where one of them is near.
func noLayer(got string, names []string) error {
	near := spelling.Nearest(got, names)
	if near != "" && len(names) > 20 {
		return &Problem{Option: "layer", Msg: fmt.Sprintf("is %q, which is none of the network's %d layers; did you mean %q?", got, len(names), near)}
	}
	msg := fmt.Sprintf("is %q, want one of %s", got, strings.Join(names, ", "))
	if near != "" {
		msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return &Problem{Option: "layer", Msg: msg}
}

// reads names the layer whose output layer i reads, "input" for the image.
func reads(n *model.Net, i int) string {
	switch {
	case n.Layers[i].Input != "":
		return n.Layers[i].Input
	case i == 0:
		return "input"
	}
	return n.Layers[i-1].Name
}

// upto returns the network that computes the layer's activation. Its last layer
// is the one that the options mean.
func (o AtLayer) upto(n *model.Net, inputOption string) (*model.Net, error) {
	name, err := o.cut(n, inputOption)
	if err != nil {
		return nil, err
	}
	upto, err := n.Upto(name)
	if err != nil {
		return nil, noCut(name, err)
	}
	return upto, nil
}

// noCut is the problem of a network that cannot be cut at a layer.
func noCut(layer string, err error) error {
	return &Problem{Option: "layer", Msg: fmt.Sprintf("is %s: %s", layer, strings.TrimPrefix(err.Error(), "model: "))}
}

// after returns the network that turns the layer's activation into logits.
func (o AtLayer) after(n *model.Net) (*model.Net, error) {
	name, err := o.cut(n, "attribute_to_layer_input")
	if err != nil {
		return nil, err
	}
	after, err := n.After(name)
	if err != nil {
		return nil, noCut(name, err)
	}
	return after, nil
}

// Shape returns the shape of the layer's activation.
func (o AtLayer) Shape(n *model.Net) model.Shape {
	upto, err := o.upto(n, "attribute_to_layer_input")
	if err != nil {
		return n.Input // a network that did not pass Check
	}
	shapes := upto.Shapes()
	return shapes[len(shapes)-1]
}

// uptoWorker returns the layers up to the cut, on the environment's worker.
func (o AtLayer) uptoWorker(e *Env) (*model.Worker, error) {
	name, err := o.cut(e.Worker.Model().Net(), "attribute_to_layer_input")
	if err != nil {
		return nil, err
	}
	return e.Worker.Upto(name)
}

// afterWorker returns those behind it.
func (o AtLayer) afterWorker(e *Env) (*model.Worker, error) {
	name, err := o.cut(e.Worker.Model().Net(), "attribute_to_layer_input")
	if err != nil {
		return nil, err
	}
	return e.Worker.After(name)
}
