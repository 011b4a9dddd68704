package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// LayerFeatureAblation scores the neurons of a layer, one by one or in groups,
// by the drop of the target when they are replaced by a baseline:
// FeatureAblation on the layers behind.
//
// Captum's LayerFeatureAblation; the idea is that of Zeiler & Fergus,
// "Visualizing and Understanding Convolutional Networks", ECCV 2014, section
// 4.2. Baseline and mask are the layer's own, as in Captum: pixels are its
// positions, and "file" an array of its shape.
type LayerFeatureAblation struct {
	AtLayer  `yaml:",inline"`
	Mask     Mask     `yaml:"mask" doc:"groups of neurons: values, pixels, grid:N, cells:N or file:PATH"`
	Baseline Baseline `yaml:"baseline" doc:"activation that replaces them: zero, a number, or image:PATH of a .npy array of the layer's shape"`
}

// over is the method on the layers behind.
func (o *LayerFeatureAblation) over() *FeatureAblation {
	return &FeatureAblation{Mask: o.Mask, Baseline: o.Baseline}
}

// Check reports a layer that is not there, a baseline that only images have, and
// a mask or baseline that has not the layer's shape.
func (o *LayerFeatureAblation) Check(n *model.Net) error {
	after, err := o.after(n)
	errs := []error{err}
	fits := true
	if k := o.Baseline.kind; k != "" && k != "image" {
		fits = false
		errs = append(errs, &Problem{Option: "baseline", Msg: fmt.Sprintf("is %s, which an activation has not; want zero, a number or image:PATH", o.Baseline)})
	}
	if o.Mask.kind == "slic" {
		fits = false
		errs = append(errs, &Problem{Option: "mask", Msg: fmt.Sprintf("is %s, which are parts of an image; want values, pixels, grid:N, cells:N or file:PATH", o.Mask)})
	}
	if after != nil && fits {
		errs = append(errs, o.over().Check(after))
	}
	return errors.Join(errs...)
}

// Attribute explains the inputs: a pass forward from the layer on for every
// group of neurons.
func (o *LayerFeatureAblation) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.attribute(e, o, false, Baseline{}, in, emit)
}

func (o *LayerFeatureAblation) passes() int { return 0 }

func (o *LayerFeatureAblation) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *LayerFeatureAblation) masks() []Mask { return []Mask{o.Mask} }

func (o *LayerFeatureAblation) forwards(n *model.Net) int {
	after, err := o.after(n)
	if err != nil {
		return 0 // a network that did not pass Check
	}
	return 1 + o.over().forwards(after)
}

func (o *LayerFeatureAblation) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	over := o.over()
	return named(o, o.AtLayer.stream(e, nil, func(*feed) streamer { return over }, n, input, emit))
}
