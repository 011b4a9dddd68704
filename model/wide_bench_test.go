package model

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"assay/model/internal/kernel"
)

// Every kind of convolution of vgg11_bn and resnet20 in the attribution layout,
// forward and backward, beside the peak measured in turns with it: the median, and
// the best, of what a millisecond of it reached. Machines that share a core or its
// memory with others show the one, a quiet machine the other.
func BenchmarkWideConvolutions(b *testing.B) {
	k := kernel.For(activeLevel())
	seen := map[string]bool{}
	for _, name := range []string{"resnet20", "vgg11_bn"} {
		n := Nets[name].New(Shape{3, 32, 32}, 10)
		shapes := append([]Shape{n.Input}, n.Shapes()...)
		for i, r := range n.reads() {
			l, s := n.Layers[i], shapes[r[0]]
			if l.Kind != "conv2d" {
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
				b.Run(fmt.Sprintf("%s/%v-%v/k%ds%d/%s", name, s, l.output(s), l.Kernel, l.Stride, what), func(b *testing.B) {
					in, out := aligned(g.in.Size()*Lanes), aligned(g.out.Size()*Lanes)
					packed, scratch := aligned(len(g.index)), aligned(g.scratch())
					for j := range in {
						in[j] = float32(j%7) - 3
					}
					for j := range packed {
						packed[j] = float32(j%5) - 2
					}
					flops := layerFlops(l, s) * Lanes
					turns := 1 + int(60e6/flops)
					var rates, peaks []float64
					g.do(k, out, in, packed, nil, scratch)
					for b.Loop() {
						start := time.Now()
						f := k.PeakFMA(50_000)
						peaks = append(peaks, float64(f)/time.Since(start).Seconds())
						start = time.Now()
						for range turns {
							g.do(k, out, in, packed, nil, scratch)
						}
						rates = append(rates, flops*float64(turns)/time.Since(start).Seconds())
					}
					slices.Sort(rates)
					slices.Sort(peaks)
					peak := peaks[len(peaks)*3/4]
					b.ReportMetric(100*rates[len(rates)/2]/peak, "%peak")
					b.ReportMetric(100*rates[len(rates)-1]/peak, "best-%peak")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
