package attr

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

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
	area := s.H * s.W
	wide := newWideRows(o.Grid, s.W)
	return perturb(e, "rise", n, input, emit, func() trial {
		t := &riseTrial{
			o: o, seed: e.Seed, shape: s, baseline: base, row: enlarge(o.Grid, s.H), wide: wide,
			base: make([]float32, s.Size()), diff: make([]float32, s.Size()),
			of: make([]int32, s.Size()), whole: make([]uint32, area),
			grid: make([]uint64, o.Grid), drawn: make([]float32, wide.room(o.Grid)),
			below: uint64(math.Ceil(o.P * (1 << 53))), // exact: a power of two
			lo:    make([]int32, s.H), hi: make([]int32, s.H), share: make([]float32, s.H),
			masks: make([]float32, model.Lanes*(area+riseGap)), lanes: make([]float32, model.Lanes*area),
			sum: make([]float64, area), squares: make([]float64, area),
			m: make([]float32, s.Size()), se: make([]float32, s.Size()),
		}
		for j := range t.of {
			t.of[j] = int32(j % area)
		}
		for j := range t.whole {
			t.whole[j] = everyLane
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

// wideRows are rows of the grid, of zeros and ones, enlarged to the image's width
// and a cell more. There are few of them where the grid is small: then all are
// kept.
type wideRows struct {
	taps []gridTap
	all  []float32 // [1<<grid][len(taps)] by the row's bits, or nil
}

// maxKeptGrid bounds the rows that are kept to 256.
const maxKeptGrid = 8

func newWideRows(grid, side int) *wideRows {
	w := &wideRows{taps: enlarge(grid, side)}
	if grid <= maxKeptGrid {
		n := len(w.taps)
		w.all = make([]float32, n<<grid)
		for cells := range 1 << grid {
			w.write(uint64(cells), w.all[cells*n:][:n])
		}
	}
	return w
}

// write enlarges the row whose cell c is bit c of cells.
func (w *wideRows) write(cells uint64, to []float32) {
	for i, p := range w.taps {
		lo, hi := float32(cells>>p.lo&1), float32(cells>>p.hi&1)
		to[i] = lo + float32(p.f*(hi-lo))
	}
}

// room is the number of values that rows not kept take.
func (w *wideRows) room(rows int) int {
	if w.all != nil {
		return 0
	}
	return rows * len(w.taps)
}

// riseGap keeps masks from falling into the same sets of the cache, a multiple of
// 4 KiB apart as those of 32x32 pixels would be.
const riseGap = 16

type riseTrial struct {
	o            *Rise
	seed         uint64
	shape        model.Shape
	baseline     func(in *Input, dst []float32)
	base         []float32
	row          []gridTap
	wide         *wideRows
	in           *Input
	fx           float64
	diff         []float32 // x - baseline
	of           []int32   // pixel of each value
	whole        []uint32  // of every pixel, that all lanes show it
	draw         rng.Stream
	below        uint64    // of 2^53 numbers, those that keep a cell
	grid         []uint64  // [Grid] rows, a bit a cell
	drawn        []float32 // [Grid] rows enlarged, where they are not kept
	lo, hi       []int32   // [H] where the rows begin that a row of the mask lies between
	share        []float32 // [H] and the share of the second
	masks        []float32 // [Lanes][H*W and a gap] of the block
	lanes        []float32 // [H*W][Lanes]
	values       [model.Lanes]float64
	first        int       // lane of the block's first mask
	folded       int       // lane after the last one folded
	last         int       // lane after the block's last mask
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

func (t *riseTrial) fill(k, n int, b *model.Block, lane int) {
	t.first, t.last = lane, lane+n
	if k == 0 {
		b.Select(lane, t.of, t.whole, t.in.X, t.base)
		t.first++
	}
	if t.folded = t.first; t.first == t.last {
		return
	}
	area := len(t.sum)
	for l := t.first; l < t.last; l++ {
		t.drawMask(t.masks[l*(area+riseGap):][:area])
	}
	model.Interleave(area, t.masks, area+riseGap, t.lanes)
	b.Fade(t.first, t.of, t.lanes, t.diff, t.base)
}

// drawMask draws the next mask, [H*W].
func (t *riseTrial) drawMask(mask []float32) {
	g := t.o.Grid
	for r := range t.grid {
		var cells uint64
		for c := range g {
			// Whether Float64() < P, without a branch that goes either way.
			_, kept := bits.Sub64(t.draw.Uint64()>>11, t.below, 0)
			cells |= kept << c
		}
		t.grid[r] = cells
	}
	// The taps begin a random number of pixels, less than a cell, inside.
	row := t.row[t.draw.IntN(len(t.row)/(g+1)):]
	across := len(t.wide.taps)
	from := int32(t.draw.IntN(across / (g + 1)))
	x := t.wide.all
	if x == nil {
		x = t.drawn
		for r, cells := range t.grid {
			t.wide.write(cells, x[r*across:][:across])
		}
	}
	for r := range t.share {
		p := row[r]
		lo, hi := p.lo, p.hi
		if t.wide.all != nil {
			lo, hi = int(t.grid[lo]), int(t.grid[hi])
		}
		t.lo[r], t.hi[r], t.share[r] = int32(lo*across)+from, int32(hi*across)+from, p.f
	}
	model.Mix(t.share, t.lo, t.hi, x, t.shape.W, mask)
}

// fold adds up when a block's masks are all valued.
func (t *riseTrial) fold(k int, v float64) {
	if k == 0 {
		t.fx = v
		return
	}
	t.values[t.folded] = v
	if t.folded++; t.folded < t.last {
		return
	}
	ld := len(t.sum) + riseGap
	model.AccumulateMoments(t.values[t.first:t.last], t.masks[t.first*ld:], ld, t.sum, t.squares)
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
