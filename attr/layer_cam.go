package attr

import "assay/model"

// LayerCAM weighs every single value of a layer's activation by the positive
// part of the target's gradient there, adds the channels up and keeps what is
// positive.
//
// Jiang, Zhang, Hou, Cheng & Wei, "LayerCAM: Exploring Hierarchical Class
// Activation Maps for Localization", IEEE Transactions on Image Processing 30,
// 2021. The default layer is the relu behind the last convolution; the method is
// made for early layers as well.
type LayerCAM struct {
	Layer           string `yaml:"layer" doc:"layer whose activations are read; unless given the relu behind the last conv2d, or where skips go past that the next layer that none goes past, with its relu"`
	InterpolateMode string `yaml:"interpolate_mode" doc:"bilinear or nearest: the map is resized to the image; none: it has the layer's shape" jsonschema:"enum=bilinear,enum=nearest,enum=none"`
}

func (o *LayerCAM) cam() cam { return cam{o.Layer, o.InterpolateMode} }

// Check reports a layer that does not exist or has no rows and columns, and an
// unknown mode.
func (o *LayerCAM) Check(n *model.Net) error { return o.cam().check(n, true) }

// Shape returns the shape of the maps: the image's where they are resized to it.
func (o *LayerCAM) Shape(n *model.Net) model.Shape { return o.cam().shape(n, true, false) }

// Attribute explains the inputs, one pass each.
func (o *LayerCAM) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *LayerCAM) passes() int { return 1 }

func (o *LayerCAM) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return o.cam().stream(e, "layer_cam", true, false, n, input, layerCAM, emit)
}

// layerCAM writes the map into cam [1,h,w], which is 0 before.
func layerCAM(s model.Shape, act, grad []float32, cam []float64) {
	area := s.H * s.W
	for j, g := range grad {
		if g > 0 {
			cam[j%area] += float64(float64(g) * float64(act[j]))
		}
	}
	rectify(cam)
}
