package model

import (
	"fmt"

	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// A gather computes convolutions, their input gradients and linear layers
// alike: every output pixel is a bias and a sum of weight times input over the
// taps that meet the input,
//
//	out[o][y][x] = bias[o] + sum over ty, tx, i of w[o][i][ty][tx] * in[i][iy(y,ty)][ix(x,tx)]
//
// one chain of fused multiply-adds that starts at the bias and runs over the
// blocks of input channels and, within a block, the tap rows ty, the tap columns
// tx and the channels i, each ascending. Taps that fall on the padding are left
// out of the chain. A block is 8 channels where there are more than 16 and more
// than one tap, else all: what a tile of pixels reads of 8 channels stays in the
// first cache while all taps pass over it.
//
// Where a pixel fills its vectors alone, in the attribution layout, windows carries
// it out. Elsewhere a vector holds pixels of a row, and the gather lists calls of
// the matrix kernel that read the input where it lies.
type gather struct {
	in, out Shape
	lanes   int
	plane   int // floats from one input channel to the next; see spaced
	k       int // taps a side
	block   int // input channels of a block
	flip    bool
	rows    []span
	runs    []stretch
	classes []class
	tiles   []int // output channels of each tile
	index   []int32
	calls   []call
	sweeps  []sweep
	id      string
	windows *windows // nil but in the attribution layout, which needs nothing else of rows to sweeps
}

// span lists the taps of one output coordinate: first, first+step, ... and the
// input coordinate of the first of them.
type span struct{ first, count, at int }

// stretch is a part of a row whose pixels share their taps and whose inputs lie
// side by side.
type stretch struct{ x, n, at, class int }

// class is a set of tap columns with its packed weights.
type class struct {
	span   span
	off    []int32 // [tap row][tap column][channel of a block], floats from the first tap's input
	tail   []int32 // the same for a smaller last block
	base   []int   // [residue] offset of its packed weights
	stride int     // tap rows a residue holds
}

// axis describes one dimension of a gather.
type axis struct {
	spans   []span
	tapStep int // distance between the taps of one output
	inStep  int // +1: the input moves with the tap, -1: against it
}

// forwardAxis is a convolution's: tap t of output y reads input y*stride+t-pad.
func forwardAxis(k, stride, pad, in, out int) axis {
	a := axis{spans: make([]span, out), tapStep: 1, inStep: 1}
	for y := range a.spans {
		first := max(0, pad-y*stride)
		last := min(k-1, in-1+pad-y*stride)
		a.spans[y] = span{first, max(0, last-first+1), y*stride + first - pad}
	}
	return a
}

// backwardAxis is its input gradient's: tap t of input pixel y reads output
// (y+pad-t)/stride where that is whole.
func backwardAxis(k, stride, pad, in, out int) axis {
	a := axis{spans: make([]span, in), tapStep: stride, inStep: -1}
	for y := range a.spans {
		s := span{}
		for t := 0; t < k; t++ {
			o := y + pad - t
			if o%stride != 0 || o < 0 || o/stride >= out {
				continue
			}
			if s.count == 0 {
				s.first, s.at = t, o/stride
			}
			s.count++
		}
		a.spans[y] = s
	}
	return a
}

// newGather plans a gather from activations of shape in to shape out. With flip
// the weight tensor is [in][out][k][k] instead of [out][in][k][k]: the input
// gradient of a convolution has the roles of the channels exchanged.
func newGather(id string, in, out Shape, lanes, k int, flip bool, ay, ax axis) *gather {
	g := &gather{in: in, out: out, lanes: lanes, k: k, flip: flip, rows: ay.spans, id: id}
	g.plane = g.dense()
	if g.spaced() {
		g.plane += align
	}
	g.block = in.C
	if in.C > 16 && k > 1 {
		g.block = 8
	}
	if lanes == Lanes {
		g.windows = newWindows(g, ay, ax)
		return g
	}
	find := func(s span) int {
		for i, c := range g.classes {
			if c.span.first == s.first && c.span.count == s.count {
				return i
			}
		}
		c := class{span: s}
		most := 0
		for _, r := range ay.spans {
			most = max(most, r.count)
		}
		table := func(channels int) (off []int32) {
			for jy := range most {
				for jx := range s.count {
					for i := range channels {
						off = append(off, int32(i*g.plane+(jy*ay.inStep*in.W+jx*ax.inStep)*lanes))
					}
				}
			}
			return off
		}
		c.off, c.tail = table(g.block), table(in.C%g.block)
		g.classes = append(g.classes, c)
		return len(g.classes) - 1
	}
	for x, s := range ax.spans {
		c := find(s)
		if last := len(g.runs) - 1; last >= 0 && g.runs[last].class == c && g.runs[last].at+g.runs[last].n == s.at {
			g.runs[last].n++
			continue
		}
		g.runs = append(g.runs, stretch{x, 1, s.at, c})
	}
	g.split()
	g.pack(ay.tapStep, ax.tapStep)
	g.plan()
	return g
}

// pack lists, for every packed weight, its place in the weight tensor: per
// class of columns and residue of tap rows [tile][block][tap row][tap column]
// [channel of the block][out within the tile], so that the taps of a row of pixels
// are one contiguous range in every block.
func (g *gather) pack(stepY, stepX int) {
	for ci := range g.classes {
		c := &g.classes[ci]
		for res := range stepY {
			c.base = append(c.base, len(g.index))
			o0 := 0
			for _, m := range g.tiles {
				for i0 := 0; i0 < g.in.C; i0 += g.block {
					for ty := res; ty < g.k; ty += stepY {
						for jx := range c.span.count {
							tx := c.span.first + jx*stepX
							for i := i0; i < min(i0+g.block, g.in.C); i++ {
								for o := o0; o < o0+m; o++ {
									g.index = append(g.index, g.weight(o, i, ty, tx))
								}
							}
						}
					}
				}
				o0 += m
			}
		}
		c.stride = stepY
	}
}

// weight is the place in the weight tensor of the weight between output channel o
// and input channel i at a tap.
func (g *gather) weight(o, i, ty, tx int) int32 {
	n := g.in.C
	if g.flip {
		o, i, n = i, o, g.out.C
	}
	return int32(((o*n+i)*g.k+ty)*g.k + tx)
}

// packOp rearranges a weight tensor of the given number of dimensions.
func (g *gather) packOp(dims int) *op {
	return &op{
		name: "pack " + g.id, in: []int{dims}, shape: tensor.Shape{max(1, len(g.index))}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			w := in[0]
			for i, j := range g.index {
				out[i] = w[j]
			}
		},
	}
}

