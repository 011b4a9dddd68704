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
// layers' definitions ask for: forward, input gradient, weight gradient.
func flops(n *Net) (fwd, dx, dw float64) {
	s := n.Input
	for i, l := range n.Layers {
		o := l.output(s)
		var f float64
		switch l.Kind {
		case "conv2d":
			f = 2 * float64(o.Size()) * float64(s.C*l.Kernel*l.Kernel)
		case "linear":
			f = 2 * float64(o.C) * float64(s.Size())
		}
		fwd += f
		dw += f
		if i > 0 {
			dx += f
		}
		s = o
	}
	return fwd, dx, dw
}

// firstLayer is what the first layer's input gradient costs: attribution needs
// it, training does not.
func firstLayer(n *Net) float64 {
	f, _, _ := flops(&Net{Input: n.Input, Layers: n.Layers[:1]})
	return f
}

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

// Input gradients of the tutorial net on one core.
func BenchmarkInputGradients(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	fwd, dx, _ := flops(n)
	per := fwd + dx + firstLayer(n)
	const block = 4096
	var total time.Duration
	p := peak()
	for b.Loop() {
		total += gradients(b, n, 1, block)
	}
	rate := block * float64(b.N) / total.Seconds()
	b.ReportMetric(rate, "images/s")
	b.ReportMetric(100*rate*per/p, "%peak")
	b.ReportMetric(p/1e9, "peak-GFLOP/s")
	b.ReportMetric(0, "ns/op")
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
