package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// LayerLRP is the relevance that LRP finds in a layer: of the values of its
// output, or with attribute_to_layer_input of what it reads. It sums to F(x)
// less what the layers behind give to biases and stabilisers.
//
// Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions
// by Layer-Wise Relevance Propagation", PLOS ONE 2015, section 2.4.
type LayerLRP struct {
	AtLayer `yaml:",inline"`
	LRP     `yaml:",inline"`
}

// Check reports what LRP cannot do and a layer that does not exist.
func (o *LayerLRP) Check(n *model.Net) error {
	_, err := o.cut(n, "attribute_to_layer_input")
	return errors.Join(err, o.LRP.Check(n))
}

// Shape returns the shape of the layer's activation.
func (o *LayerLRP) Shape(n *model.Net) model.Shape {
	name, err := o.cut(n, "attribute_to_layer_input")
	for i, l := range n.Layers {
		if err == nil && l.Name == name {
			return n.Shapes()[i]
		}
	}
	return n.Input // a network that did not pass Check
}

// Attribute explains the inputs: a pass forward each, and back to the layer.
func (o *LayerLRP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *LayerLRP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	name, err := o.cut(e.Worker.Model().Net(), "attribute_to_layer_input")
	if err == nil {
		err = o.propagate(e, name, n, input, emit)
	}
	if err != nil {
		return fmt.Errorf("attr: layer_lrp: %w", err)
	}
	return nil
}
