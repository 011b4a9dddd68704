package attr

import (
	"errors"

	"assay/model"
	"assay/model/rng"
)

// LayerGradientSHAP is the mean, over random draws, of the gradient by a layer's
// activation at a random point between a noisy copy of the image and a baseline,
// times what the activation of the one is above that of the other.
//
// Captum's LayerGradientShap, after Lundberg & Lee, "A Unified Approach to
// Interpreting Model Predictions", NeurIPS 2017; the draws are those of
// GradientSHAP. The point is between images, not between activations, so the
// map sums to F(x)-F(baseline) only where the layers before are linear, and has
// no delta. Its standard errors are those of the draws.
type LayerGradientSHAP struct {
	AtLayer      `yaml:",inline"`
	GradientSHAP `yaml:",inline"`
}

// Check reports a layer that is not there and what GradientSHAP reports.
func (o *LayerGradientSHAP) Check(n *model.Net) error {
	_, err := o.after(n)
	return errors.Join(err, o.GradientSHAP.Check(n))
}

// Attribute explains the inputs: NSamples passes each.
func (o *LayerGradientSHAP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return o.AtLayer.attribute(e, o, false, Baseline{}, in, emit)
}

// forwards counts the noisy copies and the baselines, which go forward to the
// layer beside the points between them.
func (o *LayerGradientSHAP) forwards(*model.Net) int { return 2 * o.NSamples }

func (o *LayerGradientSHAP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	d, err := o.Baseline.drawer(e)
	if err != nil {
		return err
	}
	upto, err := o.uptoWorker(e)
	if err != nil {
		return named(o, err)
	}
	after, err := o.afterWorker(e)
	if err != nil {
		return named(o, err)
	}
	// Three images for every draw: the point, the noisy copy, the baseline.
	path, samples := o.path(), o.NSamples
	in := Input{X: make([]float32, e.size())}
	end, base, z := make([]float32, e.size()), make([]float32, e.size()), make([]float32, e.size())
	var st rng.Stream
	f := newFeed(e.Ctx, upto, n*samples*3, func(k int, dst *Input) {
		i, s := k/3/samples, k/3%samples
		dst.Index, dst.Target = in.Index, in.Target
		switch k % 3 {
		case 0:
			if s == 0 {
				input(i, &in)
				dst.Index, dst.Target = in.Index, in.Target
			}
			alpha := path.draw(e, &st, d, &in, s, base)
			path.end(e, &st, &in, s, z, end)
			model.Lerp(alpha, end, base, dst.X)
		case 1:
			copy(dst.X, end)
		case 2:
			copy(dst.X, base)
		}
	}, nil)
	gains := make([][]float32, model.Lanes+1) // of the draws between fill and fold
	for k := range gains {
		gains[k] = make([]float32, f.size)
	}
	m, se := make([]float32, f.size), make([]float32, f.size)
	acc, squares := make([]float64, f.size), make([]float64, f.size)
	err = after.Gradients(f.ctx, model.Gradient, n*samples,
		func(k int, p *model.Point) {
			at, act := f.take()
			p.Target = at.Target
			copy(p.X, act)
			gain := gains[k%len(gains)]
			_, act = f.take()
			copy(gain, act)
			_, act = f.take()
			for j, v := range act {
				gain[j] -= v
			}
		},
		func(k int, r model.Result) {
			if f.err != nil {
				return
			}
			if k%samples == 0 {
				clear(acc)
				clear(squares)
			}
			if o.MultiplyByInputs {
				for j, gain := range gains[k%len(gains)] {
					v := float64(float64(r.Grad[j]) * float64(gain))
					acc[j] += v
					squares[j] += float64(v * v)
				}
			} else {
				model.Accumulate(1, r.Grad, acc)
				model.AccumulateSquares(r.Grad, squares)
			}
			if k%samples < samples-1 {
				return
			}
			emit(k/samples, meanOfDraws(samples, acc, squares, m, se))
		})
	return named(o, f.close(err))
}
