package model

import (
	"context"
	"testing"
	"time"
)

// lrpBenchmarks are rules on all layers alone, and the presets of package attr:
// rules of the convolutions, of the linear layers, and of the first layer.
var lrpBenchmarks = []struct {
	name                string
	conv, linear, first string // of lrpTestRules
}{
	{"epsilon", "epsilon", "epsilon", "epsilon"},
	{"z_plus", "z_plus", "z_plus", "z_plus"},
	{"alpha2_beta1", "alpha2 beta1", "alpha2 beta1", "alpha2 beta1"},
	{"gamma", "gamma", "gamma", "gamma"},
	{"z_box", "z_box", "z_box", "z_box"},
	{"w_square", "w_square", "w_square", "w_square"},
	{"flat", "flat", "flat", "flat"},
	{"preset/epsilon_plus", "z_plus", "epsilon", "z_plus"},
	{"preset/epsilon_alpha2_beta1", "alpha2 beta1", "epsilon", "alpha2 beta1"},
	{"preset/epsilon_gamma_box", "gamma", "epsilon", "z_box"},
	{"preset/epsilon_plus_flat", "z_plus", "epsilon", "flat"},
	{"preset/epsilon_alpha2_beta1_flat", "alpha2 beta1", "epsilon", "flat"},
	{"preset/deep_taylor", "z_plus", "z_plus", "z_box"},
	{"preset/excitation_backprop", "z_plus", "z_plus", "z_plus"},
}

// lrpPasses counts what a rule asks for by its definition on a layer whose forward
// pass is done: passes through the layer, forward and back, for every term that
// depends on the image. Where only outputs above 0 have relevance, the group of
// those below counts for nothing.
func lrpPasses(r LRPRule, positive, dead bool) (n float64) {
	for _, g := range r.groups(positive) {
		if dead && g.sign < 0 {
			continue
		}
		for _, t := range g.terms {
			n++ // back
			if t != (lrpTerm{"x", "w", "w"}) && t.input != "1" && t.input != "low" && t.input != "high" {
				n++
			}
		}
	}
	return n
}

// Relevance propagation through the tutorial network beside the plain gradient,
// in turns: its share of the gradient's speed, and the share that it would have
// if all multiply-adds of its definition were done, at the gradient's rate (above
// it, some were spared; below it, the rest is memory and divisions).
func BenchmarkRelevance(b *testing.B) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m, err := New(n, Init(n, 7))
	if err != nil {
		b.Fatal(err)
	}
	const points = 256
	fill := func(i int, p *Point) {
		if i < Lanes {
			testPoint(n, i, p)
		}
		p.Target = Target{i % 10, -1}
	}
	w, ctx := m.Worker(), context.Background()
	gradient := func() error { return w.Gradients(ctx, Gradient, points, fill, func(int, Result) {}) }
	for _, c := range lrpBenchmarks {
		l := &LRP{Norm: 0.02}
		var plain, asked float64 // multiply-adds
		shapes, first := append([]Shape{n.Input}, n.Shapes()...), true
		for i, layer := range n.Layers {
			kind := c.conv
			if layer.Kind == "linear" {
				kind = c.linear
			}
			macs := layerFlops(layer, shapes[i]) / 2
			if first {
				kind = c.first
			}
			r := lrpTestRules[kind]
			l.Rules = append(l.Rules, r)
			plain += 2 * macs
			asked += macs * (1 + lrpPasses(r, !first, i < len(n.Layers)-1))
			first = first && macs == 0
		}
		relevance := func() error { return w.Relevance(ctx, l, points, fill, func(int, Relevance) {}) }
		b.Run(c.name, func(b *testing.B) {
			this, other := inTurns(b, relevance, gradient)
			b.ReportMetric(100*other.Seconds()/this.Seconds(), "%of-gradient")
			b.ReportMetric(100*plain/asked, "%by-definition")
			b.ReportMetric(points/this.Seconds(), "images/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// inTurns times two things, one after the other and again, and returns the
// shortest time of each: what else the machine does only ever adds.
func inTurns(b *testing.B, f, g func() error) (first, second time.Duration) {
	timed := func(f func() error) time.Duration {
		start := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	first, second = timed(f), timed(g)
	for b.Loop() {
		first, second = min(first, timed(f)), min(second, timed(g))
	}
	return first, second
}
