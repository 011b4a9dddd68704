package attr

import "assay/model"

// GradCAM weighs every channel of a layer's activation by the mean of the
// target's gradient over the channel and adds the channels up.
//
// Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
// Gradient-based Localization", ICCV 2017, equations 1 and 2. Options and their
// defaults are those of Captum's LayerGradCam, so negative parts stay unless
// relu_attributions cuts them off, as the paper does; but the map is resized to
// the image.
type GradCAM struct {
	Layer           string `yaml:"layer" doc:"layer whose activations are read; unless given the last conv2d, or where skips go past it the next layer that none goes past"`
	InterpolateMode string `yaml:"interpolate_mode" doc:"bilinear or nearest: the map is resized to the image; none: it has the layer's shape" jsonschema:"enum=bilinear,enum=nearest,enum=none"`
	// ReLUAttributions cuts off what is negative, before resizing.
	ReLUAttributions bool `yaml:"relu_attributions" doc:"cut off what is negative, as the paper does"`
	AttrDimSummation bool `yaml:"attr_dim_summation" doc:"add the channels up; without it the layer's channels stay apart"`
}

func (o *GradCAM) cam() cam { return cam{o.Layer, o.InterpolateMode} }

// Check reports a layer that does not exist or has no rows and columns, and an
// unknown mode.
func (o *GradCAM) Check(n *model.Net) error { return o.cam().check(n, false) }

// Shape returns the shape of the maps: the image's where they are resized to it.
func (o *GradCAM) Shape(n *model.Net) model.Shape {
	return o.cam().shape(n, false, !o.AttrDimSummation)
}

// Attribute explains the inputs, one pass each.
func (o *GradCAM) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *GradCAM) passes() int { return 1 }

func (o *GradCAM) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return o.cam().stream(e, "grad_cam", false, !o.AttrDimSummation, n, input, func(s model.Shape, act, grad []float32, cam []float64) {
		gradCAM(s, act, grad, cam)
		if o.ReLUAttributions {
			rectify(cam)
		}
	}, emit)
}

// gradCAM adds mean gradient times activation of every channel into cam [1,h,w],
// or writes them apart into cam [C,h,w].
func gradCAM(s model.Shape, act, grad []float32, cam []float64) {
	area := s.H * s.W
	for c := range s.C {
		w := 0.0
		for _, g := range grad[c*area : (c+1)*area] {
			w += float64(g)
		}
		at := c * area % len(cam)
		model.Accumulate(w/float64(area), act[c*area:(c+1)*area], cam[at:at+area])
	}
}

// rectify cuts off what is negative.
func rectify(cam []float64) {
	for j, v := range cam {
		cam[j] = max(v, 0)
	}
}
