package attr

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"assay/model"
)

// KernelSHAP estimates Shapley values by a regression: the linear function of
// the features' presence that comes closest to the target over random subsets,
// drawn as the Shapley kernel weighs them, and equals it where none or all are
// present. So the scores sum to F(x)-F(baseline).
//
// Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS
// 2017, theorem 2. Subsets come in pairs, each with its complement, as in Covert
// & Lee, "Improving KernelSHAP", AISTATS 2021, section 4; the standard error is
// that of the regression with pairs as units (White's sandwich). Captum weighs
// the two exact subsets by a million instead of solving under the constraint,
// draws no pairs, and has each input value for a feature, which no regression on
// some samples can carry: our default is superpixels. The subsets of image i are
// drawn from the stream (seed, "kernel shap", i): the first k of 100 are those of
// n_samples k.
type KernelSHAP struct {
	Mask     Mask     `yaml:"mask" doc:"features, at most 1000: slic:N, slic:N:COMPACTNESS, cells:N, grid:N, file:PATH, pixels or values"`
	NSamples int      `yaml:"n_samples" doc:"subsets of the features per image, an even number and at least two a feature" jsonschema:"minimum=2,maximum=1000000"`
	Baseline Baseline `yaml:"baseline" doc:"what stands for an absent feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
	Spread   string   `yaml:"spread" doc:"copy: every value of a feature gets its score; share: the score over the feature's values, so that the map sums to F(x)-F(baseline)" jsonschema:"enum=copy,enum=share"`
}

// Check reports a mask that does not fit or makes too many features, n_samples
// odd or too few for them, a baseline that does not fit and an unknown spread.
func (o *KernelSHAP) Check(n *model.Net) error {
	mask := o.Mask.check(n, maxRegressed)
	return errors.Join(mask, checkPairs(o.NSamples, o.Mask, n, mask == nil), o.Baseline.check(n), checkSpread(o.Spread))
}

// checkPairs reports n_samples that are odd or, where the mask is one, too few
// for its features.
func checkPairs(samples int, mask Mask, n *model.Net, masked bool) error {
	var errs []error
	if masked {
		errs = append(errs, checkSamples(samples, 2*mask.features(n), mask.features(n)))
	}
	if samples%2 != 0 {
		errs = append(errs, &Problem{Option: "n_samples", Msg: fmt.Sprintf("is %d, want an even number: subsets come in pairs", samples)})
	}
	return errors.Join(errs...)
}

// checkSamples reports n_samples that are too few for the features, or too many.
func checkSamples(got, least, features int) error {
	if got < least {
		return &Problem{Option: "n_samples", Msg: fmt.Sprintf("is %d, want at least %d for %d features", got, least, features)}
	}
	return between("n_samples", got, 1, 1000000)
}

// Attribute explains the inputs: NSamples passes forward each.
func (o *KernelSHAP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *KernelSHAP) passes() int { return 0 }

func (o *KernelSHAP) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *KernelSHAP) masks() []Mask { return []Mask{o.Mask} }

func (o *KernelSHAP) forwards(*model.Net) int { return 2 + o.NSamples }

func (o *KernelSHAP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "kernel_shap", n, input, emit, func() trial {
		return &kernelTrial{subject: newSubject(set), samples: o.NSamples, share: o.Spread == "share"}
	})
}

type kernelTrial struct {
	*subject
	samples int
	share   bool
	penalty float64   // of the scores' squares, against those of the residuals; 0 for kernel_shap
	sizes   []float64 // probability that a subset has at most 1, 2, ... features
	set     coalition
	v       []float64 // the target less F(baseline), by sample

	sets   []uint64 // [Lanes][words] the subsets of a block, by lane
	sample int      // number of the sample in lane 0, as it were

	together           pairCounts
	a                  symmetric
	rhs, ones, inv, cu []float64
}

func (t *kernelTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	if m == 1 {
		return 2, nil // nothing to divide
	}
	t.v = resize(t.v, t.samples)
	t.sizes = resize(t.sizes, m-1)
	var total float64
	for s := 1; s < m; s++ {
		total += 1 / float64(s*(m-s)) // kernel times number of subsets
		t.sizes[s-1] = total
	}
	t.rhs = resize(t.rhs, m)
	t.together.reset(m)
	t.restart()
	t.sets = append(t.sets[:0], make([]uint64, model.Lanes*len(t.set.present))...)
	return 2 + t.samples, nil
}

func (t *kernelTrial) restart() { t.set.start(t.count(), t.e.Seed, "kernel shap", t.in.Index) }

// next draws the subset of sample k: after every one its complement.
func (t *kernelTrial) next(k int) {
	if k%2 == 1 {
		t.set.complement()
		return
	}
	u := t.set.draw.Float64() * t.sizes[len(t.sizes)-1]
	size := 1
	for size < len(t.sizes) && u >= t.sizes[size-1] {
		size++
	}
	t.set.choose(size)
}

func (t *kernelTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	t.sample = k - 2 - lane
	words := len(t.set.present)
	for l := lane + at; l < lane+n; l++ {
		t.next(t.sample + l)
		copy(t.sets[l*words:], t.set.present)
	}
	t.showSets(b, lane+at, t.sets, words)
	t.together.add(t.lanes, lane+at, lane+n)
}

func (t *kernelTrial) fold(k int, v float64) {
	if t.foldEdges(k, v) {
		return
	}
	k -= 2
	v -= t.fb
	t.v[k] = v
	words := len(t.set.present)
	for i, w := range t.sets[(k-t.sample)*words:][:words] {
		for ; w != 0; w &= w - 1 {
			t.rhs[64*i+bits.TrailingZeros64(w)] += v
		}
	}
}

func (t *kernelTrial) end() Attribution {
	a := Attribution{Map: t.m, StdErr: t.se, FX: t.fx, FB: t.fb, Summed: t.sums(t.share)}
	m := t.count()
	if m == 1 {
		t.score[0] = t.fx - t.fb
		t.spread(t.score, t.share, t.m)
		clear(t.se)
		return a
	}
	t.fit()
	t.spread(t.score, t.share, t.m)
	t.errors()
	t.spread(t.rhs, t.share, t.se)
	return a
}

// fit solves the regression under the constraint that the scores b sum to D =
// F(x)-F(baseline): with A the sum of z z^T over the samples and r that of z v,
// b = A^-1 (r + l 1), where l makes the sum right. A penalty adds to A's diagonal.
func (t *kernelTrial) fit() {
	m := t.count()
	t.together.counts(&t.a)
	t.ones, t.inv, t.cu = resize(t.ones, m), resize(t.inv, m), resize(t.cu, m)
	ridge := t.a.ridge()
	for i := range m {
		t.a.a[i*m+i] += t.penalty
	}
	t.a.invert(ridge)
	for i := range t.ones {
		t.ones[i] = 1
	}
	t.a.times(t.ones, t.inv) // A^-1 1
	t.a.times(t.rhs, t.score)
	t.constrain(t.score, t.fx-t.fb)
}

// constrain moves b along A^-1 1 until it sums to d.
func (t *kernelTrial) constrain(b []float64, d float64) {
	var sum, norm float64
	for i := range b {
		sum += b[i]
		norm += t.inv[i]
	}
	l := (d - sum) / norm
	for i := range b {
		b[i] += float64(l * t.inv[i])
	}
}

// errors leaves the standard errors in rhs: with C the map from r to b, the sum
// over pairs of (C u)^2, where u is the pair's sum of z times residual.
func (t *kernelTrial) errors() {
	clear(t.rhs)
	t.restart()
	for k := 0; k < len(t.v); k += 2 {
		t.next(k)
		at := t.set.members()
		t.a.sumRows(at, t.cu)
		r := t.v[k] - sumAt(t.score, at)
		t.next(k + 1)
		s := t.v[k+1] - sumAt(t.score, t.set.members())
		// A^-1 of the complement is A^-1 1 less that of the subset, and what is
		// along A^-1 1 falls to the constraint.
		for i, x := range t.cu {
			t.cu[i] = (r - s) * x
		}
		t.constrain(t.cu, 0)
		for i, x := range t.cu {
			t.rhs[i] += float64(x * x)
		}
	}
	// The residuals are smaller than the errors by what the fit took up.
	pairs, unknowns := float64(len(t.v)/2), float64(t.count()-1)
	scale := pairs / math.Max(pairs-unknowns/2, 1)
	for i, x := range t.rhs {
		t.rhs[i] = math.Sqrt(x * scale)
	}
}
