package model

import (
	"slices"

	"assay/model/internal/kernel"
)

// newWindows plans the windows of a gather with the given axes.
func newWindows(g *gather, ay, ax axis) *windows {
	v := &windows{g: g, columns: alongTaps(ax.read(g.in.W), ax.inStep)}
	stretches := v.stretches(ax)
	v.split(stretches)
	v.pack(ay, ax)
	v.plan(ay, ax, stretches)
	return v
}

// read lists the input coordinates, of n, that an axis reads, ascending.
func (a axis) read(n int) []int {
	read := make([]bool, n)
	for _, s := range a.spans {
		for j := range s.count {
			read[s.at+j*a.inStep] = true
		}
	}
	var list []int
	for i, r := range read {
		if r {
			list = append(list, i)
		}
	}
	return list
}

// alongTaps is a lattice of ascending coordinates, in the direction in which the taps
// of one output read them.
func alongTaps(read []int, inStep int) lattice {
	if len(read) == 0 {
		return lattice{step: 1}
	}
	l := lattice{read[0], len(read), 1}
	if l.n > 1 {
		l.step = read[1] - read[0]
	}
	for i, x := range read {
		if x != l.first+i*l.step { // no lattice: take all between
			l.n, l.step = read[len(read)-1]-read[0]+1, 1
			break
		}
	}
	if inStep < 0 {
		l.first, l.step = l.first+(l.n-1)*l.step, -l.step
	}
	return l
}

// tapOrder is the place of each of k taps where those of one output are side by
// side.
func (a axis) tapOrder(k int) []int {
	place, n := make([]int, k), 0
	for r := range a.tapStep {
		for t := r; t < k; t += a.tapStep {
			place[t] = n
			n++
		}
	}
	return place
}

// windowStretch is n outputs of a row from x on, step apart, that share their taps,
// and whose windows begin inStep columns of the copy apart.
type windowStretch struct {
	span       span
	x, n, step int
	in, inStep int
}

// stretches takes the outputs of a row apart by their taps.
func (v *windows) stretches(ax axis) []windowStretch {
	last := map[[2]int]int{} // the last one with these taps
	var all []windowStretch
	for x, s := range ax.spans {
		in := 0
		if s.count > 0 {
			in = (s.at - v.columns.first) / v.columns.step
		}
		taps := [2]int{s.first, s.count}
		if i, ok := last[taps]; ok {
			t := &all[i]
			if t.n == 1 {
				t.step, t.inStep = x-t.x, in-t.in
			}
			if x == t.x+t.n*t.step && in == t.in+t.n*t.inStep {
				t.n++
				continue
			}
		}
		last[taps] = len(all)
		all = append(all, windowStretch{span: s, x: x, n: 1, step: 1, in: in})
	}
	return all
}

// convTiles is how kernel.Set.Conv takes pixels of as many channels in registers
// of AVX2: so many pixels at a time, in so many turns with so many sums and loads.
var convTiles = [maxTile + 1][]struct{ pixels, turns, sums, loads int }{
	1: {{4, 1, 8, 9}, {2, 1, 4, 5}, {1, 1, 2, 3}},
	2: {{3, 1, 12, 8}, {2, 1, 8, 6}, {1, 1, 4, 4}},
	3: {{2, 1, 12, 7}, {1, 1, 6, 5}},
	4: {{3, 2, 12, 7}, {1, 1, 8, 6}},
	5: {{1, 1, 10, 7}},
	6: {{2, 2, 12, 7}, {1, 1, 12, 8}},
}

// split shares the output channels out among tiles so that the kernel is kept busy:
// less than eight sums take as long as eight, and loads cost something beside them.
// The results do not depend on it.
func (v *windows) split(stretches []windowStretch) {
	var cost [maxTile + 1]int
	for m := 1; m <= maxTile; m++ {
		for _, s := range stretches {
			n := s.n
			for _, t := range convTiles[m] {
				cost[m] += s.span.count * (n / t.pixels) * t.turns * (3*max(t.sums, 8) + t.loads)
				n %= t.pixels
			}
		}
	}
	at := 0
	for _, m := range cheapest(v.g.out.C, cost) {
		v.tiles = append(v.tiles, tile{at, m, at * v.g.in.C * v.g.k * v.g.k})
		at += m
	}
}

