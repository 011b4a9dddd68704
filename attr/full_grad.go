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
// Visualization", NeurIPS 2019: of each of these products the absolute values are
// scaled to 0..1 for the image, resized to it (bilinear) and added over the
// channels. As in the paper, layers behind the flattening have no place in the
// map. A batch normalisation has a bias too: what it makes of 0. Pixels are areas
// when a layer is resized, as in all of this package, where the authors' code
// aligns the corners. Every channel of the map holds an equal share, so that the
// channel sum is the paper's map.
type FullGrad struct{}

// Check reports a network that is not the sum of these terms.
func (o *FullGrad) Check(n *model.Net) error {
	if err := n.PiecewiseLinear(); err != nil {
		return &Problem{Option: "method", Msg: "is full_grad: " + strings.TrimPrefix(err.Error(), "model: ")}
	}
	return nil
}

// Attribute explains the inputs, one pass each.
func (o *FullGrad) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *FullGrad) passes() int { return 1 }

func (o *FullGrad) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	net := e.Worker.Model().Net()
	grids := grid(net)
	area := net.Input.H * net.Input.W
	r := newRing(1, e.size())
	plane := make([]float64, area)
	products := make([]float32, e.size())
	m := make([]float32, e.size())
	own := newTerm(net.Input, net.Input)
	terms := map[string]*term{} // by layer
	err := e.Worker.BiasGradients(e.Ctx, n,
		func(i int, p *model.Point) {
			in := r.at(i)
			input(i, in)
			copy(p.X, in.X)
			p.Target = in.Target
		},
		func(i int, res model.Result, biases []model.BiasTerm) {
			in := r.at(i)
			clear(plane)
			multiply(in.X, res.Grad, products)
			own.add(products, plane)
			for _, b := range biases {
				if !grids[b.Layer] {
					continue
				}
				t := terms[b.Layer]
				if t == nil {
					t = newTerm(b.Shape, net.Input)
					terms[b.Layer] = t
				}
				t.add(b.Values, plane)
			}
			for c := range net.Input.C {
				for j, v := range plane {
					m[c*area+j] = float32(v / float64(net.Input.C))
				}
			}
			emit(i, Attribution{Map: m, FX: in.Target.Of(res.Logits)})
		})
	if err != nil {
		return fmt.Errorf("attr: full_grad: %w", err)
	}
	return nil
}

// grid names the layers before the flattening, whose values have rows and
// columns.
func grid(n *model.Net) map[string]bool {
	in := map[string]bool{}
	for _, l := range n.Layers {
		if l.Kind == "flatten" || l.Kind == "linear" {
			break
		}
		in[l.Name] = true
	}
	return in
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

// add scales the absolute values to 0..1, adds the channels up and adds them,
// resized, to the plane.
func (t *term) add(values []float32, plane []float64) {
	lo, hi := math.Inf(1), 0.0
	for j := range t.abs {
		t.abs[j] = math.Abs(float64(values[j]))
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
