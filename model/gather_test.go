package model

import (
	"math/rand/v2"
	"testing"

	"assay/model/internal/kernel"
)

// chain is one output of a convolution by the order that the package promises:
// from the bias over blocks of channels, tap rows, tap columns and channels, taps
// on the padding left out.
func chain(s Shape, l Layer, lanes int, in, w []float32, bias float32, o, y, x, lane int) float32 {
	block := s.C
	if s.C > 16 && l.Kernel > 1 {
		block = 8
	}
	sum := bias
	for i0 := 0; i0 < s.C; i0 += block {
		for ty := range l.Kernel {
			for tx := range l.Kernel {
				iy, ix := y*l.Stride+ty-l.Padding, x*l.Stride+tx-l.Padding
				if iy < 0 || iy >= s.H || ix < 0 || ix >= s.W {
					continue
				}
				for i := i0; i < min(i0+block, s.C); i++ {
					sum = kernel.FMA(w[((o*s.C+i)*l.Kernel+ty)*l.Kernel+tx], in[((i*s.H+iy)*s.W+ix)*lanes+lane], sum)
				}
			}
		}
	}
	return sum
}

// gradientChain is the input gradient at one input of a convolution by that order,
// over the output channels.
func gradientChain(s Shape, l Layer, lanes int, grad, w []float32, i, y, x, lane int) float32 {
	o := l.output(s)
	block := o.C
	if o.C > 16 && l.Kernel > 1 {
		block = 8
	}
	var sum float32
	for o0 := 0; o0 < o.C; o0 += block {
		for ty := range l.Kernel {
			for tx := range l.Kernel {
				oy, ox := y+l.Padding-ty, x+l.Padding-tx
				if oy < 0 || oy%l.Stride != 0 || oy/l.Stride >= o.H || ox < 0 || ox%l.Stride != 0 || ox/l.Stride >= o.W {
					continue
				}
				for c := o0; c < min(o0+block, o.C); c++ {
					sum = kernel.FMA(w[((c*s.C+i)*l.Kernel+ty)*l.Kernel+tx], grad[((c*o.H+oy/l.Stride)*o.W+ox/l.Stride)*lanes+lane], sum)
				}
			}
		}
	}
	return sum
}

// Whatever parts of rows, blocks and tiles a convolution is done in, and whether
// its input is copied first, its outputs are the chains that the package promises,
// and so is its input gradient.
func TestGatherKeepsTheOrder(t *testing.T) {
	for _, c := range []struct {
		what string
		in   Shape
		l    Layer
	}{
		{"in one part", Shape{3, 8, 8}, Layer{Out: 7, Kernel: 3, Stride: 1, Padding: 1}},
		{"channels off the same sets", Shape{16, 8, 8}, Layer{Out: 16, Kernel: 3, Stride: 1, Padding: 1}},
		{"a smaller last block", Shape{20, 8, 8}, Layer{Out: 13, Kernel: 3, Stride: 1, Padding: 1}},
		{"parts of rows", Shape{36, 32, 32}, Layer{Out: 14, Kernel: 3, Stride: 1, Padding: 1}},
		{"parts of rows by strides", Shape{36, 32, 32}, Layer{Out: 28, Kernel: 3, Stride: 2, Padding: 1}},
		{"parts of channels", Shape{330, 4, 4}, Layer{Out: 200, Kernel: 3, Stride: 1, Padding: 1}},
		{"a window larger than the padded rest", Shape{40, 3, 3}, Layer{Out: 9, Kernel: 5, Stride: 1, Padding: 2}},
		{"one tap", Shape{128, 8, 8}, Layer{Out: 10, Kernel: 1, Stride: 2}},
		{"one tap of three, off the border", Shape{5, 11, 7}, Layer{Out: 21, Kernel: 1, Stride: 3, Padding: 1}},
		{"two taps of three, an odd rest", Shape{19, 11, 8}, Layer{Out: 18, Kernel: 2, Stride: 3}},
		{"taps of three strides", Shape{18, 12, 9}, Layer{Out: 5, Kernel: 5, Stride: 3, Padding: 2}},
		{"no border to the right", Shape{9, 8, 6}, Layer{Out: 33, Kernel: 3, Stride: 2}},
		{"a single pixel", Shape{40, 1, 1}, Layer{Out: 20, Kernel: 3, Stride: 1, Padding: 1}},
		{"columns alone", Shape{6, 1, 9}, Layer{Out: 6, Kernel: 3, Stride: 2, Padding: 1}},
	} {
		c.l.Kind = "conv2d"
		g := convGather(c.l, c.in, Lanes)
		r := rand.New(rand.NewPCG(1, 2))
		fill := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = r.Float32() - 0.5
			}
			return x
		}
		in, w, bias := fill(c.in.Size()*Lanes), fill(c.l.Out*c.in.C*c.l.Kernel*c.l.Kernel), fill(c.l.Out+align)
		packed, out := make([]float32, len(g.index)), make([]float32, g.out.Size()*Lanes)
		g.packOp(4).run(nil, packed, [][]float32{w}, nil)
		levels := kernel.Levels()
		if len(levels) > 1 {
			levels = levels[1:] // the portable kernels take a second for some of these
		}
		for _, level := range levels {
			clear(out)
			g.do(kernel.For(level), out, in, packed, bias, make([]float32, g.scratch()))
			for range 400 {
				o, y, x, lane := r.IntN(g.out.C), r.IntN(g.out.H), r.IntN(g.out.W), r.IntN(Lanes)
				want := chain(c.in, c.l, Lanes, in, w, bias[o], o, y, x, lane)
				if got := out[((o*g.out.H+y)*g.out.W+x)*Lanes+lane]; got != want {
					t.Fatalf("%s, %v, channel %d pixel (%d, %d) lane %d: got %v, want %v", c.what, level, o, y, x, lane, got, want)
				}
			}
		}
		back := convGradGather(c.l, c.in, Lanes)
		packed, out = make([]float32, len(back.index)), make([]float32, c.in.Size()*Lanes)
		grad := fill(g.out.Size() * Lanes)
		back.packOp(4).run(nil, packed, [][]float32{w}, nil)
		for _, level := range levels {
			clear(out)
			back.do(kernel.For(level), out, grad, packed, nil, make([]float32, back.scratch()))
			for range 400 {
				i, y, x, lane := r.IntN(c.in.C), r.IntN(c.in.H), r.IntN(c.in.W), r.IntN(Lanes)
				want := gradientChain(c.in, c.l, Lanes, grad, w, i, y, x, lane)
				if got := out[((i*c.in.H+y)*c.in.W+x)*Lanes+lane]; got != want {
					t.Fatalf("%s, %v, gradient of channel %d pixel (%d, %d) lane %d: got %v, want %v", c.what, level, i, y, x, lane, got, want)
				}
			}
		}
		rows, blocks := g.part()
		t.Logf("%s: %d of %d rows and %d blocks of %d channels a part, copied %v", c.what, rows, g.out.H, blocks, g.block, g.scratch() > 0)
		if c.what == "parts of rows" && rows == g.out.H || c.what == "parts of channels" && blocks*g.block >= c.in.C {
			t.Errorf("%s: %d of %d rows and %d blocks of %d channels a part", c.what, rows, g.out.H, blocks, g.block)
		}
	}
}