// pack lists, for every packed weight, its place in the weight tensor: [tile][block]
// [tap row][tap column][channel of the block][out within the tile], tap rows and
// columns in the order of tapOrder.
func (v *windows) pack(ay, ax axis) {
	g := v.g
	taps := g.k * g.k
	g.index = make([]int32, g.in.C*g.out.C*taps)
	py, px := ay.tapOrder(g.k), ax.tapOrder(g.k)
	for _, t := range v.tiles {
		for i := range g.in.C {
			i0 := i / g.block * g.block
			width := min(g.block, g.in.C-i0)
			for ty := range g.k {
				for tx := range g.k {
					to := t.w + (i0*taps+(py[ty]*g.k+px[tx])*width+i-i0)*t.m
					for j := range t.m {
						g.index[to+j] = g.weight(t.o+j, i, ty, tx)
					}
				}
			}
		}
	}
}

// windowShape is what strips have in common whatever their channels: rows and
// columns of taps, and how far apart the pixels and their windows are.
type windowShape struct{ rows, cols, step, inStep int }

// stackSteps is how many multiply-adds a call of the kernel does for an output, at
// most, if it takes more than one block: so many that starting a sum costs little,
// so few that their inputs stay in the first cache from a pixel to the next.
const stackSteps = 288

// plan lists the regions and the windows of their strips.
func (v *windows) plan(ay, ax axis, stretches []windowStretch) {
	g := v.g
	rows, blocks := g.part()
	var kinds []stack
	var shapes []windowShape
	py, px := ay.tapOrder(g.k), ax.tapOrder(g.k)
	height := 0
	for y := 0; y < g.out.H; y += rows {
		spans := ay.spans[y:min(y+rows, g.out.H)]
		r := region{rows: axis{spans: spans, inStep: ay.inStep}.read(g.in.H)}
		height = max(height, len(r.rows))
		for i, span := range spans {
			row, _ := slices.BinarySearch(r.rows, span.at)
			for _, t := range stretches {
				s := strip{n: t.n, out: ((y+i)*g.out.W + t.x) * Lanes}
				shape := windowShape{step: t.step}
				if span.count*t.span.count > 0 {
					shape = windowShape{span.count, t.span.count, t.step, t.inStep}
					s.x, s.w = row*v.columns.n+t.in, py[span.first]*g.k+px[t.span.first]
				}
				s.shape = indexOf(&shapes, shape)
				r.strips = append(r.strips, s)
			}
		}
		for i := 0; i < g.in.C; i += blocks * g.block {
			r.stacks = v.stacks(i, min(i+blocks*g.block, g.in.C), &kinds)
			v.regions = append(v.regions, r)
		}
	}
	block := g.block * Lanes
	if g.in.H*g.in.W > 1 {
		v.block = height * v.columns.n * block
		block = v.block
	}
	v.shapes = len(shapes)
	for _, c := range kinds {
		for _, s := range shapes {
			for m := range maxTile + 1 {
				v.windows = append(v.windows, v.window(c, s, m, ay.inStep*v.columns.n*c.width*Lanes, block))
			}
		}
	}
}

// indexOf returns the index of x in the list, where it is put if it is not there.
func indexOf[T comparable](list *[]T, x T) int {
	i := slices.Index(*list, x)
	if i < 0 {
		i = len(*list)
		*list = append(*list, x)
	}
	return i
}

// stacks lists the stacks of the input channels [from, to), whose kinds are added to
// those known.
func (v *windows) stacks(from, to int, kinds *[]stack) []stack {
	g := v.g
	var list []stack
	most := max(1, stackSteps/(g.k*g.k*g.block))
	for i := from; i < to; {
		c := stack{blocks: min(most, (to-i)/g.block), width: g.block}
		if c.blocks == 0 { // the last block is smaller
			c.blocks, c.width = 1, to-i
		}
		c.kind = indexOf(kinds, c)
		c.i = i
		list = append(list, c)
		i += c.blocks * c.width
	}
	return list
}

// window is the kernel's window for m output channels, in a copy with so many floats
// from a row that is read to the next and from block to block.
func (v *windows) window(c stack, s windowShape, m, row, block int) kernel.Window {
	k, steps := v.g.k, s.cols*c.width
	xRow, wRow := row-steps*Lanes, (k*c.width-steps)*m
	return kernel.Window{
		Blocks: c.blocks, Rows: s.rows, Quads: steps / 4, Rest: steps % 4,
		XRow: xRow, XBlock: block - s.rows*row + xRow,
		WRow: wRow, WBlock: (k-s.rows)*k*c.width*m + wRow, WAhead: c.blocks * k * k * c.width * m,
		XPixel: s.inStep * c.width * Lanes, OutPixel: s.step * Lanes, OutChannel: v.g.out.H * v.g.out.W * Lanes,
	}
}
