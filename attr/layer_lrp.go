package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// LayerLRP is the relevance that LRP finds in a layer: of the values of its
// output, or with attribute_to_layer_input of what it reads. It sums to F(x)
// less what the layers behind give to biases and stabilisers; where a skip goes
// past the layer it would not, and the layer is refused.
//
// Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions
// by Layer-Wise Relevance Propagation", PLOS ONE 2015.
type LayerLRP struct {
	AtLayer `yaml:",inline"`
	LRP     `yaml:",inline"`
}

// Check reports what LRP cannot do, a layer that does not exist or where the
// network cannot be cut, and rules of layers that relevance does not reach.
func (o *LayerLRP) Check(n *model.Net) error {
	_, err := o.after(n)
	if err == nil && o.Rules.check(n) == nil {
		var name string
		if name, err = o.cut(n, "attribute_to_layer_input"); err == nil {
			err = o.Rules.checkBehind(n, name)
		}
	}
	return errors.Join(err, o.LRP.Check(n))
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
