package attr

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"assay/model"
	"assay/model/rng"
)

// Lime fits a linear function of the features' presence to the target over
// random subsets of the features, those near the image weighing more; a
// feature's score is its coefficient.
//
// Ribeiro, Singh & Guestrin, "Why Should I Trust You?", KDD 2016, sections 3.2
// to 3.4. The kernels are
//
//	cosine     exp(-d^2 / (2 kernel_width^2)), d = 1 - cos(x, x') of the inputs
//	euclidean  the same with d = |x - x'|
//	shapley    the Shapley kernel, and exact where none or all are present
//
// and the regressions, for weights w and residuals r,
//
//	lasso   minimises sum(w r^2) / (2 sum(w)) + alpha |b|_1
//	ridge   minimises sum(w r^2) + alpha |b|^2
//	linear  minimises sum(w r^2)
//
// all with an intercept, features drawn with probability 1/2. Kernel, width,
// lasso and alpha are Captum's defaults; its features are single input values
// and its samples 50, which determines nothing: our defaults are superpixels, as
// in the paper, and 1000. The standard error is White's sandwich; for lasso that
// of the linear fit to the same samples, since the penalty's effect on it has no
// closed form. The subsets of image i are drawn from the stream (seed, "lime",
// i): the first k of 100 are those of n_samples k.
//
// Captum's width of 1 suits the cosine's distances, which are at most 2; those of
// euclidean are of the size of |x - baseline|, and a width far below weighs all
// but a few samples by nothing. Where the effective number of samples
// (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965) is below the number of
// coefficients, or a feature never changes in those that weigh, the map has no
// standard error and says so (FewEffective), and where the lasso keeps no feature
// too (NothingKept).
//
// Under the Shapley kernel subsets of about half the features weigh next to
// nothing (1e-13 of the largest weight for 50 features) and are nearly all that
// coins would draw. So subsets are drawn as the kernel weighs them, in pairs,
// weigh 1 each, and the exact ones are a constraint: with regression linear the
// method is kernel_shap, whose subsets it draws too. A lasso is refused there.
type Lime struct {
	Mask        Mask     `yaml:"mask" doc:"features, at most 1000: slic:N, slic:N:COMPACTNESS, cells:N, grid:N, file:PATH, pixels or values"`
	NSamples    int      `yaml:"n_samples" doc:"subsets of the features per image, at least two more than features; with kernel shapley an even number and at least two a feature" jsonschema:"minimum=3,maximum=1000000"`
	Kernel      string   `yaml:"kernel" doc:"weight of a subset: cosine, euclidean or shapley" jsonschema:"enum=cosine,enum=euclidean,enum=shapley"`
	KernelWidth float64  `yaml:"kernel_width" doc:"width of the cosine or euclidean kernel; distances are at most 2 for cosine, about |x - baseline| for euclidean" jsonschema:"exclusiveMinimum=0"`
	Regression  string   `yaml:"regression" doc:"lasso, ridge or linear; with kernel shapley ridge or linear" jsonschema:"enum=lasso,enum=ridge,enum=linear"`
	Alpha       float64  `yaml:"alpha" doc:"strength of the penalty of lasso or ridge" jsonschema:"minimum=0"`
	Baseline    Baseline `yaml:"baseline" doc:"what stands for an absent feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports a mask that does not fit or makes too many features, n_samples
// too few for them, unknown kernels and regressions, a lasso with the Shapley
// kernel, numbers out of range and a baseline that does not fit.
func (o *Lime) Check(n *model.Net) error {
	errs := []error{o.Mask.check(n, maxRegressed)}
	if o.Kernel == "shapley" {
		errs = append(errs, checkPairs(o.NSamples, o.Mask, n, errs[0] == nil))
	} else if errs[0] == nil {
		errs = append(errs, checkSamples(o.NSamples, o.Mask.features(n)+2, o.Mask.features(n)))
	}
	errs = append(errs, oneOf("kernel", o.Kernel, "cosine", "euclidean", "shapley"))
	if !(o.KernelWidth > 0 && o.KernelWidth <= 1e6) {
		errs = append(errs, &Problem{Option: "kernel_width", Msg: fmt.Sprintf("is %v, want above 0 and at most 1e6", o.KernelWidth)})
	}
	errs = append(errs, oneOf("regression", o.Regression, "lasso", "ridge", "linear"))
	if o.Kernel == "shapley" && o.Regression == "lasso" {
		// With sum(b) = D, |b|_1 is |D| and twice what has the other sign: the
		// penalty is the same for every b of one sign, however many are 0.
		errs = append(errs, &Problem{Option: "regression", Msg: "is lasso, want linear or ridge with kernel shapley: its scores sum to F(x)-F(baseline) whatever the penalty, which would not choose features but take from those of the other sign"})
	}
	if !(o.Alpha >= 0 && o.Alpha <= 1e6) {
		errs = append(errs, &Problem{Option: "alpha", Msg: fmt.Sprintf("is %v, want 0 to 1e6", o.Alpha)})
	}
	return errors.Join(append(errs, o.Baseline.check(n))...)
}

// Attribute explains the inputs: NSamples passes forward each.
func (o *Lime) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *Lime) passes() int { return 0 }

func (o *Lime) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *Lime) masks() []Mask { return []Mask{o.Mask} }

func (o *Lime) forwards(*model.Net) int { return 2 + o.NSamples }

func (o *Lime) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "lime", n, input, emit, func() trial {
		if o.Kernel == "shapley" {
			t := &kernelTrial{subject: newSubject(set), samples: o.NSamples}
			if o.Regression == "ridge" {
				t.penalty = o.Alpha
			}
			return t
		}
		return &limeTrial{subject: newSubject(set), o: o}
	})
}

type limeTrial struct {
	*subject
	o   *Lime
	set coalition
	v   []float64 // the target, by sample
	w   []float64 // and its weight

	// What a feature adds to the distance of a perturbed image, which so follows
	// without looking at it: terms[f][0] where it is absent, terms[f][1] present.
	terms [][2]distanceTerm
	own   float64 // x.x

	// The samples of a block: by lane, its subset, and the weight for every feature
	// that is present.
	sets   []uint64  // [Lanes][words]
	rows   []float64 // [Lanes][ld]
	ld     int
	sample int // number of the sample in lane 0, as it were
	at     []int32

	a, inverse          symmetric
	outer               []float64 // [features][ld] a without means, on and below the diagonal
	mean, rhs, b, u, cu []float64
	total, meanV, ridge float64
}

// distanceTerm is what a feature adds to x.z, z.z and |x-z|^2 of a perturbed
// image z.
type distanceTerm struct{ dot, square, apart float64 }

func (t *limeTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	t.v, t.w = resize(t.v, t.o.NSamples), resize(t.w, t.o.NSamples)
	t.terms = append(t.terms[:0], make([][2]distanceTerm, m)...)
	for j, f := range t.of {
		x, b := float64(in.X[j]), float64(t.base[j])
		absent, present := &t.terms[f][0], &t.terms[f][1]
		present.dot += float64(x * x)
		present.square += float64(x * x)
		absent.dot += float64(x * b)
		absent.square += float64(b * b)
		absent.apart += float64((x - b) * (x - b))
	}
	t.own = 0
	for f := range t.terms {
		t.own += t.terms[f][1].square
	}
	t.ld = (m + 3) &^ 3
	t.rows, t.outer, t.rhs = resize(t.rows, model.Lanes*t.ld), resize(t.outer, m*t.ld), resize(t.rhs, m)
	t.total, t.meanV = 0, 0
	t.restart()
	t.sets = append(t.sets[:0], make([]uint64, model.Lanes*len(t.set.present))...)
	return 2 + t.o.NSamples, nil
}

func (t *limeTrial) restart() { t.set.start(t.count(), t.e.Seed, "lime", t.in.Index) }

func (t *limeTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	t.sample = k - 2 - lane
	words := len(t.set.present)
	for l := lane + at; l < lane+n; l++ {
		t.set.toss()
		copy(t.sets[l*words:], t.set.present)
		w := t.weight()
		t.w[t.sample+l] = w
		row, pattern := t.rows[l*t.ld:][:t.count()], math.Float64bits(w)
		for f := range row {
			row[f] = math.Float64frombits(pattern & -t.set.bit(f)) // w or 0
		}
	}
	t.showSets(b, lane+at, t.sets, words)
	// Sums of weights do not wait for the target.
	inside := uint32(1)<<(lane+n) - 1<<(lane+at)
	for f, shown := range t.lanes {
		t.at = t.at[:0]
		for shown &= inside; shown != 0; shown &= shown - 1 {
			t.at = append(t.at, int32(bits.TrailingZeros32(shown)))
		}
		model.SumRows(t.at, t.rows, t.ld, t.outer[f*t.ld:][:f+1])
	}
}

// fold adds a sample to the sums of the regression. The target counts from
// F(baseline), so that nothing is lost to a large common term; the intercept
// takes it up.
func (t *limeTrial) fold(k int, v float64) {
	if t.foldEdges(k, v) {
		return
	}
	k -= 2
	v -= t.fb
	t.v[k] = v
	t.total += t.w[k]
	t.meanV += float64(t.w[k] * v)
	for f, w := range t.rows[(k-t.sample)*t.ld:][:len(t.rhs)] {
		t.rhs[f] += float64(w * v)
	}
}

// weight returns the kernel's weight of the subset.
func (t *limeTrial) weight() float64 {
	var d float64
	switch t.o.Kernel {
	case "euclidean":
		for f := range t.terms {
			d += t.terms[f][t.set.bit(f)].apart
		}
		d = math.Sqrt(d)
	default:
		var dot, other float64
		for f := range t.terms {
			term := &t.terms[f][t.set.bit(f)]
			dot += term.dot
			other += term.square
		}
		// PyTorch's cosine, whose lower bound of the lengths decides for an
		// image of zeros: it is at distance 1.
		d = 1 - dot/math.Max(math.Sqrt(t.own)*math.Sqrt(other), 1e-8)
	}
	d /= t.o.KernelWidth
	return rng.Exp(-0.5 * float64(d*d))
}

// vanished bounds the sums of weights from which nothing is left to compute: the
// regression divides by numbers 1e-9 as large, and squares come near the smallest
// that there are.
const vanished = 1e-280

func (t *limeTrial) end() Attribution {
	m := t.count()
	a := Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
	if effective(t.w) < float64(m+1) {
		a.StdErr, a.Doubt = nil, FewEffective
	}
	if t.total < vanished {
		clear(t.m)
		a.StdErr, a.Doubt = nil, FewEffective // though all may weigh the same
		return a
	}
	t.gather()
	for i := range m {
		// A feature that is always there, in the samples that weigh: one subset
		// drawn often has the weight of many samples and tells no more than one.
		if t.a.a[i*m+i] <= t.ridge {
			a.StdErr, a.Doubt = nil, FewEffective
		}
	}
	alpha := t.o.Alpha
	switch t.o.Regression {
	case "lasso":
		t.solve(0)
		t.errors()
		for i := range t.a.a {
			t.a.a[i] /= t.total
		}
		for i := range t.rhs {
			t.rhs[i] /= t.total
		}
		lasso(&t.a, t.rhs, alpha, t.score)
		if allZero(t.score) && !allZero(t.rhs) {
			a.Doubt |= NothingKept
		}
	case "ridge":
		t.solve(alpha)
		t.errors()
		copy(t.score, t.b)
	default:
		t.solve(0)
		t.errors()
		copy(t.score, t.b)
	}
	t.spread(t.score, false, t.m)
	t.spread(t.u[:m], false, t.se)
	return a
}

// effective returns how many samples of equal weight are worth as much as those
// of the weights: (sum w)^2 / sum w^2, 0 where all are 0.
func effective(w []float64) float64 {
	var largest, sum, squares float64
	for _, v := range w {
		largest = math.Max(largest, v)
	}
	if largest == 0 {
		return 0
	}
	for _, v := range w {
		v /= largest // or squares were 0 before the weights are
		sum += v
		squares += float64(v * v)
	}
	return sum * sum / squares
}

// allZero reports whether nothing differs from 0.
func allZero(v []float64) bool {
	return !slices.ContainsFunc(v, func(x float64) bool { return x != 0 })
}

// gather fills a with the weighted covariances of the features' presence, times
// the total weight, and rhs with those of presence and target.
func (t *limeTrial) gather() {
	m := t.count()
	t.a.reset(m)
	t.mean, t.b = resize(t.mean, m), resize(t.b, m)
	t.u, t.cu = resize(t.u, m), resize(t.cu, m)
	for i := range m {
		copy(t.a.a[i*m:i*m+i+1], t.outer[i*t.ld:])
		t.mean[i] = t.outer[i*t.ld+i] // a feature's weights are those of it with itself
	}
	t.ridge = t.a.ridge()
	t.meanV /= t.total
	for i := range m {
		t.mean[i] /= t.total
	}
	for i := range m {
		wi := float64(t.total * t.mean[i])
		t.rhs[i] -= float64(wi * t.meanV)
		for j := range i + 1 {
			t.a.a[i*m+j] -= float64(wi * t.mean[j])
		}
	}
	t.a.mirror()
}

// solve leaves the coefficients of the fit with the penalty alpha |b|^2 in b.
func (t *limeTrial) solve(alpha float64) {
	m := t.count()
	t.inverse.n = m
	t.inverse.a = append(t.inverse.a[:0], t.a.a...)
	for i := range m {
		t.inverse.a[i*m+i] += alpha
	}
	t.inverse.invert(t.ridge)
	t.inverse.times(t.rhs, t.b)
}

// errors leaves the standard errors of b in u: the root of the sum over samples
// of (A^-1 (z - mean) w r)^2.
func (t *limeTrial) errors() {
	m := t.count()
	intercept := t.meanV
	for i, b := range t.b {
		intercept -= float64(b * t.mean[i])
	}
	variance := t.score // free until the scores are written
	clear(variance)
	t.inverse.times(t.mean, t.u)
	t.restart()
	for k, v := range t.v {
		t.set.toss()
		at := t.set.members()
		wr := t.w[k] * (v - intercept - sumAt(t.b, at))
		t.inverse.sumRows(at, t.cu)
		for i, x := range t.cu {
			x = wr * (x - t.u[i])
			variance[i] += float64(x * x)
		}
	}
	n := float64(len(t.v))
	scale := n / math.Max(n-float64(m)-1, 1)
	for i, x := range variance {
		t.u[i] = math.Sqrt(x * scale)
	}
}
