package attr

import (
	"errors"

	"assay/model"
	"assay/model/rng"
)

// Sobol scores a feature by its total Sobol index: the share of the target's
// variance that is lost when the feature alone is held, over images whose
// features fade to the baseline by independent uniform amounts. The indices are
// 0 or more; of an additive target they sum to 1.
//
// Fel, Cadene, Chalvidal, Cord, Vigouroux & Serre, "Look at the Variance!
// Efficient Black-box Explanations with Sobol-based Sensitivity Analysis",
// NeurIPS 2021, section 3, with the estimator of Jansen, Computer Physics
// Communications 117, 1999. Cells of 8x8 and 32 designs are Xplique's defaults.
// Its designs are points of a Sobol sequence, ours a Latin hypercube, which is
// as even in every single feature, and which a standard error can be given for;
// nb_design need not be a power of two. Every value of a feature gets its score;
// Xplique smooths between cells. The designs of image i come from the stream
// (seed, "sobol", i).
type Sobol struct {
	Mask     Mask     `yaml:"mask" doc:"features, at most 4096: cells:N, grid:N, slic:N, slic:N:COMPACTNESS, file:PATH, pixels or values"`
	NbDesign int      `yaml:"nb_design" doc:"rows of the two designs; each takes a pass for every feature and one more" jsonschema:"minimum=2,maximum=16384"`
	Baseline Baseline `yaml:"baseline" doc:"what a feature fades to: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports a mask that does not fit or makes too many features, nb_design
// out of range or too large for them and a baseline that does not fit.
func (o *Sobol) Check(n *model.Net) error {
	errs := []error{o.Mask.check(n, maxDesigned), between("nb_design", o.NbDesign, 2, 16384)}
	if errors.Join(errs...) == nil {
		errs = append(errs, checkTable("nb_design", o.NbDesign, o.Mask.features(n)))
	}
	return errors.Join(append(errs, o.Baseline.check(n))...)
}

// Attribute explains the inputs: NbDesign passes forward for every feature.
func (o *Sobol) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *Sobol) passes() int { return 0 }

func (o *Sobol) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *Sobol) masks() []Mask { return []Mask{o.Mask} }

func (o *Sobol) forwards(n *model.Net) int { return 2 + o.NbDesign*(1+o.Mask.features(n)) }

func (o *Sobol) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	return perturb(e, "sobol", n, input, emit, func() trial {
		return &sobolTrial{subject: newSubject(set), n: o.NbDesign, diff: make([]float32, set.size)}
	})
}

// sobolTrial evaluates row i of design A, and then the rows that differ from it
// in one feature, taken from design B.
type sobolTrial struct {
	*subject
	n      int
	draw   rng.Stream
	order  []int32
	a, b   []float32 // [n][features], 0 to 1
	diff   []float32 // x - baseline
	shares []float32 // [features][Lanes] that the block's lanes show
	whole  []float64 // [n] the target at the rows of A
	halves []float64 // [n][features] half the squared change by the feature
}

func (t *sobolTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	t.whole, t.halves = resize(t.whole, t.n), resize(t.halves, t.n*m)
	if cap(t.a) < t.n*m {
		t.a, t.b = make([]float32, t.n*m), make([]float32, t.n*m)
	}
	t.a, t.b = t.a[:t.n*m], t.b[:t.n*m]
	if t.order == nil {
		t.order = make([]int32, t.n)
	}
	for j, x := range in.X {
		t.diff[j] = x - t.base[j]
	}
	if cap(t.shares) < m*model.Lanes {
		t.shares = make([]float32, m*model.Lanes)
	}
	t.shares = t.shares[:m*model.Lanes]
	t.draw.Reset(t.e.Seed, "sobol", in.Index)
	for _, design := range [][]float32{t.a, t.b} {
		for f := range m {
			for i := range t.order {
				t.order[i] = int32(i)
			}
			shuffle(&t.draw, t.order)
			for i, k := range t.order {
				design[i*m+f] = float32((float64(k) + t.draw.Float64()) / float64(t.n))
			}
		}
	}
	return 2 + t.n*(1+m), nil
}

func (t *sobolTrial) fill(k, n int, b *model.Block, lane int) {
	at := t.showEdges(k, n, b, lane)
	if at == n {
		return
	}
	m := t.count()
	for i := at; i < n; i++ {
		row, f := (k+i-2)/(1+m), (k+i-2)%(1+m)-1
		to := t.shares[lane+i:]
		for f, share := range t.a[row*m : (row+1)*m] {
			to[f*model.Lanes] = share
		}
		if f >= 0 {
			to[f*model.Lanes] = t.b[row*m+f]
		}
	}
	b.Fade(lane+at, t.of, t.shares, t.diff, t.base)
}

func (t *sobolTrial) fold(k int, v float64) {
	if t.foldEdges(k, v) {
		return
	}
	m := t.count()
	i, f := (k-2)/(1+m), (k-2)%(1+m)-1
	if f < 0 {
		t.whole[i] = v
		return
	}
	d := t.whole[i] - v
	t.halves[i*m+f] = float64(d*d) / 2
}

func (t *sobolTrial) end() Attribution {
	m := t.count()
	var whole moments
	for _, v := range t.whole {
		whole.add(v)
	}
	variance := whole.m2 / float64(t.n-1)
	clear(t.score)
	if !(variance > 0) { // a constant target depends on nothing
		t.spread(t.score, false, t.m)
		t.spread(t.score, false, t.se)
		return Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
	}
	for f := range m {
		var sum float64
		for i := range t.n {
			sum += t.halves[i*m+f]
		}
		t.score[f] = sum / float64(t.n) / variance
	}
	t.spread(t.score, false, t.m)
	for f, index := range t.score {
		// The ratio's error to first order: numerator and variance of one row
		// err together.
		var e moments
		for i, v := range t.whole {
			d := v - whole.mean
			e.add((t.halves[i*m+f] - float64(index*float64(d*d))) / variance)
		}
		t.score[f] = e.stderr()
	}
	t.spread(t.score, false, t.se)
	return Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
}
