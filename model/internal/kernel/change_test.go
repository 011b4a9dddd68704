package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestChangeKernelsSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, n := range lengths {
			d, at, g, want := newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, n, pick)
			for j := range d.row() {
				switch r.IntN(4) {
				case 0:
					*d.at(j) = 0
				case 1:
					*d.at(j) = -*at.at(j)
				}
			}
			got := want.clone()
			s.ReLUChange(n, d.p(), at.p(), got.p())
			portable.ReLUChange(n, d.p(), at.p(), want.p())
			compareBuffers(t, fmt.Sprintf("ReLUChange n=%d", n), got, want)
			s.ReLUChangeRescale(n, d.p(), at.p(), g.p(), got.p())
			portable.ReLUChangeRescale(n, d.p(), at.p(), g.p(), want.p())
			compareBuffers(t, fmt.Sprintf("ReLUChangeRescale n=%d", n), got, want)
			s.ReLUChangeRescale(n, d.p(), at.p(), g.p(), g.p())
			for j, v := range want.row() {
				if !same(*g.at(j), v) {
					t.Fatalf("ReLUChangeRescale n=%d in place: [%d] = %v, want %v", n, j, *g.at(j), v)
				}
			}
		}
		for _, lanes := range []int{4, 16} {
			for _, taps := range []int{0, 1, 2, 4, 9} {
				for k := range 18 {
					nOut, floor := k/2, []float32{0, minusInf}[k%2]
					c := newPoolCase(r, nOut, lanes, taps, floor, pick)
					what := fmt.Sprintf("lanes=%d taps=%d nOut=%d floor=%v", lanes, taps, nOut, floor)
					got, want := c.y.clone(), c.y.clone()
					s.MaxPoolChange(nOut, lanes, taps, &c.off[0], c.x.p(), c.xr.p(), c.step, c.yr.p(), floor, got.p())
					portable.MaxPoolChange(nOut, lanes, taps, &c.off[0], c.x.p(), c.xr.p(), c.step, c.yr.p(), floor, want.p())
					compareBuffers(t, "MaxPoolChange "+what, got, want)
					back, wantBack := c.dx.clone(), c.dx.clone()
					s.MaxPoolChangeRescale(nOut, lanes, taps, &c.off[0], c.x.p(), c.xr.p(), c.step, want.p(), c.yr.p(), c.g.p(), &c.offDx[0], back.p(), c.stepDx)
					portable.MaxPoolChangeRescale(nOut, lanes, taps, &c.off[0], c.x.p(), c.xr.p(), c.step, want.p(), c.yr.p(), c.g.p(), &c.offDx[0], wantBack.p(), c.stepDx)
					compareBuffers(t, "MaxPoolChangeRescale "+what, back, wantBack)
				}
			}
		}
	})
}

func TestReLUChangeOfKnownValues(t *testing.T) {
	nan, minus0 := float32(math.NaN()), float32(math.Copysign(0, -1))
	r := []float32{1e6, 1, 1, -2, -2, 0, minus0, nan}
	d := []float32{1e-6, 2, -3, 1, 3, 5, -5, 1}
	g := []float32{8, 8, 9, 8, 9, 8, 8, 8}
	want := []float32{1e-6, 2, -1, 0, 1, 5, 0, 1}
	back := []float32{8, 8, 3, 0, 3, 8, minus0, 8}
	still := []float32{8, 8, 9, 0, 0, 0, 0, 0}
	for _, l := range Levels() {
		out := make([]float32, 8)
		For(l).ReLUChange(8, &d[0], &r[0], &out[0])
		if fmt.Sprint(out) != fmt.Sprint(want) {
			t.Errorf("%v: change %v, want %v", l, out, want)
		}
		For(l).ReLUChangeRescale(8, &d[0], &r[0], &g[0], &out[0])
		if fmt.Sprint(out) != fmt.Sprint(back) {
			t.Errorf("%v: multipliers %v, want %v", l, out, back)
		}
		zero := make([]float32, 8)
		For(l).ReLUChangeRescale(8, &zero[0], &r[0], &g[0], &out[0])
		if fmt.Sprint(out) != fmt.Sprint(still) {
			t.Errorf("%v: without a change %v, want %v", l, out, still)
		}
	}
}

// A change that is far below the rounding of the values comes out whole, and
// what the rule hands to the inputs, times their changes, is what came in times
// the pool's, to a few roundings of the terms themselves.
func TestMaxPoolChangeIsComplete(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, size := range []float32{1e-7, 1e-3, 1, 100} {
		for k, l := range append(Levels(), Levels()...) {
			floor := minusInf
			if k >= len(Levels()) {
				floor = 0
			}
			c := newPoolCase(r, 50, 16, 4, minusInf, tame)
			c.step, c.stepDx = 4*c.lanes, 4*c.lanes
			c.off = []int32{0, 16, 32, 48}
			c.xr = newBuffer(r, 50*64, tame)
			c.x = newBuffer(r, 50*64, func(r *rand.Rand) float32 { return size * tame(r) })
			c.dx = newBuffer(r, 50*64, func(*rand.Rand) float32 { return 0 })
			s := For(l)
			s.MaxPool(c.nOut, 16, 4, &c.off[0], c.xr.p(), c.step, floor, c.yr.p())
			s.MaxPoolChange(c.nOut, 16, 4, &c.off[0], c.x.p(), c.xr.p(), c.step, c.yr.p(), floor, c.y.p())
			s.MaxPoolChangeRescale(c.nOut, 16, 4, &c.off[0], c.x.p(), c.xr.p(), c.step, c.y.p(), c.yr.p(), c.g.p(), &c.off[0], c.dx.p(), c.stepDx)
			for p := range c.nOut {
				for lane := range 16 {
					var got, most float64
					top, end := float64(floor), float64(floor)
					for _, o := range c.off {
						i := int(o) + p*c.step + lane
						got += float64(*c.dx.at(i)) * float64(*c.x.at(i))
						top = max(top, float64(*c.xr.at(i)))
						end = max(end, float64(*c.xr.at(i))+float64(*c.x.at(i)))
						most = max(most, math.Abs(float64(*c.x.at(i))))
					}
					i := p*16 + lane
					y, g := float64(*c.y.at(i)), float64(*c.g.at(i))
					if math.Abs(y-(end-top)) > 2e-7*most {
						t.Fatalf("%v size %v: window %d lane %d changes by %v, want %v", l, size, p, lane, y, end-top)
					}
					if math.Abs(got-g*y) > 3e-7*math.Abs(g*y) {
						t.Fatalf("%v size %v: window %d lane %d: contributions %v, want %v", l, size, p, lane, got, g*y)
					}
				}
			}
		}
	}
}