var noBias [8]float32

// do runs the gather; bias may be nil.
func (g *gather) do(k *kernel.Set, out, in, packed, bias, scratch []float32) {
	if g.windows != nil {
		g.windows.do(k, out, in, packed, bias, scratch)
		return
	}
	if dense := g.dense(); g.plane > dense {
		for c := range g.in.C {
			copy(scratch[c*g.plane:], in[c*dense:(c+1)*dense])
		}
		in = scratch
	}
	om, xStep := g.out.H*g.out.W*g.lanes, g.block*g.plane
	whole := g.in.C / g.block
	for _, s := range g.sweeps {
		for j := s.first; j < s.last; j++ {
			for i := s.from; i < s.to; i++ {
				c := &g.calls[i]
				var b *float32 // from the second block on a sum goes on from what is there
				if j == 0 {
					b = &noBias[0]
					if bias != nil {
						b = &bias[c.bias]
					}
				}
				switch {
				case c.whole.k == 0: // no tap meets the input
					if j == 0 {
						k.Gemm(c.m, c.n, 0, nil, nil, nil, b, &out[c.out], om)
					}
				case j < whole:
					k.Gemm(c.m, c.n, c.whole.k, c.whole.off, &in[c.x+j*xStep], &packed[c.whole.w+j*c.wStep], b, &out[c.out], om)
				default:
					k.Gemm(c.m, c.n, c.tail.k, c.tail.off, &in[c.x+j*xStep], &packed[c.tail.w], b, &out[c.out], om)
				}
			}
		}
	}
}

// op wraps the gather as a graph operation on (input, packed weights) or
// (input, packed weights, bias).
func (g *gather) op(biased bool, flat bool) *op {
	o := &op{name: g.id, in: []int{4, 1}, shape: tensor.Shape{g.out.C, g.out.H, g.out.W, g.lanes}, wrt: []bool{true, false}, inPlace: -1}
	if flat {
		o.in[0], o.shape = 2, tensor.Shape{g.out.C, g.lanes}
	}
	if biased {
		o.in = append(o.in, 1)
	}
	o.scratch = g.scratch()
	o.run = func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
		var bias []float32
		if biased {
			bias = in[2]
		}
		g.do(k, out, in[0], in[1], bias, scratch)
	}
	return o
}

// convGather plans the forward pass of a convolution.
func convGather(l Layer, s Shape, lanes int) *gather {
	o := l.output(s)
	return newGather(fmt.Sprintf("conv2d %v k%d s%d p%d -> %v x%d", s, l.Kernel, l.Stride, l.Padding, o, lanes),
		s, o, lanes, l.Kernel, false,
		forwardAxis(l.Kernel, l.Stride, l.Padding, s.H, o.H),
		forwardAxis(l.Kernel, l.Stride, l.Padding, s.W, o.W))
}

// convGradGather plans its input gradient.
func convGradGather(l Layer, s Shape, lanes int) *gather {
	o := l.output(s)
	return newGather(fmt.Sprintf("conv2d gradient %v k%d s%d p%d -> %v x%d", o, l.Kernel, l.Stride, l.Padding, s, lanes),
		o, s, lanes, l.Kernel, true,
		backwardAxis(l.Kernel, l.Stride, l.Padding, s.H, o.H),
		backwardAxis(l.Kernel, l.Stride, l.Padding, s.W, o.W))
}

// linearGather plans a linear layer as a 1x1 convolution of one pixel.
func linearGather(in, out int, lanes int) *gather {
	a := forwardAxis(1, 1, 0, 1, 1)
	return newGather(fmt.Sprintf("linear %d -> %d x%d", in, out, lanes), Shape{in, 1, 1}, Shape{out, 1, 1}, lanes, 1, false, a, a)
}

// linearGradGather plans its input gradient.
func linearGradGather(in, out int, lanes int) *gather {
	a := forwardAxis(1, 1, 0, 1, 1)
	return newGather(fmt.Sprintf("linear gradient %d -> %d x%d", out, in, lanes), Shape{out, 1, 1}, Shape{in, 1, 1}, lanes, 1, true, a, a)
}
