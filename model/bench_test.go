package model

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"assay/model/internal/kernel"
)

// flops counts two floating-point operations for every multiply-add that the
// layers' definitions ask for, taps on the padding left out: forward, input
// gradient but for layers that read the image, weight gradient.
func flops(n *Net) (fwd, dx, dw float64) {
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	for i, r := range n.reads() {
		f := layerFlops(n.Layers[i], shapes[r[0]])
		fwd += f
		dw += f
		if r[0] > 0 {
			dx += f
		}
	}
	return fwd, dx, dw
}

func layerFlops(l Layer, s Shape) float64 {
	o := l.output(s)
	switch l.Kind {
	case "conv2d":
		taps := func(in, out int) (n float64) {
			for _, t := range forwardAxis(l.Kernel, l.Stride, l.Padding, in, out).spans {
				n += float64(t.count)
			}
			return n
		}
		return 2 * float64(o.C*s.C) * taps(s.H, o.H) * taps(s.W, o.W)
	case "linear":
		return 2 * float64(o.C) * float64(s.Size())
	}
	return 0
}

// firstLayer is what the first layer's input gradient costs: attribution needs
// it, training does not.
func firstLayer(n *Net) float64 { return layerFlops(n.Layers[0], n.Input) }

// peak measures the core's float32 multiply-add peak in FLOP/s.
func peak() float64 {
	k := kernel.For(activeLevel())
	var best float64
	for range 5 {
		start := time.Now()
		f := k.PeakFMA(2_000_000)
		best = max(best, float64(f)/time.Since(start).Seconds())
	}
	return best
}

func gradients(b *testing.B, n *Net, workers, count int) time.Duration {
	m, err := New(n, Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	ws := make([]*Worker, workers)
	fill := func(i int, p *Point) { p.Target.Class = i % n.Classes() }
	fold := func(int, Result) {}
	for i := range ws {
		ws[i] = m.Worker()
		if err := ws[i].Gradients(context.Background(), Gradient, Lanes, func(i int, p *Point) { testPoint(n, i, p) }, fold); err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	var wg sync.WaitGroup
	for _, w := range ws {
		wg.Go(func() { _ = w.Gradients(context.Background(), Gradient, count/workers, fill, fold) })
	}
	wg.Wait()
	return time.Since(start)
}

// Input gradients on one core, of the small network and of wide ones.
func BenchmarkInputGradients(b *testing.B) {
	for _, net := range []struct {
		name  string
		block int
	}{{"tutorial", 4096}, {"vgg11_bn", 64}, {"resnet20", 128}} {
		b.Run(net.name, func(b *testing.B) {
			n := Nets[net.name].New(Shape{3, 32, 32}, 10)
			fwd, dx, _ := flops(n)
			per := fwd + dx + firstLayer(n)
			var total time.Duration
			p := peak()
			for b.Loop() {
				total += gradients(b, n, 1, net.block)
			}
			rate := float64(net.block*b.N) / total.Seconds()
			b.ReportMetric(rate, "images/s")
			b.ReportMetric(100*rate*per/p, "%peak")
			b.ReportMetric(p/1e9, "peak-GFLOP/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// Forward passes of the tutorial net on one core.
func BenchmarkForward(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m, err := New(n, Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	fwd, _, _ := flops(n)
	w := m.Worker()
	const block = 4096
	p := peak()
	b.ResetTimer()
	for b.Loop() {
		_ = w.Logits(context.Background(), block, func(int, []float32) {}, func(int, []float32) {})
	}
	rate := block * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "images/s")
	b.ReportMetric(100*rate*fwd/p, "%peak")
	b.ReportMetric(0, "ns/op")
}

// Two workers over one, measured in turns.
func BenchmarkTwoWorkers(b *testing.B) {
	if runtime.NumCPU() < 2 {
		b.Skip("one core")
	}
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	var one, two time.Duration
	for b.Loop() {
		one += gradients(b, n, 1, 8192)
		two += gradients(b, n, 2, 8192)
	}
	b.ReportMetric(one.Seconds()/two.Seconds(), "x-over-one")
	b.ReportMetric(0, "ns/op")
}

// Steps of SGD on batches of four on one core.
func BenchmarkTrainingSteps(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	tr, err := NewTrainer(n, Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	x := make([][]float32, 4)
	for i := range x {
		x[i] = make([]float32, n.Input.Size())
		testPoint(n, i, &Point{X: x[i]})
	}
	fwd, dx, dw := flops(n)
	p := peak()
	b.ResetTimer()
	for b.Loop() {
		if _, err := tr.Step(x, []int{1, 2, 3, 4}, SGD{LR: 0.001, Momentum: 0.9}); err != nil {
			b.Fatal(err)
		}
	}
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "steps/s")
	b.ReportMetric(100*rate*4*(fwd+dx+dw)/p, "%peak")
	b.ReportMetric(0, "ns/op")
}
