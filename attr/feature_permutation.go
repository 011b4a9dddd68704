package attr

import (
	"errors"

	"assay/model"
	"assay/model/rng"
)

// FeaturePermutation scores a feature by the drop of the target when its values
// are those of another image, averaged over other images.
//
// Breiman, "Random Forests", Machine Learning 45, 2001, section 10; Fisher,
// Rudin & Dominici, "All Models are Wrong, but Many are Useful", JMLR 20, 2019.
// Captum permutes a feature among the images of the batch, so that a map depends
// on what else is in the batch; we take the other images from a distribution,
// the training set by default. Image number s that stands in for image i is
// drawn from the stream (seed, "permutation", i, s) and serves all features.
type FeaturePermutation struct {
	Mask     Mask     `yaml:"mask" doc:"features: values, pixels, grid:N, cells:N, slic:N, slic:N:COMPACTNESS or file:PATH"`
	NSamples int      `yaml:"n_samples" doc:"other images per image" jsonschema:"minimum=1,maximum=100000"`
	Baseline Baseline `yaml:"baseline" doc:"the other images: train, train:N or images:PATH, or any single baseline"`
}

// Check reports n_samples out of range and a mask or baseline that does not fit.
func (o *FeaturePermutation) Check(n *model.Net) error {
	return errors.Join(o.Mask.check(n, 0), between("n_samples", o.NSamples, 1, 100000), o.Baseline.checkAny(n))
}

// Attribute explains the inputs: NSamples passes forward for every feature.
func (o *FeaturePermutation) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *FeaturePermutation) passes() int { return 0 }

func (o *FeaturePermutation) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *FeaturePermutation) masks() []Mask { return []Mask{o.Mask} }

func (o *FeaturePermutation) forwards(n *model.Net) int { return 1 + o.NSamples*o.Mask.features(n) }

func (o *FeaturePermutation) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	others, err := o.Baseline.drawer(e)
	if err != nil {
		return err
	}
	// The baseline of the subject is not used: the others are.
	set, err := newSetting(e, o.Mask, Baseline{})
	if err != nil {
		return err
	}
	return perturb(e, "feature_permutation", n, input, emit, func() trial {
		return &permutationTrial{subject: newSubject(set), samples: o.NSamples, others: others}
	})
}

type permutationTrial struct {
	*subject
	samples int
	others  draws
	draw    rng.Stream
	drop    []moments
}

func (t *permutationTrial) begin(in *Input) (int, error) {
	t.take(in)
	t.drop = append(t.drop[:0], make([]moments, t.count())...)
	return 1 + t.samples*t.count(), nil
}

func (t *permutationTrial) fill(k, n int, b *model.Block, lane int) {
	from := lane // the first lane not yet written
	for i := range n {
		if k+i == 0 {
			t.all(lane, true)
			continue
		}
		s, f := (k+i-1)/t.count(), (k+i-1)%t.count()
		if f > 0 {
			t.turn(f-1, lane+i)
		} else {
			if i > 0 {
				t.show(b, from) // by the image before
				from = lane + i
			}
			t.all(lane+i, true)
			t.draws(s)
		}
		t.turn(f, lane+i)
	}
	t.show(b, from)
}

// draws takes other image s.
func (t *permutationTrial) draws(s int) {
	other := s // noise: every number is another draw
	if t.others.n > 0 {
		t.draw.Reset(t.e.Seed, "permutation", t.in.Index, s)
		other = t.draw.IntN(t.others.n)
	}
	t.others.fill(t.in, other, t.base)
}

func (t *permutationTrial) fold(k int, v float64) {
	if k == 0 {
		t.fx = v
		return
	}
	t.drop[(k-1)%t.count()].add(t.fx - v)
}

func (t *permutationTrial) end() Attribution {
	for f := range t.drop {
		t.score[f] = t.drop[f].mean
	}
	t.spread(t.score, false, t.m)
	a := Attribution{Map: t.m, FX: t.fx}
	if t.samples > 1 { // one image says nothing of others
		for f := range t.drop {
			t.score[f] = t.drop[f].stderr()
		}
		t.spread(t.score, false, t.se)
		a.StdErr = t.se
	}
	return a
}
