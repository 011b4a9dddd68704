package model

import (
	"fmt"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// A signed gather is a convolution or its input gradient whose weights read one
// of two inputs by their sign, or are left out:
//
//	out[o][y][x] = bias[o] + sum over ty, tx, i of w * in[w > 0 ? above : below][i][iy][ix]
//
// in the order of a gather (blocks of channels, tap rows, tap columns, channels).
// A rule that wants w+ of one input and w- of another, two passes of gathers, is
// one of this, and w+ alone half of one. The kernel gets a list of its own for
// every output channel, with the weights in it, so the lists are made when the
// weights are known, as packing is.
//
// Rows of its input hold border pixels of zeros at both ends, so that all the
// pixels of a stretch have the same taps; taps that none of them meets are left
// out.
type signed struct {
	in, out Shape // in without borders; C of one input, and of one way
	lanes   int
	k       int
	flip    bool // weights are [in][out][k][k]
	layout       // of the input's rows
	ways    []way
	block   int // input channels of a block
	classes [][2]span
	calls   [][]signedCall // by column, from row to row
	starts  [][]int        // of the lists of a class in the packed ones, by block
	size    int            // of the packed lists
	id      string
}

// way says which input the weights above and below 0 read: 0 or 1, or -1 for
// none. Every way has output channels of its own.
type way struct{ above, below int }

// layout says how the rows of an activation lie: border pixels of zeros, the
// row, at least as many again, pitch pixels in all.
type layout struct{ border, pitch int }

// signedCall is a stretch of a row: its place in the first input and in the
// first output channel, its length in floats, and its class of taps.
type signedCall struct{ in, out, n, class int }

// signedLimit is the number of entries that the lists of a signed gather may
// have in all: 4 MB. Wider layers fill the tiles of a plain gather.
const signedLimit = 1 << 19

// signedCache is how many floats of the first cache a block of inputs may fill.
const signedCache = 6144

// newSigned plans a signed gather over one or more ways, nil if the layer is
// none for it: strided, with rows that do not fill vectors, or too wide. back is
// the input gradient's.
func newSigned(l Layer, s Shape, lanes int, back bool, ways ...way) *signed {
	if l.Kind != "conv2d" || l.Stride != 1 {
		return nil
	}
	o := l.output(s)
	g := &signed{in: s, out: o, lanes: lanes, k: l.Kernel, ways: ways, layout: layout{border: l.Padding}, id: fmt.Sprintf("signed conv2d %v k%d p%d -> %v x%d %v", s, l.Kernel, l.Padding, o, lanes, ways)}
	rows := forwardAxis(l.Kernel, 1, l.Padding, s.H, o.H)
	if back {
		g.in, g.out, g.flip, g.border = o, s, true, l.Kernel-1-l.Padding
		g.id = "gradient of " + g.id
		rows = backwardAxis(l.Kernel, 1, l.Padding, s.H, o.H)
	}
	if g.out.W < 4 || g.in.W < 4 {
		return nil
	}
	planes := 1
	for _, w := range ways {
		if w.above+w.below > 0 {
			planes = 2
		}
	}
	// What 8 pixels read of a block stays in the first cache while all channels of
	// the output pass over it.
	most := max(1, signedCache/(planes*l.Kernel*(l.Kernel+7)*lanes))
	blocks := (g.in.C + most - 1) / most
	g.block = (g.in.C + blocks - 1) / blocks
	g.pitch = g.in.W + 2*g.border
	if (planes == 2 || g.border > 0) && g.pitch*lanes%512 == 0 { // rows that fall into the same sets of it
		g.pitch++
	}
	// Columns by fours, those with the same taps together: up to 8 pixels.
	type columns struct {
		x, n int
		taps span
	}
	var cols []columns
	for x := 0; x < g.out.W; x += 4 {
		n := min(4, g.out.W-x)
		first, last := l.Kernel, -1
		for tx := range l.Kernel {
			// Of the pixels x to x+n-1, tap tx meets these columns of the input.
			from := x + tx - g.border
			if g.flip {
				from = x + l.Kernel - 1 - tx - g.border
			}
			if from < g.in.W && from+n > 0 {
				first, last = min(first, tx), tx
			}
		}
		taps := span{first: first, count: max(0, last-first+1)}
		if i := len(cols) - 1; i >= 0 && cols[i].taps == taps && cols[i].n == 4 {
			cols[i].n += n
			continue
		}
		cols = append(cols, columns{x, n, taps})
	}
	for _, c := range cols {
		var calls []signedCall
		for y, r := range rows.spans {
			class := [2]span{{first: r.first, count: r.count}, c.taps}
			at := -1
			for i, other := range g.classes {
				if other == class {
					at = i
				}
			}
			if at < 0 {
				at = len(g.classes)
				g.classes = append(g.classes, class)
			}
			calls = append(calls, signedCall{in: (r.at*g.pitch + c.x) * lanes, out: (y*g.out.W + c.x) * lanes, n: c.n * lanes, class: at})
		}
		g.calls = append(g.calls, calls)
	}
	// Lists by class, block and output: a count, offsets, weights.
	for _, c := range g.classes {
		var starts []int
		for i := 0; i < g.in.C; i += g.block {
			starts = append(starts, g.size)
			g.size += len(ways) * g.out.C * g.room(c, i)
		}
		g.starts = append(g.starts, starts)
	}
	if g.size > 2*signedLimit {
		return nil
	}
	return g
}

// entries is the most that a list of a class can have for the block from channel i.
func (g *signed) entries(c [2]span, i int) int {
	return c[0].count * c[1].count * min(g.block, g.in.C-i)
}

// room is what a list takes.
func (g *signed) room(c [2]span, i int) int { return 1 + 2*g.entries(c, i) }

// pack lists the weights of w by sign. Counts and offsets lie in the memory of
// floats.
func (g *signed) pack(out, w []float32) {
	ints := unsafe.Slice((*int32)(unsafe.Pointer(&out[0])), len(out))
	pos := 0
	for _, c := range g.classes {
		for i0 := 0; i0 < g.in.C; i0 += g.block {
			most := g.entries(c, i0)
			for _, v := range g.ways {
				for o := range g.out.C {
					count := 0
					for jy := range c[0].count {
						for jx := range c[1].count {
							for i := i0; i < min(i0+g.block, g.in.C); i++ {
								ty, tx := c[0].first+jy, c[1].first+jx
								a, b, n := o, i, g.in.C
								row, col := jy, tx
								if g.flip {
									a, b, n = i, o, g.out.C
									row, col = -jy, g.k-1-tx
								}
								value := w[((a*n+b)*g.k+ty)*g.k+tx]
								from := v.above
								if value < 0 {
									from = v.below
								}
								if value == 0 || from < 0 {
									continue
								}
								ints[pos+1+count] = int32((((from*g.in.C+i-i0)*g.in.H+row)*g.pitch + col) * g.lanes)
								out[pos+1+most+count] = value
								count++
							}
						}
					}
					ints[pos] = int32(count)
					pos += g.room(c, i0)
				}
			}
		}
	}
}

// apply adds the gather of x, whose rows have the border, by the weights; bias
// may be nil. The result has the ways' output channels one behind the other.
func (g *signed) apply(b *graph, x, w, bias *gorgonia.Node) *gorgonia.Node {
	packed := b.apply(&op{
		name: "lists of " + g.id, in: []int{4}, shape: tensor.Shape{max(1, g.size)}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			clear(out)
			g.pack(out, in[0])
		},
	}, w)
	L := g.lanes
	plane := g.out.H * g.out.W * L
	step := g.in.H * g.pitch * L
	o := &op{
		name: g.id, in: []int{4, 1}, shape: tensor.Shape{len(g.ways) * g.out.C, g.out.H, g.out.W, L}, wrt: []bool{false, false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			x, lists := in[0], in[1]
			ints := unsafe.Slice((*int32)(unsafe.Pointer(&lists[0])), len(lists))
			// Down a column, block by block: from one row to the next a single row of
			// the input is new to the first cache.
			for _, column := range g.calls {
				for block, i0 := 0, 0; i0 < g.in.C; block, i0 = block+1, i0+g.block {
					for _, c := range column {
						pos, most := g.starts[c.class][block], g.entries(g.classes[c.class], i0)
						for o := range len(g.ways) * g.out.C {
							start := &noBias[0]
							switch {
							case i0 > 0:
								start = nil
							case bias != nil:
								start = &in[2][o%g.out.C]
							}
							if n := int(ints[pos]); n > 0 {
								k.Gemm(1, c.n, n, &ints[pos+1], &x[c.in+i0*step], &lists[pos+1+most], start, &out[o*plane+c.out], 0)
							} else if start != nil {
								fill(out[o*plane+c.out:][:c.n], *start)
							}
							pos += 1 + 2*most
						}
					}
				}
			}
		},
	}
	operands := []*gorgonia.Node{x, packed}
	if bias != nil {
		o.in, o.wrt = append(o.in, 1), append(o.wrt, false)
		o.name += " biased"
		operands = append(operands, bias)
	}
	return b.apply(o, operands...)
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// signs adds x+ and x-, [2*C][H][pitch]; or, with positive, x alone.
func (b *graph) signs(s Shape, x *gorgonia.Node, positive bool, to layout) *gorgonia.Node {
	if positive && to.pitch == s.W {
		return x
	}
	C := 2 * s.C
	if positive {
		C = s.C
	}
	L := b.lanes
	n, row, at := s.W*L, to.pitch*L, to.border*L
	return b.apply(&op{
		name: fmt.Sprintf("lrp signs %v of %d in rows %v", s, C, to), in: []int{4}, shape: tensor.Shape{C, s.H, to.pitch, L}, wrt: []bool{false}, inPlace: -1,
		run: func(k *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for y := range s.C * s.H {
				x := in[0][y*n:][:n]
				above := out[y*row:][:row]
				clear(above[:at])
				clear(above[at+n:])
				if positive {
					copy(above[at:], x)
					continue
				}
				below := out[(s.C*s.H+y)*row:][:row]
				clear(below[:at])
				clear(below[at+n:])
				k.ReLU(n, &x[0], &above[at])
				k.AddScaled(n, -1, &above[at], &x[0], &below[at]) // exact: one of the two is 0
			}
		},
	}, x)
}
