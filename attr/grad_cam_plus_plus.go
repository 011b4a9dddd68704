package attr

import "assay/model"

// GradCAMPlusPlus weighs every channel of a layer's activation by a weighted sum
// of the positive gradients in it, the weights chosen so that every position
// that the target grows with counts alike, and keeps what is positive.
//
// Chattopadhay, Sarkar, Howlader & Balasubramanian, "Grad-CAM++: Generalized
// Gradient-based Visual Explanations for Deep Convolutional Networks", WACV
// 2018, equations 5, 10 and 19, for the score exp(F): its derivatives of second
// and third order are powers of the first, and its common factor exp(F), which
// scales a map as a whole, is left out. Where the denominator of a weight is 0,
// the weight is. The paper reads rectified activations, so the default layer is
// the relu behind the last convolution.
type GradCAMPlusPlus struct {
	Layer           string `yaml:"layer" doc:"layer whose activations are read; unless given the relu behind the last conv2d, or where skips go past that the next layer that none goes past, with its relu"`
	InterpolateMode string `yaml:"interpolate_mode" doc:"bilinear or nearest: the map is resized to the image; none: it has the layer's shape" jsonschema:"enum=bilinear,enum=nearest,enum=none"`
}

func (o *GradCAMPlusPlus) cam() cam { return cam{o.Layer, o.InterpolateMode} }

// Check reports a layer that does not exist or has no rows and columns, and an
// unknown mode.
func (o *GradCAMPlusPlus) Check(n *model.Net) error { return o.cam().check(n, true) }

// Shape returns the shape of the maps: the image's where they are resized to it.
func (o *GradCAMPlusPlus) Shape(n *model.Net) model.Shape { return o.cam().shape(n, true, false) }

// Attribute explains the inputs, one pass each.
func (o *GradCAMPlusPlus) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *GradCAMPlusPlus) passes() int { return 1 }

func (o *GradCAMPlusPlus) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	return o.cam().stream(e, "grad_cam_plus_plus", true, false, n, input, gradCAMPlusPlus, emit)
}

// gradCAMPlusPlus writes the map into cam [1,h,w], which is 0 before.
func gradCAMPlusPlus(s model.Shape, act, grad []float32, cam []float64) {
	area := s.H * s.W
	for c := range s.C {
		a, g := act[c*area:(c+1)*area], grad[c*area:(c+1)*area]
		sum := 0.0
		for _, v := range a {
			sum += float64(v)
		}
		w := 0.0
		for _, v := range g {
			d := float64(v)
			// alpha = g^2 / (2 g^2 + sum(A) g^3), both divided by g^2.
			if below := 2 + float64(sum*d); d > 0 && below != 0 {
				w += d / below
			}
		}
		model.Accumulate(w, a, cam)
	}
	rectify(cam)
}
