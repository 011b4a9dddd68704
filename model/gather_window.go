package model

import "assay/model/internal/kernel"

// windows carries out a gather where a pixel fills its vectors alone, in the
// attribution layout. Its input is copied first, region by region, so that the
// channels of a block lie side by side in every pixel, and the pixels in the order
// of the taps. A row of taps is then one stretch of the copy and one of the
// weights, whatever the stride and the direction; every weight is packed once,
// though pixels at the border leave taps out; and what a pixel reads spreads
// evenly over the sets of the first cache, as channels a power of two apart do not.
type windows struct {
	g       *gather
	columns lattice // the input's columns in a row of the copy
	block   int     // floats from a block of the copy to the next; 0 where the input need not be copied
	tiles   []tile
	regions []region
	// The windows of the kernel, [kind of stack][shape of strip][channels of a tile].
	windows []kernel.Window
	shapes  int
}

// lattice is n coordinates, step apart.
type lattice struct{ first, n, step int }

// tile is some output channels: the first, how many, and where their weights are.
type tile struct{ o, m, w int }

// region is what is copied at a time, rows of some stacks of the input's channels,
// and the outputs that are computed from it. It fits the second cache, where the
// weights of all tiles pass over it.
type region struct {
	rows   []int
	stacks []stack
	strips []strip
}

// stack is the blocks of input channels that one call of the kernel takes: the
// first channel, the number of blocks, the channels of a block. Chunks of a kind
// have these numbers in common.
type stack struct{ i, blocks, width, kind int }

// strip is n pixels of a row of outputs, at even distances, that share their taps.
type strip struct {
	n, shape int
	x        int // the first pixel's first tap in the copy, in pixels
	w        int // the taps of a block that are packed before its first
	out      int // its place in an output channel, in floats
}

// do runs the gather; bias may be nil.
func (v *windows) do(k *kernel.Set, out, in, packed, bias, scratch []float32) {
	for i := range v.regions {
		r := &v.regions[i]
		x := in
		if v.block > 0 {
			x = scratch
			v.copy(k, r, x, in)
		}
		for _, t := range v.tiles {
			for _, c := range r.stacks {
				var b *float32 // from the second stack on a sum goes on from what is there
				if c.i == 0 {
					b = &noBias[0]
					if bias != nil {
						b = &bias[t.o]
					}
				}
				v.stack(k, r, t, c, out, x, packed, b)
			}
		}
	}
}

// stack adds what a stack of a region gives to a tile of output channels.
func (v *windows) stack(k *kernel.Set, r *region, t tile, c stack, out, x, packed []float32, bias *float32) {
	taps, plane := v.g.k*v.g.k, v.g.out.H*v.g.out.W*Lanes
	wins := v.windows[c.kind*v.shapes*(maxTile+1)+t.m:]
	x, packed, out = x[v.place(r, c.i):], packed[t.w+c.i*taps*t.m:], out[t.o*plane:]
	for i := range r.strips {
		s := &r.strips[i]
		win := &wins[s.shape*(maxTile+1)]
		switch {
		case win.Rows > 0:
			k.Conv(t.m, s.n, win, &x[s.x*c.width*Lanes], &packed[s.w*c.width*t.m], bias, &out[s.out])
		case bias != nil: // no tap meets the input
			k.Conv(t.m, s.n, win, nil, nil, bias, &out[s.out])
		}
	}
}

// place is where the block of input channel i, its first, begins in the copy of a
// region, or in the input.
func (v *windows) place(r *region, i int) int {
	if v.block == 0 {
		return i * Lanes
	}
	return (i - r.stacks[0].i) / v.g.block * v.block
}

// copy puts a region of the input into scratch: [block][row][column][channel of the
// block][lane].
func (v *windows) copy(k *kernel.Set, r *region, scratch, in []float32) {
	plane := v.g.in.H * v.g.in.W * Lanes
	for _, c := range r.stacks {
		for i := c.i; i < c.i+c.blocks*c.width; i += c.width {
			to := v.place(r, i)
			for _, y := range r.rows {
				k.Regroup(v.columns.n, c.width, &in[i*plane+(y*v.g.in.W+v.columns.first)*Lanes], v.columns.step*Lanes, plane,
					&scratch[to], c.width*Lanes, Lanes)
				to += v.columns.n * c.width * Lanes
			}
		}
	}
}

// scratch is what do needs, in floats.
func (v *windows) scratch() int {
	most := 0
	for _, r := range v.regions {
		last := r.stacks[len(r.stacks)-1]
		most = max(most, v.place(&r, last.i)+last.blocks*v.block)
	}
	if v.block == 0 {
		return 0
	}
	return most
}
