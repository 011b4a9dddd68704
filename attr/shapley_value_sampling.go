package attr

import (
	"errors"

	"assay/model"
	"assay/model/rng"
)

// ShapleyValueSampling estimates Shapley values by the mean rise of the target
// when a feature joins those present, over random orders of the features. Each
// order's rises sum to F(x)-F(baseline), so the scores do too.
//
// Castro, Gomez & Tejada, "Polynomial calculation of the Shapley value based on
// sampling", Computers & Operations Research 36, 2009. Names and defaults are
// Captum's. Order s of image i is drawn from the stream (seed, "order", i, s):
// the first k of 100 orders are those of n_samples k.
type ShapleyValueSampling struct {
	Mask     Mask     `yaml:"mask" doc:"features: values, pixels, grid:N, cells:N, slic:N, slic:N:COMPACTNESS or file:PATH"`
	NSamples int      `yaml:"n_samples" doc:"orders of the features per image" jsonschema:"minimum=1,maximum=1000000"`
	Baseline Baseline `yaml:"baseline" doc:"what stands for an absent feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
	Spread   string   `yaml:"spread" doc:"copy: every value of a feature gets its score; share: the score over the feature's values, so that the map sums to F(x)-F(baseline)" jsonschema:"enum=copy,enum=share"`
}

// Check reports n_samples out of range, a mask or a baseline that does not fit
// and an unknown spread.
func (o *ShapleyValueSampling) Check(n *model.Net) error {
	return errors.Join(o.Mask.check(n, 0), between("n_samples", o.NSamples, 1, 1000000), o.Baseline.check(n), checkSpread(o.Spread))
}

// Attribute explains the inputs: NSamples passes forward for every feature.
func (o *ShapleyValueSampling) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *ShapleyValueSampling) passes() int { return 0 }

func (o *ShapleyValueSampling) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *ShapleyValueSampling) masks() []Mask { return []Mask{o.Mask} }

func (o *ShapleyValueSampling) forwards(n *model.Net) int { return 2 + o.NSamples*o.Mask.features(n) }

func (o *ShapleyValueSampling) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "shapley_value_sampling", n, input, emit, func() trial {
		return &orderTrial{subject: newSubject(set), samples: o.NSamples, share: o.Spread == "share"}
	})
}

// orderTrial adds one feature at a time; the last of an order completes the
// image and is evaluated like the others.
type orderTrial struct {
	*subject
	samples int
	share   bool
	draw    rng.Stream
	order   []int32            // of the features, as it is filled
	joined  [model.Lanes]int32 // the feature that an evaluation not yet folded added
	before  float64            // the target without it
	rise    []moments
}

func (t *orderTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	t.order = append(t.order[:0], make([]int32, m)...)
	t.rise = append(t.rise[:0], make([]moments, m)...)
	return 2 + t.samples*m, nil
}

func (t *orderTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	m := t.count()
	for i := at; i < n; i++ {
		k := k + i - 2
		if k%m == 0 {
			for f := range t.order {
				t.order[f] = int32(f)
			}
			t.draw.Reset(t.e.Seed, "order", t.in.Index, k/m)
			shuffle(&t.draw, t.order)
			t.all(lane+i, false)
		}
		f := t.order[k%m]
		t.turn(int(f), lane+i)
		t.joined[k%len(t.joined)] = f
	}
	t.show(b, lane+at)
}

func (t *orderTrial) fold(k int, v float64) {
	if t.foldEdges(k, v) {
		return
	}
	k -= 2
	if k%t.count() == 0 {
		t.before = t.fb
	}
	t.rise[t.joined[k%len(t.joined)]].add(v - t.before)
	t.before = v
}

func (t *orderTrial) end() Attribution {
	for f := range t.rise {
		t.score[f] = t.rise[f].mean
	}
	t.spread(t.score, t.share, t.m)
	a := Attribution{Map: t.m, FX: t.fx, FB: t.fb, Summed: t.sums(t.share)}
	if t.samples > 1 { // one order says nothing of others
		for f := range t.rise {
			t.score[f] = t.rise[f].stderr()
		}
		t.spread(t.score, t.share, t.se)
		a.StdErr = t.se
	}
	return a
}
