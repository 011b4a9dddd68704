package kernel

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// peaks measures each level's multiply-adds once: the best of ten runs, in
// FLOP/s.
var peaks = func() map[Level]func() float64 {
	m := map[Level]func() float64{}
	for _, l := range Levels() {
		m[l] = sync.OnceValue(func() float64 {
			n, best := 1000, 0.0
			for run := 0; run < 10; {
				start := time.Now()
				flops := For(l).PeakFMA(n)
				took := time.Since(start)
				if took < 5*time.Millisecond {
					n *= 2
					continue
				}
				best = max(best, float64(flops)/took.Seconds())
				run++
			}
			return best
		})
	}
	return m
}()

// benchFLOPS reports GFLOP/s and the share of the level's peak; flops is per
// operation.
func benchFLOPS(b *testing.B, l Level, flops int, do func()) {
	peak := peaks[l]()
	for b.Loop() {
		do()
	}
	rate := float64(flops) * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/peak, "%peak")
}

func BenchmarkPeak(b *testing.B) {
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			flops := 0
			for b.Loop() {
				flops = For(l).PeakFMA(10000)
			}
			b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, l := range Levels() {
		for _, c := range []struct {
			m, n, k, channels, rowLen int
			bias                      bool
		}{
			// Gathered from rows of pixels: k taps over channels of 5x5 windows.
			{6, 448, 75, 3, 512, true},
			{6, 112, 75, 3, 128, true},
			{6, 160, 150, 6, 224, true},
			{3, 512, 120, 16, 896, false},
			{3, 512, 150, 16, 896, false},
			{6, 16, 400, 0, 16, true},
			{4, 128, 400, 0, 128, false},
			{1, 256, 100, 0, 256, true},
			{2, 256, 100, 0, 256, true},
			{5, 256, 100, 0, 256, true},
		} {
			b.Run(fmt.Sprintf("%v/m%dn%dk%d", l, c.m, c.n, c.k), func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 1))
				var off []int32
				lanes := c.n / 28
				for t := range c.k {
					if c.channels == 0 {
						off = append(off, int32(t*c.rowLen))
						continue
					}
					off = append(off, int32(t/25*c.rowLen*8+t/5%5*c.rowLen+t%5*(lanes&^3)))
				}
				x := make([]float32, int(off[c.k-1])+8*c.rowLen+c.n)
				for i := range x {
					x[i] = tame(r)
				}
				w, bias, out := newBuffer(r, c.m*c.k, tame), newBuffer(r, c.m, tame), newBuffer(r, c.m*c.n, tame)
				biasP := bias.p()
				if !c.bias {
					biasP = nil
				}
				s := For(l)
				benchFLOPS(b, l, 2*c.m*c.n*c.k, func() {
					s.Gemm(c.m, c.n, c.k, &off[0], &x[0], w.p(), biasP, out.p(), c.n)
				})
			})
		}
	}
}

func BenchmarkReduce(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		s := For(l)
		for _, c := range []struct{ m, t, rows, n, xRow int }{{16, 30, 10, 40, 56}, {6, 15, 28, 112, 128}} {
			dy, x := newBuffer(r, c.m*c.rows*c.n, tame), newBuffer(r, (c.rows+5)*c.xRow*6+64, tame)
			out := newBuffer(r, c.m*c.t, tame)
			var off []int32
			for q := range c.t {
				off = append(off, int32(q/5%5*c.xRow+q%5*4+q/25*c.xRow*c.rows))
			}
			b.Run(fmt.Sprintf("%v/wgrad-m%dt%drows%dn%d", l, c.m, c.t, c.rows, c.n), func(b *testing.B) {
				benchFLOPS(b, l, 2*c.m*c.t*c.rows*c.n, func() {
					s.WGrad(c.m, c.t, c.rows, c.n, dy.p(), c.n, c.rows*c.n, x.p(), c.xRow, &off[0], out.p(), c.t, false)
				})
			})
			b.Run(fmt.Sprintf("%v/sum-m%drows%dn%d", l, c.m, c.rows, c.n), func(b *testing.B) {
				benchFLOPS(b, l, c.m*c.rows*c.n, func() {
					s.SumRows(c.m, c.rows, c.n, dy.p(), c.n, c.rows*c.n, out.p(), false)
				})
			})
		}
	}
}

func BenchmarkOuter4(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		const o, k = 120, 400
		g, xt, out := newBuffer(r, 4*o, tame), newBuffer(r, 4*k, tame), newBuffer(r, o*k, tame)
		b.Run(fmt.Sprintf("%v/o%dk%d", l, o, k), func(b *testing.B) {
			benchFLOPS(b, l, 8*o*k, func() { For(l).Outer4(o, k, g.p(), xt.p(), k, out.p(), k, false) })
		})
	}
}

