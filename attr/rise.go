package attr

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
	"assay/model/rng"
)

// Rise multiplies the image by random smooth masks and averages the masks,
// weighted by the target: a pixel's score estimates the target's mean over the
// masks that keep the pixel. All channels of a pixel have its score.
//
// Petsiuk, Das & Saenko, "RISE: Randomized Input Sampling for Explanation of
// Black-box Models", BMVC 2018, section 3: a grid of zeros and ones, one with
// probability p, is enlarged bilinearly to one cell more than the image each way
// and cut at a random shift. 8000 masks of 7x7 at p 0.5 are the paper's. It
// explains the probability and masks towards 0, ours explains the target's
// logit and masks towards the baseline. A cell is the image's side over the
// grid's, rounded up, as in the authors' code. The masks of image i come from
// the stream (seed, "rise", i): the first k of 100 are those of n_masks k.
type Rise struct {
	NMasks   int      `yaml:"n_masks" doc:"masks per image" jsonschema:"minimum=2,maximum=1000000"`
	Grid     int      `yaml:"grid" doc:"rows and columns of the grid that a mask is enlarged from" jsonschema:"minimum=1,maximum=64"`
	P        float64  `yaml:"p" doc:"probability that a cell of the grid is kept" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
	Baseline Baseline `yaml:"baseline" doc:"what shows where the mask is 0: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports numbers out of range and a baseline that does not fit.
func (o *Rise) Check(n *model.Net) error {
	errs := []error{between("n_masks", o.NMasks, 2, 1000000), between("grid", o.Grid, 1, 64)}
	if !(o.P > 0 && o.P < 1) {
		errs = append(errs, &Problem{Option: "p", Msg: fmt.Sprintf("is %v, want above 0 and below 1", o.P)})
	}
	return errors.Join(append(errs, o.Baseline.check(n))...)
}

// Attribute explains the inputs: NMasks passes forward each.
func (o *Rise) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *Rise) passes() int { return 0 }

func (o *Rise) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *Rise) forwards(*model.Net) int { return 1 + o.NMasks }

func (o *Rise) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	base, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	s := e.Worker.Model().Net().Input
	row, col := enlarge(o.Grid, s.H), enlarge(o.Grid, s.W)
	area := s.H * s.W
	return perturb(e, "rise", n, input, emit, func() trial {
		t := &riseTrial{
			o: o, seed: e.Seed, shape: s, baseline: base, row: row, col: col,
			base: make([]float32, s.Size()),
			diff: make([]float32, s.Size()),
			grid: make([]float32, o.Grid*o.Grid), wide: make([]float32, o.Grid*s.W),
			square: make([]float32, area), sum: make([]float64, area), squares: make([]float64, area),
			m: make([]float32, s.Size()), se: make([]float32, s.Size()),
		}
		for i := range t.masks {
			t.masks[i] = make([]float32, area)
		}
		return t
	})
}

// gridTap is a position between two cells of the grid.
type gridTap struct {
	lo, hi int
	f      float32 // share of hi
}

// enlarge returns the taps of a grid's side stretched over side pixels and one
// cell more, pixel centres on cell centres, cells at the border continued.
func enlarge(grid, side int) []gridTap {
	cell := (side + grid - 1) / grid
	taps := make([]gridTap, (grid+1)*cell)
	for i := range taps {
		at := (float64(i)+0.5)*float64(grid)/float64(len(taps)) - 0.5
		at = math.Min(math.Max(at, 0), float64(grid-1))
		lo := int(at)
		taps[i] = gridTap{lo, min(lo+1, grid-1), float32(at - float64(lo))}
	}
	return taps
}

type riseTrial struct {
	o            *Rise
	seed         uint64
	shape        model.Shape
	baseline     func(in *Input, dst []float32)
	base         []float32
	row, col     []gridTap
	in           *Input
	fx           float64
	diff         []float32 // x - baseline
	draw         rng.Stream
	grid         []float32 // [Grid*Grid]
	wide         []float32 // [Grid][W] enlarged along rows
	masks        [model.Lanes][]float32
	square       []float32
	sum, squares []float64 // over masks, of value times mask, and its square
	m, se        []float32
}

func (t *riseTrial) begin(in *Input) (int, error) {
	t.in = in
	t.baseline(in, t.base)
	for j, x := range in.X {
		t.diff[j] = x - t.base[j]
	}
	clear(t.sum)
	clear(t.squares)
	t.draw.Reset(t.seed, "rise", in.Index)
	return 1 + t.o.NMasks, nil
}

func (t *riseTrial) fill(k int, x []float32) {
	if k == 0 {
		copy(x, t.in.X)
		return
	}
	mask := t.masks[k%len(t.masks)]
	t.drawMask(mask)
	for c := range t.shape.C {
		at := c * len(mask)
		to, diff, base := x[at:][:len(mask)], t.diff[at:][:len(mask)], t.base[at:][:len(mask)]
		for j, m := range mask {
			to[j] = base[j] + float32(m*diff[j])
		}
	}
}

// drawMask draws the next mask, [H*W].
func (t *riseTrial) drawMask(mask []float32) {
	g := t.o.Grid
	for i := range t.grid {
		t.grid[i] = 0
		if t.draw.Float64() < t.o.P {
			t.grid[i] = 1
		}
	}
	w := t.shape.W
	// The taps begin a random number of pixels, less than a cell, inside.
	row := t.row[t.draw.IntN(len(t.row)/(g+1)):]
	col := t.col[t.draw.IntN(len(t.col)/(g+1)):][:w]
	for r := range g {
		from, to := t.grid[r*g:(r+1)*g], t.wide[r*w:][:len(col)]
		for c, p := range col {
			to[c] = from[p.lo] + float32(p.f*(from[p.hi]-from[p.lo]))
		}
	}
	for r := range t.shape.H {
		p := row[r]
		to := mask[r*w:][:w]
		lo, hi := t.wide[p.lo*w:][:len(to)], t.wide[p.hi*w:][:len(to)]
		for c := range to {
			to[c] = lo[c] + float32(p.f*(hi[c]-lo[c]))
		}
	}
}

func (t *riseTrial) fold(k int, v float64) {
	if k == 0 {
		t.fx = v
		return
	}
	mask := t.masks[k%len(t.masks)]
	model.Accumulate(v, mask, t.sum)
	square := t.square[:len(mask)]
	for j, m := range mask {
		square[j] = m * m
	}
	model.Accumulate(v*v, t.square, t.squares)
}

func (t *riseTrial) end() Attribution {
	n := float64(t.o.NMasks)
	area := len(t.sum)
	for j := range t.m {
		mean := t.sum[j%area] / n
		// Rounding can leave a variance of 0 a little below it.
		variance := math.Max(0, t.squares[j%area]/n-float64(mean*mean))
		t.m[j] = float32(mean / t.o.P)
		t.se[j] = float32(math.Sqrt(variance/(n-1)) / t.o.P)
	}
	return Attribution{Map: t.m, StdErr: t.se, FX: t.fx}
}
