package attr

import (
	"errors"
	"fmt"
	"slices"

	"assay/model"
	"assay/model/rng"
)

// sampledPath is the mean, over random draws, of the gradient at a random point
// between the input and a baseline, times their difference: what gradient_shap
// and expected_gradients have in common.
//
// Draw s of image i takes its baseline and its point from the stream (seed,
// "path", i, s), and its noise from (seed, "path noise", i, s): the first k
// draws of n_samples 100 are those of n_samples k. The standard error of a map
// value is that of the mean over the draws, which are independent; a single draw
// has none.
type sampledPath struct {
	name             string
	nSamples         int
	stdevs           float64
	baseline         Baseline
	multiplyByInputs bool
}

func (o sampledPath) check(n *model.Net) error {
	errs := []error{between("n_samples", o.nSamples, 1, maxSteps), o.baseline.checkAny(n)}
	// Not written as stdevs < 0: NaN must fail too.
	if !(o.stdevs >= 0 && o.stdevs <= 1000) {
		errs = append(errs, &Problem{Option: "stdevs", Msg: fmt.Sprintf("is %v, want 0 to 1000", o.stdevs)})
	}
	return errors.Join(errs...)
}

// forwards counts the baselines, whose value the map is compared with.
func (o sampledPath) forwards() int {
	if o.summed() {
		return o.nSamples
	}
	return 0
}

// summed tells whether the map is meant to sum to F(x) less the mean of F over the
// baselines: noise moves the input, so that it does not.
func (o sampledPath) summed() bool { return o.multiplyByInputs && o.stdevs == 0 }

// draw makes the random choices of a sample: the baseline in base and the place
// on the path, 0 the baseline and 1 the input.
func (o sampledPath) draw(e *Env, st *rng.Stream, d draws, in *Input, sample int, base []float32) float32 {
	alpha, k := o.choose(e, st, d, in, sample)
	d.fill(in, k, base)
	return alpha
}

// choose draws a place on the path and which baseline.
func (o sampledPath) choose(e *Env, st *rng.Stream, d draws, in *Input, sample int) (alpha float32, k int) {
	st.Reset(e.Seed, "path", in.Index, sample)
	alpha = float32(st.Float64())
	if d.n == 0 {
		return alpha, sample // noise: every sample has its own
	}
	return alpha, st.IntN(d.n)
}

// end writes where the path of a sample ends: the input, or a noisy copy of it. z
// is scratch of its size.
func (o sampledPath) end(e *Env, st *rng.Stream, in *Input, sample int, z, end []float32) {
	copy(end, in.X)
	if o.stdevs > 0 {
		st.Reset(e.Seed, "path noise", in.Index, sample)
		st.Normals(z)
		model.AddScaled(float32(o.stdevs), z, in.X, end)
	}
}

// attribute adds to stream what it leaves out: F(x), and the mean of F over the
// baselines that were drawn, one forward pass each.
func (o sampledPath) attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	d, err := o.baseline.drawer(e)
	if err != nil {
		return err
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: %s: %w", o.name, err)
	}
	fb := make([]float64, len(in))
	if o.summed() {
		if err := o.baselineSums(e, d, in, fb); err != nil {
			return fmt.Errorf("attr: %s: baseline: %w", o.name, err)
		}
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX = fx[i]
		if o.summed() {
			a.FB, a.Summed = fb[i]/float64(o.nSamples), true
		}
		emit(i, a)
	})
}

// keptBaselines bounds the baselines whose logits are kept.
const keptBaselines = 4096

// baselineSums adds F at every baseline that an input draws to sums. Of few
// images that all inputs draw from each is looked at once.
func (o sampledPath) baselineSums(e *Env, d draws, in []Input, sums []float64) error {
	var st rng.Stream
	draws := len(in) * o.nSamples
	if !o.baseline.sharedByInputs() || d.n > min(draws, keptBaselines) {
		return e.Worker.Logits(e.Ctx, draws,
			func(k int, x []float32) { o.draw(e, &st, d, &in[k/o.nSamples], k%o.nSamples, x) },
			func(k int, logits []float32) {
				i := k / o.nSamples
				sums[i] += in[i].Target.Of(logits)
			})
	}
	all := make([][]float32, d.n)
	err := e.Worker.Logits(e.Ctx, d.n,
		func(k int, x []float32) { d.fill(nil, k, x) },
		func(k int, logits []float32) { all[k] = slices.Clone(logits) })
	if err != nil {
		return err
	}
	for i := range in {
		for s := range o.nSamples {
			_, k := o.choose(e, &st, d, &in[i], s)
			sums[i] += in[i].Target.Of(all[k])
		}
	}
	return nil
}

// sharedByInputs tells whether the baselines are images that do not depend on the
// input.
func (b Baseline) sharedByInputs() bool {
	switch b.kind {
	case "", "black", "white", "mean", "train", "image", "images":
		return true
	}
	return false
}

func (o sampledPath) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	d, err := o.baseline.drawer(e)
	if err != nil {
		return err
	}
	samples, size := o.nSamples, e.size()
	r := newRing(samples, size)
	// The ends of the path of every point on its way.
	ends, bases := newRing(1, size), newRing(1, size)
	z := make([]float32, size)
	m, se := make([]float32, size), make([]float32, size)
	// Folds come in order: one sum is open at a time, of the draws' values and of
	// their squares.
	acc, squares := make([]float64, size), make([]float64, size)
	var st rng.Stream
	err = e.Worker.Gradients(e.Ctx, model.Gradient, n*samples,
		func(k int, p *model.Point) {
			i, s := k/samples, k%samples
			in := r.at(i)
			if s == 0 {
				input(i, in)
			}
			end, base := ends.at(k).X, bases.at(k).X
			alpha := o.draw(e, &st, d, in, s, base)
			o.end(e, &st, in, s, z, end)
			p.Target = in.Target
			model.Lerp(alpha, end, base, p.X)
		},
		func(k int, res model.Result) {
			i, s := k/samples, k%samples
			if s == 0 {
				clear(acc)
				clear(squares)
			}
			if o.multiplyByInputs {
				addGains(res.Grad, ends.at(k).X, bases.at(k).X, acc, squares)
			} else {
				model.Accumulate(1, res.Grad, acc)
				model.AccumulateSquares(res.Grad, squares)
			}
			if s < samples-1 {
				return
			}
			emit(i, meanOfDraws(samples, acc, squares, m, se))
		})
	if err != nil {
		return fmt.Errorf("attr: %s: %w", o.name, err)
	}
	return nil
}

// meanOfDraws returns the mean of n draws and its standard error, in the memory
// given, from the sums of their values and squares. Of one draw there is no
// standard error: nothing says how far another would be.
func meanOfDraws(n int, sum, squares []float64, mean, stderr []float32) Attribution {
	if n > 1 {
		model.MeanError(n, sum, squares, mean, stderr)
		return Attribution{Map: mean, StdErr: stderr}
	}
	for j, v := range sum {
		mean[j] = float32(v)
	}
	return Attribution{Map: mean}
}

// addGains adds gradient times difference to acc and its square to squares. All
// have one length.
func addGains(grad, end, base []float32, acc, squares []float64) {
	n := len(grad)
	end, base, acc, squares = end[:n], base[:n], acc[:n], squares[:n]
	for j, g := range grad {
		v := float64(float64(g) * (float64(end[j]) - float64(base[j])))
		acc[j] += v
		squares[j] += float64(v * v)
	}
}
