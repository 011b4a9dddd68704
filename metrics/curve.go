package metrics

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
)

// curve is what deletion and insertion share: the output as a function of the
// share of pixels that were exchanged.
type curve struct {
	Deletion
	insert bool // from the substrate to the image, not from the image to the substrate
}

// steps returns the number of intervals of the curve.
func (o *curve) steps(s model.Shape) int { return (s.H*s.W + o.Step - 1) / o.Step }

func (o *curve) check(n *model.Net) error {
	var ps problems
	ps.between("step", o.Step, 1, n.Input.H*n.Input.W, "pixels")
	ps.oneOf("substrate", o.Substrate, substrates...)
	ps.oneOf("output", o.Output, "probability", "logit")
	if o.Output == "probability" && n.Classes() == 1 {
		ps.add("output", "is probability, which of a single class is 1 whatever the image; want logit")
	}
	ps.oneOf("target", o.Target, watched...)
	ps.oneOf("order", o.Order, "abs", "signed")
	return errors.Join(ps...)
}

// fractions lists the abscissae of the curve, 0 to 1.
func (o *curve) fractions(s model.Shape) []float64 {
	x := make([]float64, o.steps(s)+1)
	for i := range x {
		x[i] = float64(min(i*o.Step, s.H*s.W)) / float64(s.H*s.W)
	}
	return x
}

func (o *curve) series(n *model.Net, verb string, better int) []Series {
	what := watchedAbout(o.Target, o.Output)
	return []Series{
		{Name: "auc", About: "area under the curve of the " + what, Better: better},
		{Name: "curve", About: what, X: o.fractions(n.Input), XName: "fraction of pixels " + verb, Better: better},
	}
}

// read takes the watched number from the logits of a perturbed image.
func (o *curve) read(c *Case, logits []float32) float64 {
	t := watchedTarget(o.Target, c)
	if o.Output == "logit" {
		return t.Of(logits)
	}
	return probability(logits, t)
}

// score streams the perturbed images of all cases through the worker, one case
// after another without a gap, so that only the last block is not full. The
// unperturbed image is known already (Case.Logits) and not run again.
func (o *curve) score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	if err := errors.Join(o.check(n), checkCases(n, cases)); err != nil {
		return nil, err
	}
	shape := n.Input
	if o.Substrate == "mean" && len(e.Mean) != shape.C {
		return nil, fmt.Errorf("substrate mean: the mean colour has %d channels, the network's input %d", len(e.Mean), shape.C)
	}
	size, area, steps := shape.Size(), shape.H*shape.W, o.steps(shape)
	x := o.fractions(shape)
	out := make([][]float64, len(cases))
	for i := range cases {
		out[i] = make([]float64, 1+len(x)) // auc, curve
	}

	// The next perturbed image is the last one with Step pixels exchanged.
	// fill runs ahead of fold, never back, so one image of each is enough.
	var (
		image = make([]float32, size) // as perturbed so far
		other = make([]float32, size) // what is under the deleted, or over the inserted pixels
		order []int32
	)
	begin := func(c *Case) {
		order = pixelOrder(c.Map, area, o.Order == "signed", o.Ascending)
		if o.insert {
			substrate(image, o.Substrate, c.X, shape, e.Mean)
			copy(other, c.X)
		} else {
			substrate(other, o.Substrate, c.X, shape, e.Mean)
			copy(image, c.X)
		}
	}
	exchange := func(step int) { // of 1..steps
		for _, p := range order[(step-1)*o.Step : min(step*o.Step, area)] {
			for at := int(p); at < size; at += area {
				image[at] = other[at]
			}
		}
	}

	// Deletion runs the points 1..steps and knows 0; insertion runs the points
	// 0..steps-1 and knows the last.
	first, known := 1, 0
	if o.insert {
		first, known = 0, steps
	}
	fill := func(i int, dst []float32) {
		if i%steps == 0 {
			begin(&cases[i/steps])
		}
		if step := i%steps + first; step > 0 {
			exchange(step)
		}
		copy(dst, image)
	}
	fold := func(i int, logits []float32) {
		out[i/steps][1+i%steps+first] = o.read(&cases[i/steps], logits)
	}
	if err := e.Worker.Logits(e.Ctx, len(cases)*steps, fill, fold); err != nil {
		return nil, err
	}
	for i := range cases {
		y := out[i][1:]
		y[known] = o.read(&cases[i], cases[i].Logits)
		out[i][0] = trapezoid(x, y)
		if !putsFirst(cases[i].Map, area, o.Order == "signed") {
			for k := range out[i] {
				out[i][k] = math.NaN()
			}
		}
	}
	return out, nil
}

// trapezoid is the area under the straight lines through the points.
func trapezoid(x, y []float64) float64 {
	sum := 0.0
	for i := 1; i < len(x); i++ {
		sum += float64((x[i] - x[i-1]) * (0.5 * (y[i-1] + y[i])))
	}
	return sum
}
