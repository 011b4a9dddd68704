package model

import (
	"context"
	"testing"
	"time"
)

// Every backward rule beside the plain gradient, in turns: how much of its
// speed it has on the tutorial net, for one pass (the Rescale rules also carry
// the baseline, so a pass of theirs has one forward half more).
func BenchmarkRules(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m, err := New(n, Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	w := m.Worker()
	run := func(rule Rule) time.Duration {
		start := time.Now()
		err := w.Gradients(context.Background(), rule, 512, func(i int, p *Point) {
			if i < Lanes {
				testPoint(n, i, p)
			}
			p.Target.Minus, p.Target.Class = -1, i%10
		}, func(int, Result) {})
		if err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	for name, rule := range rules {
		if rule == Gradient {
			continue
		}
		b.Run(name, func(b *testing.B) {
			run(rule)
			run(Gradient)
			var this, plain time.Duration
			for b.Loop() {
				this += run(rule)
				plain += run(Gradient)
			}
			b.ReportMetric(100*plain.Seconds()/this.Seconds(), "%of-gradient")
			b.ReportMetric(512*float64(b.N)/this.Seconds(), "images/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
