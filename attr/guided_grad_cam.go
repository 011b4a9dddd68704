package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// GuidedGradCAM is guided backpropagation times the positive part of Grad-CAM,
// resized to the image.
//
// Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via
// Gradient-based Localization", ICCV 2017, section 3. Options and defaults are
// Captum's.
type GuidedGradCAM struct {
	Layer           string `yaml:"layer" doc:"layer whose activations Grad-CAM reads; unless given the last conv2d, or where skips go past it the next layer that none goes past"`
	InterpolateMode string `yaml:"interpolate_mode" doc:"nearest or bilinear: how Grad-CAM is resized to the image" jsonschema:"enum=nearest,enum=bilinear"`
}

// Check reports a layer that does not exist or has no rows and columns, an
// unknown mode, and a network with layers that guided backpropagation is not
// defined for.
func (o *GuidedGradCAM) Check(n *model.Net) error {
	return errors.Join(
		(cam{o.Layer, "nearest"}).check(n, false),
		oneOf("interpolate_mode", o.InterpolateMode, "nearest", "bilinear"),
		supports(n, "guided_grad_cam", model.GuidedBackprop),
	)
}

// Attribute explains the inputs, two passes each.
func (o *GuidedGradCAM) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *GuidedGradCAM) passes() int { return 2 }

func (o *GuidedGradCAM) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	net := e.Worker.Model().Net()
	layer, err := (cam{o.Layer, o.InterpolateMode}).layer(net, false)
	if err != nil {
		return fmt.Errorf("attr: guided_grad_cam: %w", err)
	}
	s := shapeOf(net, layer)
	values := make([]float64, s.H*s.W)
	fit := newResizer(o.InterpolateMode, model.Shape{C: 1, H: s.H, W: s.W}, net.Input)
	area := net.Input.H * net.Input.W
	// Grad-CAM runs ahead, a block of inputs at a time, and the guided pass
	// follows over the same block.
	r := newRing(1, e.size())
	cams := make([]float32, model.Lanes*area)
	m := make([]float32, e.size())
	var inner error
	err = atLayer(e, layer, n,
		func(i int, in *Input) {
			input(i, r.at(i))
			in.Index, in.Target = r.at(i).Index, r.at(i).Target
			copy(in.X, r.at(i).X)
		},
		func(i int, in *Input, act []float32, res model.Result) {
			clear(values)
			gradCAM(s, act, res.Grad, values)
			rectify(values)
			l := i % model.Lanes
			fit.resize(values, 1, cams[l*area:(l+1)*area])
			if last := i == n-1 || l == model.Lanes-1; !last || inner != nil {
				return
			}
			first := i - l
			inner = backward(e, "guided_grad_cam", model.GuidedBackprop, l+1,
				func(k int, dst *Input) {
					src := r.at(first + k)
					dst.Index, dst.Target = src.Index, src.Target
					copy(dst.X, src.X)
				},
				nil,
				func(k int, a Attribution) {
					for c := range net.Input.C {
						multiply(a.Map[c*area:(c+1)*area], cams[k*area:(k+1)*area], m[c*area:(c+1)*area])
					}
					emit(first+k, Attribution{Map: m, FX: a.FX})
				})
		})
	if inner != nil {
		return inner
	}
	if err != nil {
		return fmt.Errorf("attr: guided_grad_cam: %w", err)
	}
	return nil
}
