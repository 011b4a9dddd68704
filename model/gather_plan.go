package model

// sweep is a list of calls that are done for one block of input channels after
// the other: of calls[from:to], those of the blocks [first, last).
type sweep struct{ from, to, first, last int }

// call is what the matrix kernel does for a tile of output channels over a
// stretch of a row and a block of input channels. Places count floats in the
// respective operand, and are those of the first block.
type call struct {
	m, n      int
	bias, out int
	x         int
	whole     part
	wStep     int  // weights of a block
	tail      part // the last block, if it is smaller
}

// part is a call's share in one block.
type part struct {
	off  *int32
	k, w int
}

// split shares the output channels out among tiles so that the matrix kernel is
// kept busy on the stretches of a row. What a tile costs is reckoned for vectors
// of 8 floats and registers for 12 sums: six channels have tiles of 2 vectors,
// four of 3, three of 4, and eight sums at least are under way at a time. The
// results do not depend on it.
func (g *gather) split() {
	var cost [maxTile + 1]int
	for m := 1; m <= maxTile; m++ {
		widest := 12 / m
		for _, u := range g.runs {
			taps := g.classes[u.class].span.count
			for v := (u.n*g.lanes + 7) / 8; v > 0; v -= widest {
				// And a little for what every tile and every vector of inputs costs.
				cost[m] += taps * (16*max(m*min(v, widest), 8) + 4*min(v, widest) + 4)
			}
		}
	}
	g.tiles = cheapest(g.out.C, cost)
}

// cheapest shares n channels out among tiles that cost the least, by the tile's
// channels.
func cheapest(n int, cost [maxTile + 1]int) (tiles []int) {
	best, last := make([]int, n+1), make([]int, n+1)
	for c := 1; c <= n; c++ {
		for m := 1; m <= min(c, maxTile); m++ {
			if sum := best[c-m] + cost[m]; last[c] == 0 || sum <= best[c] {
				best[c], last[c] = sum, m
			}
		}
	}
	for c := n; c > 0; c -= last[c] {
		tiles = append(tiles, last[c])
	}
	return tiles
}

// maxTile is the largest number of channels of a tile.
const maxTile = 6

// spaced reports whether the input is worth copying first, a cache line between its
// channels. Where channels are a multiple of 4 KiB apart, the same pixel of all of
// them falls into one set of the first cache, which holds eight lines: reading
// them tap after tap then takes a third longer than it has to. The copy is worth
// it if every value is read some hundred times.
func (g *gather) spaced() bool {
	reads := 0
	for _, r := range g.rows {
		reads += r.count
	}
	reads = reads * g.k * g.out.C / max(1, g.in.H)
	return 4*g.dense()%4096 == 0 && g.in.C >= 4 && reads >= 96
}

// scratch is what do needs, in floats.
func (g *gather) scratch() int {
	if g.windows != nil {
		return g.windows.scratch()
	}
	if g.plane > g.dense() {
		return g.in.C * g.plane
	}
	return 0
}

// dense is the floats of one input channel.
func (g *gather) dense() int { return g.in.H * g.in.W * g.lanes }

// The shares of a core's caches that inputs may take, in floats: three quarters
// of the first one's 32 KiB and half of the 512 KiB that a small second one has.
const (
	firstCache  = 24 << 10 / 4
	secondCache = 256 << 10 / 4
)

// plan lists the kernel's calls. Some output rows and some blocks of input
// channels are done for all tiles, so that their inputs stay in the second cache
// while the weights pass by; of these a tile does a few rows for one block after
// the other, so that the block's inputs, its weights and the tile's outputs stay
// in the first.
func (g *gather) plan() {
	H, all := len(g.rows), (g.in.C+g.block-1)/g.block
	rows, blocks := g.part()
	few := 1
	for few < rows && g.inputs(few+1)*g.block+maxTile*(few+1)*g.out.W*g.lanes <= firstCache {
		few++
	}
	for y := 0; y < H; y += rows {
		for b := 0; b < all; b += blocks {
			o := 0
			for _, m := range g.tiles {
				for i := y; i < min(y+rows, H); i += few {
					from := len(g.calls)
					for r := i; r < min(i+few, y+rows, H); r++ {
						g.row(r, o, m)
					}
					g.sweeps = append(g.sweeps, sweep{from, len(g.calls), b, min(b+blocks, all)})
				}
				o += m
			}
		}
	}
}

// inputs returns the floats of one input channel that so many output rows read.
func (g *gather) inputs(rows int) int {
	H := len(g.rows)
	return min(g.in.H, (rows*g.in.H+H-1)/H+g.k-1) * g.in.W * g.lanes
}

// part returns the output rows and blocks of input channels of a part: of those
// whose inputs fit the second cache the one that moves least, reckoning that all
// weights pass by for every set of rows and all outputs for every set of blocks.
func (g *gather) part() (rows, blocks int) {
	all, H := (g.in.C+g.block-1)/g.block, len(g.rows)
	rows, blocks = 1, 1
	least := -1
	for r := 1; r <= H; r++ {
		b := min(all, secondCache/(g.inputs(r)*g.block))
		if b == 0 {
			break
		}
		parts, sets := (H+r-1)/r, (all+b-1)/b
		moved := parts*(g.in.C*g.inputs(r)+len(g.index)) + 2*sets*g.out.C*g.out.H*g.out.W*g.lanes
		if least < 0 || moved < least {
			least, rows, blocks = moved, r, b
		}
	}
	return rows, blocks
}

// row lists the calls of output row y for a tile of m channels from o0.
func (g *gather) row(y, o0, m int) {
	L, r := g.lanes, g.rows[y]
	whole, tail := g.in.C/g.block, g.in.C%g.block
	for _, u := range g.runs {
		c := &g.classes[u.class]
		res := r.first % c.stride
		all := (g.k - res + c.stride - 1) / c.stride // tap rows of the residue
		skip := r.first / c.stride                   // of which those above the input
		cols := c.span.count
		t := call{m: m, n: u.n * L, bias: o0, out: ((o0*g.out.H+y)*g.out.W + u.x) * L}
		if r.count*cols > 0 {
			w := c.base[res] + o0*all*cols*g.in.C
			t.x = (r.at*g.in.W + u.at) * L
			t.whole = part{&c.off[0], r.count * cols * g.block, w + skip*cols*g.block*m}
			t.wStep = all * cols * g.block * m
			if tail > 0 {
				t.tail = part{&c.tail[0], r.count * cols * tail, w + whole*t.wStep + skip*cols*tail*m}
			}
		}
		g.calls = append(g.calls, t)
	}
}
