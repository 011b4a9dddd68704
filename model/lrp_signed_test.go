package model

import (
	"fmt"
	"testing"

	"gorgonia.org/gorgonia"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// A signed gather is what its formula says, whatever the kernel, the padding and
// the ways; and it is refused where it would be slow.
func TestSignedGather(t *testing.T) {
	for _, c := range []struct {
		layer Layer
		in    Shape
		back  bool
		ways  []way
	}{
		{Layer{Kind: "conv2d", Out: 6, Kernel: 5, Stride: 1}, Shape{3, 12, 32}, false, []way{{0, 1}}},
		{Layer{Kind: "conv2d", Out: 5, Kernel: 5, Stride: 1}, Shape{3, 9, 14}, false, []way{{1, 0}}},
		{Layer{Kind: "conv2d", Out: 7, Kernel: 3, Stride: 1, Padding: 1}, Shape{18, 5, 6}, false, []way{{0, -1}}},
		{Layer{Kind: "conv2d", Out: 7, Kernel: 3, Stride: 1, Padding: 1}, Shape{2, 4, 7}, true, []way{{0, -1}, {-1, 0}}},
		{Layer{Kind: "conv2d", Out: 6, Kernel: 5, Stride: 1}, Shape{3, 11, 13}, true, []way{{0, 1}, {1, 0}}},
		{Layer{Kind: "conv2d", Out: 20, Kernel: 5, Stride: 1, Padding: 4}, Shape{2, 5, 5}, true, []way{{1, -1}}},
		{Layer{Kind: "conv2d", Out: 4, Kernel: 1, Stride: 1}, Shape{3, 1, 9}, false, []way{{0, 1}}},
	} {
		id := fmt.Sprintf("%v kernel %d padding %d back %v %v", c.in, c.layer.Kernel, c.layer.Padding, c.back, c.ways)
		b := newGraph(Lanes)
		g := newSigned(c.layer, c.in, Lanes, c.back, c.ways...)
		if g == nil {
			t.Errorf("%s: no signed gather", id)
			continue
		}
		w := b.leaf("w", c.layer.Out, c.in.C, c.layer.Kernel, c.layer.Kernel)
		x := b.leaf("x", 2*g.in.C, g.in.H, g.pitch, Lanes)
		bias := b.leaf("bias", g.out.C)
		out := g.apply(b, x, w, bias)

		r := rng.New(1, "signed gather", c.in.C)
		draw := func(n *gorgonia.Node) []float32 {
			v := make([]float32, n.Shape().TotalSize())
			r.Normals(v)
			return v
		}
		ws, xs, biases := draw(w), draw(x), draw(bias)
		ws[1] = 0
		// Zeros beside the rows.
		for row := range 2 * g.in.C * g.in.H {
			for p := range g.pitch {
				if p < g.border || p >= g.border+g.in.W {
					clear(xs[(row*g.pitch+p)*Lanes:][:Lanes])
				}
			}
		}
		want := make([]float64, out.Shape().TotalSize())
		plane := g.out.H * g.out.W * Lanes
		for o := range want {
			want[o] = float64(biases[o/plane%g.out.C])
		}
		value := func(from, i, at, lane int) float64 {
			y, x := at/g.in.W, at%g.in.W
			return float64(xs[(((from*g.in.C+i)*g.in.H+y)*g.pitch+g.border+x)*Lanes+lane])
		}
		connections(c.layer, c.in, func(k, j, t int) {
			o, i := k, j
			if c.back {
				o, i = j, k
			}
			for v, way := range c.ways {
				from := way.above
				if ws[t] < 0 {
					from = way.below
				}
				if from < 0 || ws[t] == 0 {
					continue
				}
				for lane := range Lanes {
					size := g.in.H * g.in.W
					want[v*g.out.C*plane+o*Lanes+lane] += float64(ws[t]) * value(from, i/size, i%size, lane)
				}
			}
		})
		var first []float32
		for _, level := range testLevels() {
			packed := b.operands[out][1]
			lists := make([]float32, packed.Shape().TotalSize())
			packed.Op().(*op).run(kernel.For(level), lists, [][]float32{ws}, nil)
			got := make([]float32, len(want))
			out.Op().(*op).run(kernel.For(level), got, [][]float32{xs, lists, biases}, nil)
			if d := relative(got, want); !(d < 1e-6) {
				t.Errorf("%s %v: off by %.2g", id, level, d)
			}
			if first == nil {
				first = got
			}
			sameBits(t, fmt.Sprint(id, " ", level), got, first)
		}
	}
	for _, c := range []struct {
		why   string
		layer Layer
		in    Shape
	}{
		{"a linear layer", Layer{Kind: "linear", Out: 3}, Shape{8, 1, 1}},
		{"strides", Layer{Kind: "conv2d", Out: 4, Kernel: 3, Stride: 2}, Shape{3, 9, 9}},
		{"narrow rows", Layer{Kind: "conv2d", Out: 4, Kernel: 3, Stride: 1}, Shape{3, 5, 5}},
		{"large lists", Layer{Kind: "conv2d", Out: 512, Kernel: 3, Stride: 1, Padding: 1}, Shape{512, 4, 4}},
	} {
		if newSigned(c.layer, c.in, Lanes, false, way{0, -1}) != nil {
			t.Errorf("%s: a signed gather", c.why)
		}
	}
}
