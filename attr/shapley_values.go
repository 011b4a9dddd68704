package attr

import (
	"errors"
	"math/bits"

	"assay/model"
)

// ShapleyValues is the mean rise of the target when a feature joins those
// present, over all orders in which the features can come, exactly: every one
// of the 2^M subsets of M features is evaluated once. The scores of the
// features sum to F(x)-F(baseline).
//
// Shapley, "A Value for n-Person Games", Contributions to the Theory of Games
// II, 1953; Castro, Gomez & Tejada, "Polynomial calculation of the Shapley value
// based on sampling", Computers & Operations Research 36, 2009. Captum evaluates
// all M! orders instead; the answer is the same.
type ShapleyValues struct {
	Mask     Mask     `yaml:"mask" doc:"features, at most 20: cells:N, grid:N, slic:N, slic:N:COMPACTNESS, file:PATH, pixels or values"`
	Baseline Baseline `yaml:"baseline" doc:"what stands for an absent feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
	Spread   string   `yaml:"spread" doc:"copy: every value of a feature gets its score; share: the score over the feature's values, so that the map sums to F(x)-F(baseline)" jsonschema:"enum=copy,enum=share"`
}

// maxExactFeatures bounds the subsets to a million.
const maxExactFeatures = 20

// Check reports a mask that cannot be read, does not fit or makes too many
// features, a baseline that does not fit and an unknown spread.
func (o *ShapleyValues) Check(n *model.Net) error {
	return errors.Join(o.Mask.check(n, maxExactFeatures), o.Baseline.check(n), checkSpread(o.Spread))
}

// Attribute explains the inputs: 2^M passes forward each.
func (o *ShapleyValues) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *ShapleyValues) passes() int { return 0 }

func (o *ShapleyValues) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *ShapleyValues) masks() []Mask { return []Mask{o.Mask} }

func (o *ShapleyValues) forwards(n *model.Net) int { return 2 + 1<<o.Mask.features(n) }

func (o *ShapleyValues) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "shapley_values", n, input, emit, func() trial {
		return &shapleyTrial{subject: newSubject(set), share: o.Spread == "share"}
	})
}

// shapleyTrial walks the subsets in the order of the Gray code: one feature
// comes or goes at a time.
type shapleyTrial struct {
	*subject
	share  bool
	joins  []float64 // weight of a subset for a feature in it, by its size
	leaves []float64 // and for one outside
}

func (t *shapleyTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	// v(S) enters with (s-1)!(m-s)!/m! for a feature of S and with
	// -s!(m-s-1)!/m! for another; (s-1)!(m-s)!/m! = 1/(m C(m-1, s-1)).
	t.joins, t.leaves = resize(t.joins, m+1), resize(t.leaves, m+1)
	choose := 1.0 // C(m-1, s)
	for s := range m {
		t.joins[s+1] = 1 / (float64(m) * choose)
		t.leaves[s] = -t.joins[s+1]
		choose = choose * float64(m-1-s) / float64(s+1)
	}
	return 2 + 1<<m, nil
}

func (t *shapleyTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	for i := at; i < n; i++ {
		if k := k + i - 2; k == 0 {
			t.all(lane+i, false)
		} else {
			t.turn(bits.TrailingZeros(uint(k)), lane+i) // where Gray codes k-1 and k differ
		}
	}
	t.show(b, lane+at)
}

func (t *shapleyTrial) fold(k int, v float64) {
	if t.foldEdges(k, v) {
		return
	}
	k -= 2
	set := k ^ k>>1 // Gray code
	size := bits.OnesCount(uint(set))
	// Less F(baseline), so that the sums lose nothing to a large common term.
	v -= t.fb
	in, out := float64(t.joins[size]*v), float64(t.leaves[size]*v)
	for f := range t.score {
		if set>>f&1 == 1 {
			t.score[f] += in
		} else {
			t.score[f] += out
		}
	}
}

func (t *shapleyTrial) end() Attribution {
	t.spread(t.score, t.share, t.m)
	return Attribution{Map: t.m, FX: t.fx, FB: t.fb, Summed: t.sums(t.share)}
}

// sums reports whether a map of scores that sum to FX-FB does so too.
func (s *subject) sums(share bool) bool { return share || s.count() == len(s.m) }
