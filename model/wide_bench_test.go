package model

import (
	"fmt"
	"testing"

	"assay/model/internal/kernel"
)

// Every kind of 3x3 convolution of vgg11_bn and resnet20 that has 16 channels or
// more on both sides, in the attribution layout, forward and backward, beside the
// peak measured just before.
func BenchmarkWideConvolutions(b *testing.B) {
	k := kernel.For(activeLevel())
	seen := map[string]bool{}
	for _, name := range []string{"resnet20", "vgg11_bn"} {
		n := Nets[name].New(Shape{3, 32, 32}, 10)
		shapes := append([]Shape{n.Input}, n.Shapes()...)
		for i, r := range n.reads() {
			l, s := n.Layers[i], shapes[r[0]]
			if l.Kind != "conv2d" || l.Kernel != 3 || s.C < 16 {
				continue
			}
			for _, g := range []*gather{convGather(l, s, Lanes), convGradGather(l, s, Lanes)} {
				if seen[g.id] {
					continue
				}
				seen[g.id] = true
				what := "forward"
				if g.flip {
					what = "gradient"
				}
				b.Run(fmt.Sprintf("%s/%v-%v/s%d/%s", name, s, l.output(s), l.Stride, what), func(b *testing.B) {
					in, out := aligned(g.in.Size()*Lanes), aligned(g.out.Size()*Lanes)
					packed, scratch := aligned(len(g.index)), aligned(g.scratch())
					for j := range in {
						in[j] = float32(j%7) - 3
					}
					for j := range packed {
						packed[j] = float32(j%5) - 2
					}
					p := peak()
					for b.Loop() {
						g.do(k, out, in, packed, nil, scratch)
					}
					b.ReportMetric(100*layerFlops(l, s)*Lanes*float64(b.N)/b.Elapsed().Seconds()/p, "%peak")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
