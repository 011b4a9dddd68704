package attr

import (
	"errors"
	"fmt"
	"math"
	"slices"

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
// 1948) and takes the designs for independent. The designs of image i come from
// the stream (seed, "hsic", i).
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
	gram := make([]float64, o.NbDesign*o.NbDesign) // serves one image at a time
	return perturb(e, "hsic", n, input, emit, func() trial {
		return &hsicTrial{subject: newSubject(set), n: o.NbDesign, gram: gram}
	})
}

type hsicTrial struct {
	*subject
	n       int
	draw    rng.Stream
	order   []int32
	words   int       // of a design
	designs []uint64  // [n][words], a bit for each feature that is present
	v       []float64 // the target by design
	sorted  []float64
	gram    []float64 // [n][n]
	rows    []float64 // [n]
	errors  []float64 // [features]
}

func (t *hsicTrial) begin(in *Input) (int, error) {
	t.take(in)
	m := t.count()
	t.v, t.rows = resize(t.v, t.n), resize(t.rows, t.n)
	t.errors = resize(t.errors, m)
	t.words = (m + 63) / 64
	t.designs = append(t.designs[:0], make([]uint64, t.n*t.words)...)
	t.order = append(t.order[:0], make([]int32, t.n)...)
	t.draw.Reset(t.e.Seed, "hsic", in.Index)
	for f := range m {
		for i := range t.order {
			t.order[i] = int32(i)
		}
		shuffle(&t.draw, t.order)
		for _, i := range t.order[:t.n/2] {
			t.designs[int(i)*t.words+f/64] |= 1 << (f % 64)
		}
	}
	return 2 + t.n, nil
}

func (t *hsicTrial) fill(k int, x []float32) {
	if t.fillEdges(k, x) {
		return
	}
	t.compose(t.designs[(k-2)*t.words:(k-1)*t.words], x)
}

func (t *hsicTrial) fold(k int, v float64) {
	if !t.foldEdges(k, v) {
		t.v[k-2] = v
	}
}

// end computes trace(K H L H). With z = +-1/2 the kernel [z = z'] is 1/2 + 2zz',
// and H takes the constant away: what remains of a feature is 2 z.(HLH)z. As the
// rows of HLH sum to 0, (HLH)z is the sum of the rows where the feature is
// present.
func (t *hsicTrial) end() Attribution {
	n := float64(t.n)
	t.centredGram()
	for f := range t.score {
		var effect moments
		for i, u := range t.rowsWith(f) {
			z := -0.5
			if t.has(i, f) {
				z = 0.5
			}
			effect.add(2 * z * u / n)
		}
		t.score[f], t.errors[f] = effect.mean, 2*effect.stderr()
	}
	t.spread(t.score, false, t.m)
	t.spread(t.errors, false, t.se)
	return Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
}

// has reports whether design i shows feature f.
func (t *hsicTrial) has(i, f int) bool {
	return t.designs[i*t.words+f/64]>>(f%64)&1 == 1
}

// rowsWith returns the sum of the rows of gram of the designs that show feature
// f, four at a time and then one by one.
func (t *hsicTrial) rowsWith(f int) []float64 {
	t.order = t.order[:0]
	for i := range t.n {
		if t.has(i, f) {
			t.order = append(t.order, int32(i))
		}
	}
	u := t.rows
	clear(u)
	row := func(i int32) []float64 { return t.gram[int(i)*t.n:][:len(u)] }
	at := t.order
	for ; len(at) >= 4; at = at[4:] {
		a, b, c, d := row(at[0]), row(at[1]), row(at[2]), row(at[3])
		for j := range u {
			u[j] += a[j] + b[j] + (c[j] + d[j])
		}
	}
	for _, i := range at {
		a := row(i)
		for j := range u {
			u[j] += a[j]
		}
	}
	return u
}

// centredGram fills gram with H L H of the target's values.
func (t *hsicTrial) centredGram() {
	t.sorted = append(t.sorted[:0], t.v...)
	slices.Sort(t.sorted)
	width := medianDistance(t.sorted)
	n := t.n
	for i := range n {
		t.gram[i*n+i] = 1
		for j := range i {
			l := 1.0
			if width > 0 {
				d := (t.v[i] - t.v[j]) / width
				l = rng.Exp(-0.5 * float64(d*d))
			} else if t.v[i] != t.v[j] {
				l = 0 // most values are equal: the kernel of the others' limit
			}
			t.gram[i*n+j], t.gram[j*n+i] = l, l
		}
	}
	var all float64
	clear(t.rows)
	for i := range n { // symmetric: sums of columns, which do not wait for each other
		row := t.gram[i*n:][:len(t.rows)]
		for j := range t.rows {
			t.rows[j] += row[j]
		}
	}
	for i := range t.rows {
		t.rows[i] /= float64(n)
		all += t.rows[i]
	}
	all /= float64(n)
	for i := range n {
		for j := range n {
			t.gram[i*n+j] += all - t.rows[i] - t.rows[j]
		}
	}
}

// medianDistance returns the median of |a-b| over the pairs of an ascending
// list of at least two values, the lower one of two: the smallest distance that
// at least half of the pairs do not exceed, to the last bit.
func medianDistance(v []float64) float64 {
	n := len(v)
	want := (n*(n-1)/2 + 1) / 2
	within := func(d float64) bool {
		count, lo := 0, 0
		for hi := range v {
			for v[hi]-v[lo] > d {
				lo++
			}
			count += hi - lo
		}
		return count >= want
	}
	if within(0) {
		return 0
	}
	// The bits of non-negative floats are ordered as the numbers are.
	lo, hi := uint64(0), math.Float64bits(v[n-1]-v[0])
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if within(math.Float64frombits(mid)) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return math.Float64frombits(hi)
}

// checkTable reports a design of more numbers than are kept.
func checkTable(option string, designs, features int) error {
	if most := 1 << 22; designs*features > most {
		return &Problem{Option: option, Msg: fmt.Sprintf("is %d, want at most %d for %d features", designs, most/features, features)}
	}
	return nil
}