// BenchmarkMove times what is bound by memory: bytes read and written.
func BenchmarkMove(b *testing.B) {
	const n = 4096 // floats: 16 kB, so that the data stays in the first cache
	r := rand.New(rand.NewPCG(1, 1))
	x, y, z, out := newBuffer(r, n, tame), newBuffer(r, n, tame), newBuffer(r, n, tame), newBuffer(r, n, tame)
	w, v := newBuffer(r, n, tame), newBuffer(r, n, tame)
	acc := make([]float64, n)
	for _, l := range Levels() {
		s := For(l)
		for _, c := range []struct {
			name  string
			bytes int
			do    func()
		}{
			{"lanes16", 8 * n, func() { s.Lanes16(n/16, x.p(), n/16, out.p()) }},
			{"rows16", 8 * n, func() { s.Rows16(n/16, x.p(), out.p(), n/16) }},
			{"lanes4", 8 * n, func() { s.Lanes4(n/4, x.p(), n/4, out.p()) }},
			{"rows4", 8 * n, func() { s.Rows4(n/4, x.p(), out.p(), n/4) }},
			{"transpose64", 8 * n, func() { s.Transpose(64, 64, x.p(), 64, out.p(), 64) }},
			{"relu", 8 * n, func() { s.ReLU(n, x.p(), out.p()) }},
			{"relu_grad", 12 * n, func() { s.ReLUGrad(n, x.p(), y.p(), out.p()) }},
			{"relu_rescale", 16 * n, func() { s.ReLURescale(n, x.p(), y.p(), z.p(), out.p()) }},
			{"add", 12 * n, func() { s.Add(n, x.p(), y.p(), out.p()) }},
			{"mul", 12 * n, func() { s.Mul(n, x.p(), y.p(), out.p()) }},
			{"lerp", 12 * n, func() { s.Lerp(n, 0.3, x.p(), y.p(), out.p()) }},
			{"add_scaled", 12 * n, func() { s.AddScaled(n, 0.3, x.p(), y.p(), out.p()) }},
			{"acc64", 20 * n, func() { s.Acc64(n, 0.5, x.p(), &acc[0]) }},
			{"sq64", 20 * n, func() { s.Sq64(n, x.p(), &acc[0]) }},
			{"sgd", 20 * n, func() { s.SGD(n, w.p(), v.p(), x.p(), 0.001, 0.9, 0) }},
			{"not_finite", 4 * n, func() { s.NotFinite(n, x.p()) }},
		} {
			b.Run(fmt.Sprintf("%v/%s", l, c.name), func(b *testing.B) {
				b.SetBytes(int64(c.bytes))
				for b.Loop() {
					c.do()
				}
			})
		}
	}
}

// BenchmarkPool times a row of 14 windows of 2x2 pixels.
func BenchmarkPool(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		s := For(l)
		for _, lanes := range []int{4, 16} {
			c := newPoolCase(r, 14, lanes, 4, 0, tame)
			c.step, c.stepDx = 2*lanes, 2*lanes
			row := int32(28 * lanes)
			c.off = []int32{0, int32(lanes), row, row + int32(lanes)}
			c.offDx = c.off
			c.x, c.xr, c.dx = newBuffer(r, 56*lanes, tame), newBuffer(r, 56*lanes, tame), newBuffer(r, 56*lanes, tame)
			s.MaxPool(c.nOut, lanes, 4, &c.off[0], c.x.p(), c.step, 0, c.y.p())
			s.MaxPool(c.nOut, lanes, 4, &c.off[0], c.xr.p(), c.step, 0, c.yr.p())
			out := c.g.clone()
			b.Run(fmt.Sprintf("%v/max_pool%d", l, lanes), func(b *testing.B) {
				for b.Loop() {
					s.MaxPool(c.nOut, c.lanes, c.taps, &c.off[0], c.x.p(), c.step, 0, out.p())
				}
			})
			b.Run(fmt.Sprintf("%v/max_pool_grad%d", l, lanes), func(b *testing.B) {
				for b.Loop() {
					s.MaxPoolGrad(c.nOut, c.lanes, c.taps, &c.off[0], c.x.p(), c.step, 0, c.y.p(), c.g.p(), &c.offDx[0], c.dx.p(), c.stepDx)
				}
			})
			s.MaxPoolChange(c.nOut, lanes, 4, &c.off[0], c.x.p(), c.xr.p(), c.step, c.yr.p(), 0, c.y.p())
			b.Run(fmt.Sprintf("%v/max_pool_change_rescale%d", l, lanes), func(b *testing.B) {
				for b.Loop() {
					s.MaxPoolChangeRescale(c.nOut, c.lanes, c.taps, &c.off[0], c.x.p(), c.xr.p(), c.step, c.y.p(), c.yr.p(), c.g.p(), &c.offDx[0], c.dx.p(), c.stepDx)
				}
			})
		}
	}
}
