package attr

import (
	"math"

	"assay/model"
)

// EdgeDetector is a control: the magnitude of the image's own edges, blind to
// the model. Maps that look like it need not say anything about the model.
//
// The Sobel operator (3x3, weights 1 2 1 across the derivative, no further
// scale) on the mean over channels, pixels beyond the border repeating the
// border. Every channel gets the magnitude over the number of channels, so that
// the channel sum is the magnitude. Adebayo et al., "Sanity Checks for Saliency
// Maps", NeurIPS 2018, section 5, compare with an edge detector of this kind.
type EdgeDetector struct{}

// Check finds nothing to object to: there are no settings.
func (o *EdgeDetector) Check(*model.Net) error { return nil }

// Attribute finds the edges of each input; the model runs forward for FX alone.
func (o *EdgeDetector) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributeBlind(e, o, in, emit)
}

func (o *EdgeDetector) passes() int { return 0 }

func (o *EdgeDetector) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	shape := e.Worker.Model().Net().Input
	gray := make([]float64, shape.H*shape.W)
	return blind(e, o, n, input, func(in *Input, m []float32) { sobel(in.X, shape, gray, m) }, emit)
}

// sobel writes the edge magnitude of x [C,H,W] into m [C,H,W]; gray [H,W] is
// scratch.
func sobel(x []float32, s model.Shape, gray []float64, m []float32) {
	clear(gray)
	area := s.H * s.W
	for c := range s.C {
		for j, v := range x[c*area : (c+1)*area] {
			gray[j] += float64(v)
		}
	}
	channels := float64(s.C)
	for j := range gray {
		gray[j] /= channels
	}
	at := func(r, c int) float64 {
		return gray[min(max(r, 0), s.H-1)*s.W+min(max(c, 0), s.W-1)]
	}
	for r := range s.H {
		for c := range s.W {
			// Powers of two times a value are exact: no product can be fused to
			// another result.
			dx := at(r-1, c+1) + 2*at(r, c+1) + at(r+1, c+1) - at(r-1, c-1) - 2*at(r, c-1) - at(r+1, c-1)
			dy := at(r+1, c-1) + 2*at(r+1, c) + at(r+1, c+1) - at(r-1, c-1) - 2*at(r-1, c) - at(r-1, c+1)
			v := float32(math.Sqrt(float64(dx*dx)+float64(dy*dy)) / channels)
			for k := range s.C {
				m[k*area+r*s.W+c] = v
			}
		}
	}
}
