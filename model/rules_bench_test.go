package model

import (
	"context"
	"testing"
)

// Every backward rule beside the plain gradient, in turns: its share of the
// gradient's speed on the tutorial net. DeepLift's rules compare with a baseline:
// one that stays the same is carried forward once; a new one for every block
// (changing) is a forward half more for every block, so that two thirds of the
// gradient's speed are what the arithmetic allows.
func BenchmarkRules(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m, err := New(n, Init(n, 1))
	if err != nil {
		b.Fatal(err)
	}
	w := m.Worker()
	const points = 512
	run := func(rule Rule, changing bool) func() error {
		return func() error {
			return w.Gradients(context.Background(), rule, points, func(i int, p *Point) {
				if i < Lanes {
					testPoint(n, i, p)
				} else if changing {
					p.Baseline[i%Lanes] = float32(i) / points
				}
				p.Target.Minus, p.Target.Class = -1, i%10
			}, func(int, Result) {})
		}
	}
	for name, rule := range rules {
		if rule == Gradient {
			continue
		}
		for _, changing := range []bool{false, true} {
			if changing {
				if !rule.baselined() {
					continue
				}
				name += "/changing"
			}
			b.Run(name, func(b *testing.B) {
				this, plain := inTurns(b, run(rule, changing), run(Gradient, false))
				b.ReportMetric(100*plain.Seconds()/this.Seconds(), "%of-gradient")
				b.ReportMetric(points/this.Seconds(), "images/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
