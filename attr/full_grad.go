package attr

import (
	"fmt"
	"math"
	"strings"

	"assay/model"
)

// FullGrad adds up, over the input and every layer with rows and columns, what
// the input and the biases contribute to the target. On a piecewise linear
// network F(x) is exactly the sum of gradient times input and of gradient times
// bias of every layer; the map shows how much of it passes each pixel.
//
// Srinivas & Fleuret, "Full-Gradient Representation for Neural Network
// Visualization", NeurIPS 2019, equations 3 and 7: of each of these products the
// absolute values are scaled to 0..1 for the image, resized to it (bilinear) and
// added over the channels. As in the paper, layers behind the flattening have no
// place in the map. The bias of a layer is what it gives for an input of zeros,
// so a batch normalisation has one too. Every channel of the map holds an equal
// share, so that the channel sum is the paper's map.
type FullGrad struct{}

// Check reports a network that is not the sum of these terms, or that cannot be
// cut at each of its layers.
func (o *FullGrad) Check(n *model.Net) error {
	refuse := func(err error) error {
		return &Problem{Option: "method", Msg: "is full_grad: " + strings.TrimPrefix(err.Error(), "model: ")}
	}
	if err := n.PiecewiseLinear(); err != nil {
		return refuse(err)
	}
	for i, l := range n.Layers {
		if l.Kind == "flatten" || l.Kind == "linear" || i == len(n.Layers)-1 {
			break
		}
		if _, err := n.After(l.Name); err != nil {
			return refuse(err)
		}
	}
	return nil
}

// Attribute explains the inputs: a pass each, and for every layer with a bias
// and rows and columns another over the network in two parts.
func (o *FullGrad) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

// passes is that of a network with two convolutions.
func (o *FullGrad) passes() int { return 3 }

func (o *FullGrad) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	net := e.Worker.Model().Net()
	layers, err := biases(e)
	if err != nil {
		return fmt.Errorf("attr: full_grad: %w", err)
	}
	area := net.Input.H * net.Input.W
	in := lanesOf(min(n, model.Lanes), e.size())
	planes := make([][]float64, len(in))
	for l := range planes {
		planes[l] = make([]float64, area)
	}
	fx := make([]float64, len(in))
	m := make([]float32, e.size())
	own := newTerm(net.Input, net.Input)
	terms := make([]*term, len(layers))
	for k, b := range layers {
		terms[k] = newTerm(b.shape, net.Input)
	}
	for first := 0; first < n; first += len(in) {
		count := min(len(in), n-first)
		err := e.Worker.Gradients(e.Ctx, model.Gradient, count,
			func(l int, p *model.Point) {
				input(first+l, &in[l])
				copy(p.X, in[l].X)
				p.Target = in[l].Target
			},
			func(l int, res model.Result) {
				fx[l] = in[l].Target.Of(res.Logits)
				clear(planes[l])
				own.add(in[l].X, res.Grad, planes[l])
			})
		for k := 0; err == nil && k < len(layers); k++ {
			err = atLayer(e, layers[k].layer, count,
				func(l int, dst *Input) {
					dst.Index, dst.Target = in[l].Index, in[l].Target
					copy(dst.X, in[l].X)
				},
				func(l int, _ *Input, _ []float32, res model.Result) {
					terms[k].add(layers[k].bias, res.Grad, planes[l])
				})
		}
		if err != nil {
			return fmt.Errorf("attr: full_grad: %w", err)
		}
		for l := range count {
			for c := range net.Input.C {
				for j, v := range planes[l] {
					m[c*area+j] = float32(v / float64(net.Input.C))
				}
			}
			emit(first+l, Attribution{Map: m, FX: fx[l]})
		}
	}
	return nil
}

// term is one product of the sum, on its way into the map.
type term struct {
	area int
	sum  []float64 // [1,h,w]
	abs  []float64 // [C,h,w]
	fit  resizer
	m    []float32
}

func newTerm(s, image model.Shape) *term {
	flat := model.Shape{C: 1, H: s.H, W: s.W}
	return &term{s.H * s.W, make([]float64, s.H*s.W), make([]float64, s.Size()), newResizer("bilinear", flat, image), make([]float32, image.H*image.W)}
}

// add scales the absolute values of a*b to 0..1, adds the channels up and adds
// them, resized, to the plane.
func (t *term) add(a, b []float32, plane []float64) {
	lo, hi := math.Inf(1), 0.0
	for j := range t.abs {
		t.abs[j] = math.Abs(float64(a[j]) * float64(b[j]))
		lo, hi = min(lo, t.abs[j]), max(hi, t.abs[j])
	}
	if lo == hi {
		return // the same everywhere: it tells no pixel from another
	}
	clear(t.sum)
	for j, v := range t.abs {
		t.sum[j%t.area] += (v - lo) / (hi - lo)
	}
	t.fit.resize(t.sum, 1, t.m)
	model.Accumulate(1, t.m, plane)
}

// bias is what a layer gives for an input of zeros.
type bias struct {
	layer string
	shape model.Shape
	bias  []float32 // [C,h,w]
}

// biases returns the layers before the flattening whose bias is not 0.
func biases(e *Env) ([]bias, error) {
	net := e.Worker.Model().Net()
	var out []bias
	for i, l := range net.Layers {
		if l.Kind == "flatten" || l.Kind == "linear" || i == len(net.Layers)-1 {
			break
		}
		b, err := biasOf(e, i)
		if err != nil {
			return nil, err
		}
		for _, v := range b.bias {
			if v != 0 {
				out = append(out, b)
				break
			}
		}
	}
	return out, nil
}

// biasOf runs layer i alone on zeros.
func biasOf(e *Env, i int) (bias, error) {
	net, w := e.Worker.Model().Net(), e.Worker
	var err error
	if i > 0 {
		if w, err = w.After(net.Layers[i-1].Name); err != nil {
			return bias{}, err
		}
	}
	b := bias{layer: net.Layers[i].Name, shape: net.Shapes()[i]}
	if w, err = w.Upto(b.layer); err != nil {
		return bias{}, err
	}
	err = w.Logits(e.Ctx, 1,
		func(_ int, x []float32) { clear(x) },
		func(_ int, values []float32) { b.bias = append(b.bias, values...) })
	return b, err
}
