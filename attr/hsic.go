package attr

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"assay/model"
	"assay/model/rng"
)

// HSIC scores a feature by the dependence between its presence and the target,
// over random subsets of the features: the Hilbert-Schmidt independence
// criterion, 0 where they are independent, of the kernel [z = z'] of presence
// and a Gaussian kernel of the target.
//
// Novello, Fel & Vigouroux, "Making Sense of Dependence: Efficient Black-box
// Explanations Using Dependence Measure", NeurIPS 2022, section 3. Cells of 8x8
// and 500 designs are Xplique's defaults, and as there every feature is present
// in half of the designs (a Latin hypercube). The estimate is the V-statistic
// trace(K H L H)/n^2; Xplique divides by n. The kernel's width is the median
// distance of two values of the target; Xplique takes the median value, which
// may be 0 or below for logits. Every value of a feature gets its score; Xplique
// smooths between cells. The standard error is that of a V-statistic (Hoeffding
// 1948) and takes the designs for independent. No matrix of designs by designs is
// ever made: see factor. The designs of image i come from the stream (seed,
// "hsic", i).
type HSIC struct {
	Mask     Mask     `yaml:"mask" doc:"features, at most 4096: cells:N, grid:N, slic:N, slic:N:COMPACTNESS, file:PATH, pixels or values"`
	NbDesign int      `yaml:"nb_design" doc:"subsets of the features per image" jsonschema:"minimum=4,maximum=2000"`
	Baseline Baseline `yaml:"baseline" doc:"what stands for an absent feature: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// maxDesigned bounds the features of a design, whose table is kept.
const maxDesigned = 4096

// Check reports a mask that does not fit or makes too many features, nb_design
// out of range and a baseline that does not fit.
func (o *HSIC) Check(n *model.Net) error {
	return errors.Join(o.Mask.check(n, maxDesigned), between("nb_design", o.NbDesign, 4, 2000), o.Baseline.check(n))
}

// Attribute explains the inputs: NbDesign passes forward each.
func (o *HSIC) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *HSIC) passes() int { return 0 }

func (o *HSIC) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *HSIC) masks() []Mask { return []Mask{o.Mask} }

func (o *HSIC) forwards(*model.Net) int { return 2 + o.NbDesign }

func (o *HSIC) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		return err
	}
	gram := &factor{} // serves one image at a time
	return perturb(e, "hsic", n, input, emit, func() trial {
		return &hsicTrial{subject: newSubject(set), n: o.NbDesign, gram: gram}
	})
}

type hsicTrial struct {
	*subject
	n       int
	draw    rng.Stream
	order   []int32
	words   int       // of a feature's evaluations, and one to read over the end
	designs []uint64  // [features][words], a bit for each evaluation that shows it
	v       []float64 // the target by design
	gram    *factor
	part    []float64 // [rank] of a feature
	errors  []float64 // [features]
}

func (t *hsicTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	t.v, t.errors = resize(t.v, t.n), resize(t.errors, m)
	t.words = (t.n+2+63)/64 + 1
	t.designs = append(t.designs[:0], make([]uint64, m*t.words)...)
	t.order = append(t.order[:0], make([]int32, t.n)...)
	t.draw.Reset(t.e.Seed, "hsic", in.Index)
	for f := range m {
		for i := range t.order {
			t.order[i] = int32(i)
		}
		shuffle(&t.draw, t.order)
		shown := t.designs[f*t.words:][:t.words]
		shown[0] = 1 << 1 // evaluation 1 is the image
		for _, i := range t.order[:t.n/2] {
			shown[(2+i)/64] |= 1 << ((2 + i) % 64)
		}
	}
	return 2 + t.n, nil
}

func (t *hsicTrial) fill(k, _ int, b *model.Block, lane int) {
	w, s := k/64, k%64
	for f := range t.lanes {
		shown := t.designs[f*t.words+w:]
		t.lanes[f] = uint32(shown[0]>>s|shown[1]<<(64-s)) << lane
	}
	b.Select(lane, t.of, t.lanes, t.in.X, t.base)
}

func (t *hsicTrial) fold(k int, v float64) {
	if !t.foldEdges(k, v) {
		t.v[k-2] = v
	}
}

// end computes trace(K H L H). With z = +-1/2 the kernel [z = z'] is 1/2 + 2zz',
// and H takes the constant away: what remains of a feature is 2 z.(HLH)z. With
// HLH = P P^T that is 2 |s|^2, s = P^T z; as the columns of P sum to 0, s is the
// sum of the rows where the feature is present. A design's part in it is
// 2 z u, u = P s, and the sum of their squares s.(P^T P)s.
func (t *hsicTrial) end() Attribution {
	n := float64(t.n)
	g := t.gram
	g.decompose(t.v)
	t.part = resize(t.part, g.rank)
	for f := range t.score {
		t.order = t.order[:0]
		for w, shown := range t.designs[f*t.words:][:t.words] {
			for ; shown != 0; shown &= shown - 1 {
				if i := 64*w + bits.TrailingZeros64(shown) - 2; i >= 0 {
					t.order = append(t.order, int32(i))
				}
			}
		}
		clear(t.part)
		model.SumRows(t.order, g.rows, g.ld, t.part)
		var size, squares float64
		for q, a := range t.part {
			size += float64(a * a)
			var row float64
			for p, b := range t.part {
				row += float64(g.square[q*g.rank+p] * b)
			}
			squares += float64(a * row)
		}
		mean := 2 * size / (n * n)
		// Rounding can leave a variance of 0 a little below it.
		m2 := math.Max(0, squares/(n*n)-float64(n*float64(mean*mean)))
		t.score[f], t.errors[f] = mean, 2*math.Sqrt(m2/n/(n-1))
	}
	t.spread(t.score, false, t.m)
	t.spread(t.errors, false, t.se)
	return Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
}

// checkTable reports a design of more numbers than are kept.
func checkTable(option string, designs, features int) error {
	if most := 1 << 22; designs*features > most {
		return &Problem{Option: option, Msg: fmt.Sprintf("is %d, want at most %d for %d features", designs, most/features, features)}
	}
	return nil
}
