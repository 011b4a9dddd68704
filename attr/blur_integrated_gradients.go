package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// BlurIntegratedGradients integrates the gradient along the path of ever less
// blurred versions of the image, from a Gaussian of max_sigma to none. It sums
// to F(x)-F(the image at max_sigma) up to the error of the steps, and needs no
// baseline from outside the image.
//
// Xu, Venugopalan & Sundararajan, "Attribution in Scale and Space", CVPR 2020,
// section 3. The path is a chain of straight pieces between the blurs at sigma =
// k max_sigma/n_steps, and the gradient is taken in the middle of each: the
// difference of two blurs takes the place of the paper's derivative by sigma, so
// that the pieces add up to the whole difference and a linear model is exact for
// any n_steps. The image is mirrored at its borders; the paper's code, at black
// borders, lets the frame creep in.
type BlurIntegratedGradients struct {
	NSteps   int     `yaml:"n_steps" doc:"gradients per image" jsonschema:"minimum=1,maximum=100000"`
	MaxSigma float64 `yaml:"max_sigma" doc:"standard deviation of the widest Gaussian, in pixels" jsonschema:"exclusiveMinimum=0,maximum=1000"`
}

// Check reports numbers out of range.
func (o *BlurIntegratedGradients) Check(*model.Net) error {
	errs := []error{between("n_steps", o.NSteps, 1, maxSteps)}
	// Not written as MaxSigma <= 0: NaN must fail too.
	if !(o.MaxSigma > 0 && o.MaxSigma <= maxBlurSigma) {
		errs = append(errs, &Problem{Option: "max_sigma", Msg: fmt.Sprintf("is %v, want above 0, at most %d", o.MaxSigma, maxBlurSigma)})
	}
	return errors.Join(errs...)
}

// Attribute explains the inputs: NSteps passes each, and one forward pass for
// the input and one for its widest blur.
func (o *BlurIntegratedGradients) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: blur_integrated_gradients: %w", err)
	}
	b := newBlurrer(e.Worker.Model().Net().Input)
	b.sigma(o.MaxSigma)
	fb, err := e.baselineValues(in, func(in *Input, dst []float32) { b.blur(dst, in.X) })
	if err != nil {
		return fmt.Errorf("attr: blur_integrated_gradients: baseline: %w", err)
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX, a.FB, a.Summed = fx[i], fb[i], true
		emit(i, a)
	})
}

func (o *BlurIntegratedGradients) passes() int { return o.NSteps }

// stream takes 16 inputs at a time through the steps together: a Gaussian is
// made once for all of them, and few inputs fill the lanes by several steps.
func (o *BlurIntegratedGradients) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	size := e.size()
	b := newBlurrer(e.Worker.Model().Net().Input)
	lanes := min(n, model.Lanes)
	in := lanesOf(lanes, size)
	acc := make([][]float64, lanes)
	for l := range acc {
		acc[l] = make([]float64, size)
	}
	m := make([]float32, size)
	// Point k, step k/count of input k%count, goes from blur k to blur k+count.
	// The engine asks for up to model.Lanes points ahead of the fold.
	blurs := lanesOf(2*model.Lanes+1, size)
	blur := func(k int) []float32 { return blurs[k%len(blurs)].X }
	for first := 0; first < n; first += lanes {
		count := min(lanes, n-first)
		b.sigma(o.MaxSigma)
		for l := range count {
			input(first+l, &in[l])
			clear(acc[l])
			b.blur(blur(l), in[l].X)
		}
		err := e.Worker.Gradients(e.Ctx, model.Gradient, count*o.NSteps,
			func(k int, p *model.Point) {
				left, l := o.NSteps-1-k/count, k%count
				from, to := blur(k), blur(k+count)
				if left == 0 {
					copy(to, in[l].X)
				} else {
					if l == 0 {
						b.sigma(float64(float64(left)*o.MaxSigma) / float64(o.NSteps))
					}
					b.blur(to, in[l].X)
				}
				p.Target = in[l].Target
				model.Lerp(0.5, to, from, p.X)
			},
			func(k int, res model.Result) {
				from, to, sum := blur(k), blur(k+count), acc[k%count]
				for j, g := range res.Grad {
					sum[j] += float64(float64(g) * (float64(to[j]) - float64(from[j])))
				}
			})
		if err != nil {
			return fmt.Errorf("attr: blur_integrated_gradients: %w", err)
		}
		for l := range count {
			for j, v := range acc[l] {
				m[j] = float32(v)
			}
			emit(first+l, Attribution{Map: m})
		}
	}
	return nil
}

// lanesOf returns n inputs with room for their values.
func lanesOf(n, size int) []Input {
	in := make([]Input, n)
	for l := range in {
		in[l].X = make([]float32, size)
	}
	return in
}
