package model

import (
	"testing"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// The layouts that training reads convolutions from, rows widened and strides
// taken apart into planes, give the chains that the package promises, whatever the
// number of images side by side; and the input gradient is the transpose.
func TestTrainingConvolutionsKeepTheOrder(t *testing.T) {
	for _, c := range []struct {
		what  string
		in    Shape
		l     Layer
		lanes int
	}{
		{"padded", Shape{5, 7, 6}, Layer{Out: 7, Kernel: 3, Stride: 1, Padding: 1}, 4},
		{"blocks of channels", Shape{20, 6, 6}, Layer{Out: 9, Kernel: 3, Stride: 1, Padding: 2}, 4},
		{"channels off the same sets", Shape{6, 16, 16}, Layer{Out: 40, Kernel: 3, Stride: 1}, 4},
		{"blocks of channels by strides", Shape{19, 9, 9}, Layer{Out: 8, Kernel: 3, Stride: 2, Padding: 1}, 4},
		{"strides longer than the kernel", Shape{4, 11, 8}, Layer{Out: 5, Kernel: 2, Stride: 3}, 4},
		{"one tap, planes a multiple of 4 KiB apart", Shape{4, 32, 32}, Layer{Out: 100, Kernel: 1, Stride: 2}, 4},
		{"four taps, planes a multiple of 4 KiB apart", Shape{18, 32, 32}, Layer{Out: 30, Kernel: 2, Stride: 2}, 4},
		{"planes of eight images", Shape{5, 32, 16}, Layer{Out: 33, Kernel: 3, Stride: 2, Padding: 1}, 8},
		{"twelve images", Shape{4, 32, 32}, Layer{Out: 98, Kernel: 1, Stride: 2}, 12},
		{"twenty images", Shape{3, 8, 8}, Layer{Out: 4, Kernel: 3, Stride: 2, Padding: 2}, 20},
	} {
		l, s, L := c.l, c.in, c.lanes
		l.Kind = "conv2d"
		o := l.output(s)
		b := newGraph(L)
		x, w, bias := b.leaf("x", s.C, s.H, s.W, L), b.leaf("w", l.Out, s.C, l.Kernel, l.Kernel), b.leaf("bias", l.Out)
		y := b.conv2d(l, s, x, w, bias, true, false)
		seed := b.leaf("seed", o.C, o.H, o.W, L)
		p := b.compile(kernel.Portable, append(b.differentiate(y, seed, x), y))
		for _, level := range kernel.Levels() {
			if level == kernel.Portable && len(kernel.Levels()) > 1 {
				continue // a second for some of these
			}
			p.level = level
			in := p.instance()
			for name, x := range in.leaf {
				rng.New(1, "training convolution", len(name)).Normals(x)
			}
			in.run()
			dx, y := in.out[0], in.out[1]
			r := rng.New(2, "training convolution")
			for range 300 {
				o0, oy, ox, lane := r.IntN(o.C), r.IntN(o.H), r.IntN(o.W), r.IntN(L)
				want := chain(s, l, L, in.leaf["x"], in.leaf["w"], in.leaf["bias"][o0], o0, oy, ox, lane)
				if got := y[((o0*o.H+oy)*o.W+ox)*L+lane]; got != want {
					t.Fatalf("%s, %v, channel %d pixel (%d, %d) lane %d: got %v, want %v", c.what, level, o0, oy, ox, lane, got, want)
				}
			}
			want := make([]float64, len(dx))
			connections(l, s, func(k, j, t int) {
				for lane := range L {
					want[j*L+lane] += float64(in.leaf["w"][t]) * float64(in.leaf["seed"][k*L+lane])
				}
			})
			if d := relative(dx, want); !(d < 1e-6) {
				t.Errorf("%s, %v: input gradient off by %.2g", c.what, level, d)
			}
		}
	}
}
