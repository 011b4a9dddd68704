package attr

import (
	"fmt"
	"math"

	"assay/model"
)

// Integrated gradients with a tolerance tries 2, 4, 8, ... steps (the
// trapezoid 2, 3, 5, 9, ..., which halves its intervals) and stops at the first
// number whose map sums to F(x)-F(baseline) within the tolerance, or at the
// last number up to max_steps. riemann_left, riemann_right and
// riemann_trapezoid keep their gradients when the steps double, so the last
// number is what an image costs; gausslegendre and riemann_middle begin anew,
// at twice that. Attribution.Steps tells the number.

// firstSteps is the number tried first.
const firstSteps = 2

// rung is one number of steps with the points that are new to it.
type rung struct {
	steps         int
	alpha, weight []float64
	anew          bool    // earlier gradients are forgotten
	scale         float64 // of the sum
}

// nextRung returns the number of steps after the given one, 0 for the first.
func (o *IntegratedGradients) nextRung(steps int) rung {
	r := rung{steps: max(firstSteps, 2*steps), scale: 1}
	if o.Quadrature == "riemann_trapezoid" && steps > 0 {
		r.steps = 2*steps - 1
	}
	if r.steps > o.MaxSteps {
		return r // not to be climbed, and a rule may be dear to find
	}
	if o.Quadrature == "gausslegendre" || o.Quadrature == "riemann_middle" {
		r.alpha, r.weight = nodes(o.Quadrature, r.steps, false)
		r.anew = true
		return r
	}
	alpha, _ := riemann(o.Quadrature, r.steps, false)
	// Equal weights are taken out of the sum, which then may go on.
	r.scale = 1 / float64(r.steps)
	if o.Quadrature == "riemann_trapezoid" {
		r.scale = 1 / float64(r.steps-1)
	}
	for i := range alpha {
		k := i
		if o.Quadrature == "riemann_right" {
			k = i + 1
		}
		if steps > 0 && k%2 == 0 {
			continue // was a point of the number before
		}
		w := 1.0
		if o.Quadrature == "riemann_trapezoid" && (i == 0 || i == r.steps-1) {
			w = 0.5
		}
		r.alpha, r.weight = append(r.alpha, alpha[i]), append(r.weight, w)
	}
	r.anew = steps == 0
	return r
}

// climb is one image on its way up.
type climb struct {
	Input
	base, m []float32
	sum     []float64
	fx, fb  float64
	steps   int
	doubt   Doubt
}

// adapt is stream with a tolerance. Images are worked on 16 at a time, and all
// points that one number of steps adds for those not done fill the lanes
// together.
func (o *IntegratedGradients) adapt(e *Env, n int, from func(in *Input, dst []float32), input func(i int, in *Input), emit func(i int, a Attribution)) error {
	size := e.size()
	block := make([]*climb, min(n, model.Lanes))
	for l := range block {
		block[l] = &climb{
			Input: Input{X: make([]float32, size)}, base: make([]float32, size),
			m: make([]float32, size), sum: make([]float64, size),
		}
	}
	mean := make([]float64, size)
	open := make([]*climb, 0, len(block))
	for first := 0; first < n; first += len(block) {
		images := block[:min(len(block), n-first)]
		open = open[:0]
		for l, c := range images {
			input(first+l, &c.Input)
			from(&c.Input, c.base)
			c.doubt = StepsShort // until the sum is close enough
			open = append(open, c)
		}
		err := e.Worker.Logits(e.Ctx, 2*len(images),
			func(k int, x []float32) {
				if c := images[k/2]; k%2 == 0 {
					copy(x, c.X)
				} else {
					copy(x, c.base)
				}
			},
			func(k int, logits []float32) {
				if c := images[k/2]; k%2 == 0 {
					c.fx = c.Target.Of(logits)
				} else {
					c.fb = c.Target.Of(logits)
				}
			})
		for r := o.nextRung(0); err == nil && len(open) > 0 && r.steps <= o.MaxSteps; r = o.nextRung(r.steps) {
			err = o.step(e, r, open)
			left := open[:0]
			for _, c := range open {
				if d := o.close(c, r, mean); !(d <= o.Tolerance*math.Abs(c.fx-c.fb)) {
					left = append(left, c)
				} else {
					c.doubt = 0
				}
			}
			open = left
		}
		if err != nil {
			return fmt.Errorf("attr: integrated_gradients: %w", err)
		}
		for l, c := range images {
			a := Attribution{Map: c.m, FX: c.fx, Steps: c.steps, Doubt: c.doubt}
			if o.MultiplyByInputs {
				a.FB, a.Summed = c.fb, true
			}
			emit(first+l, a)
		}
	}
	return nil
}

// step adds the gradients of a rung to the sums.
func (o *IntegratedGradients) step(e *Env, r rung, open []*climb) error {
	points := len(r.alpha)
	if r.anew {
		for _, c := range open {
			clear(c.sum)
		}
	}
	return e.Worker.Gradients(e.Ctx, model.Gradient, len(open)*points,
		func(k int, p *model.Point) {
			c := open[k/points]
			p.Target = c.Target
			model.Lerp(float32(r.alpha[k%points]), c.X, c.base, p.X)
		},
		func(k int, res model.Result) {
			model.Accumulate(r.weight[k%points], res.Grad, open[k/points].sum)
		})
}

// close writes the map of an image after a rung and returns how far its sum is
// from F(x)-F(baseline).
func (o *IntegratedGradients) close(c *climb, r rung, mean []float64) float64 {
	total := 0.0
	for j, v := range c.sum {
		mean[j] = float64(v * r.scale)
		// As the map is rounded where it holds the products.
		total += float64(float32(float64(mean[j] * (float64(c.X[j]) - float64(c.base[j])))))
	}
	o.finish(mean, c.X, c.base, c.m)
	c.steps = r.steps
	return math.Abs(total - (c.fx - c.fb))
}
