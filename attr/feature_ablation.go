package attr

import (
	"errors"

	"assay/model"
)

// FeatureAblation scores a feature by the drop of the target when its values
// are replaced by the baseline's: F(x) - F(x without it). Every value of a
// feature gets the feature's score.
//
// The occlusion sensitivity of Zeiler & Fergus, "Visualizing and Understanding
// Convolutional Networks", ECCV 2014, section 4.2, for features of any shape;
// name and defaults are Captum's.
type FeatureAblation struct {
	Mask     Mask     `yaml:"mask" doc:"features: values, pixels, grid:N, cells:N, slic:N, slic:N:COMPACTNESS or file:PATH"`
	Baseline Baseline `yaml:"baseline" doc:"what replaces a feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports a mask or baseline that cannot be read or has not the network's
// input shape.
func (o *FeatureAblation) Check(n *model.Net) error {
	return errors.Join(o.Mask.check(n, 0), o.Baseline.check(n))
}

// Attribute explains the inputs: a pass forward for every feature.
func (o *FeatureAblation) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *FeatureAblation) passes() int { return 0 }

func (o *FeatureAblation) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *FeatureAblation) masks() []Mask { return []Mask{o.Mask} }

func (o *FeatureAblation) forwards(n *model.Net) int { return 2 + o.Mask.features(n) }

func (o *FeatureAblation) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "feature_ablation", n, input, emit, func() trial { return &ablationTrial{newSubject(set)} })
}

type ablationTrial struct{ *subject }

func (t *ablationTrial) begin(in *Input) (int, error) {
	t.take(in)
	return 2 + t.count(), nil
}

func (t *ablationTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	for i := at; i < n; i++ {
		f := k + i - 2
		if f > 0 {
			t.turn(f-1, lane+i) // it comes back
		}
		t.turn(f, lane+i)
	}
	t.show(b, lane+at)
}

func (t *ablationTrial) fold(k int, v float64) {
	if !t.foldEdges(k, v) {
		t.score[k-2] = t.fx - v
	}
}

func (t *ablationTrial) end() Attribution {
	t.spread(t.score, false, t.m)
	return Attribution{Map: t.m, FX: t.fx}
}
