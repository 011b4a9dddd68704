package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// rowKernels are the kernels over one row, called with up to three inputs and
// an output that may be one of them.
var rowKernels = map[string]func(s *Set, n int, a, b, c, out *float32){
	"ReLU":        func(s *Set, n int, a, _, _, out *float32) { s.ReLU(n, a, out) },
	"ReLUGrad":    func(s *Set, n int, a, b, _, out *float32) { s.ReLUGrad(n, a, b, out) },
	"ReLURescale": func(s *Set, n int, a, b, c, out *float32) { s.ReLURescale(n, a, b, c, out) },
	"Divide":      func(s *Set, n int, a, b, _, out *float32) { s.Divide(n, a, b, out, 3, 1e-6) },
	"Divide 0":    func(s *Set, n int, a, b, _, out *float32) { s.Divide(n, a, b, out, -1, 0) },
	"Add":         func(s *Set, n int, a, b, _, out *float32) { s.Add(n, a, b, out) },
	"Mul":         func(s *Set, n int, a, b, _, out *float32) { s.Mul(n, a, b, out) },
	"Lerp":        func(s *Set, n int, a, b, _, out *float32) { s.Lerp(n, 0.3, a, b, out) },
	"AddScaled":   func(s *Set, n int, a, b, _, out *float32) { s.AddScaled(n, 0.3, a, b, out) },
}

func TestRowKernelsSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for name, do := range rowKernels {
			for _, n := range lengths {
				a, b, c, want := newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, n, pick)
				for j := range b.row() {
					if r.IntN(4) == 0 {
						*b.at(j) = *a.at(j) + float32(r.IntN(3)-1)*1e-10
					}
				}
				got := want.clone()
				do(s, n, a.p(), b.p(), c.p(), got.p())
				do(&portable, n, a.p(), b.p(), c.p(), want.p())
				compareBuffers(t, fmt.Sprintf("%s n=%d", name, n), got, want)
				for i, in := range []*buffer{a, b, c} {
					arg := []*buffer{a, b, c}
					arg[i] = in.clone()
					do(s, n, arg[0].p(), arg[1].p(), arg[2].p(), arg[i].p())
					for j, v := range want.row() {
						if !same(*arg[i].at(j), v) {
							t.Fatalf("%s n=%d in place of input %d: [%d] = %v, want %v", name, n, i, j, *arg[i].at(j), v)
						}
					}
				}
			}
		}
	})
}

func TestReLUOfSpecialValues(t *testing.T) {
	nan, inf, minus0 := float32(math.NaN()), float32(math.Inf(1)), float32(math.Copysign(0, -1))
	x := []float32{minus0, 0, nan, -1, 2, inf, -inf, 1e-45}
	g := []float32{1, 2, 3, 4, 5, 6, 7, nan}
	for _, l := range Levels() {
		out := make([]float32, 8)
		For(l).ReLU(8, &x[0], &out[0])
		for i, want := range []float32{0, 0, 0, 0, 2, inf, 0, 1e-45} {
			if !same(out[i], want) {
				t.Errorf("%v: ReLU(%v) = %v, want %v", l, x[i], out[i], want)
			}
		}
		For(l).ReLUGrad(8, &x[0], &g[0], &out[0])
		for i, want := range []float32{0, 0, 0, 0, 5, 6, 0, nan} {
			if !same(out[i], want) {
				t.Errorf("%v: ReLUGrad at %v = %v, want %v", l, x[i], out[i], want)
			}
		}
	}
}

func TestReLURescaleOfKnownValues(t *testing.T) {
	x := []float32{2, -1, 1, 3, 1e-10, 0, 5e-11, 4}
	xr := []float32{-2, -3, 1, 1, 0, 0, -4e-11, -4}
	g := []float32{8, 8, 8, 8, 8, 8, 8, 1}
	want := []float32{4, 0, 8, 8, 8, 0, 8, 0.5}
	for _, l := range Levels() {
		out := make([]float32, 8)
		For(l).ReLURescale(8, &x[0], &xr[0], &g[0], &out[0])
		if fmt.Sprint(out) != fmt.Sprint(want) {
			t.Errorf("%v: got %v, want %v", l, out, want)
		}
	}
}

func TestDivideOfKnownValues(t *testing.T) {
	minus0 := float32(math.Copysign(0, -1))
	z := []float32{2, -2, 0, minus0, 0.5, -0.5, 4, -4}
	g := []float32{1, 1, 1, 1, 0, 3, -1, -1}
	for _, l := range Levels() {
		out := make([]float32, 8)
		For(l).Divide(8, &z[0], &g[0], &out[0], 2, 0.5)
		if got, want := fmt.Sprint(out), fmt.Sprint([]float32{0.8, -0.8, 4, 4, 0, -6, -2 / 4.5, 2 / 4.5}); got != want {
			t.Errorf("%v: got %v, want %v", l, got, want)
		}
		For(l).Divide(8, &z[0], &g[0], &out[0], 1, 0)
		if got, want := fmt.Sprint(out), fmt.Sprint([]float32{0.5, -0.5, 0, 0, 0, -6, -0.25, 0.25}); got != want {
			t.Errorf("%v without eps: got %v, want %v", l, got, want)
		}
	}
}

func TestAccumulatorsSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels()[1:] {
		for _, n := range lengths {
			g := newBuffer(r, n, wild)
			got, want := make([]float64, n+2), make([]float64, n+2)
			for i := range got {
				got[i] = r.NormFloat64()
				want[i] = got[i]
			}
			For(l).Acc64(n, 1.0/3, g.p(), &got[1])
			acc64Go(n, 1.0/3, g.p(), &want[1])
			For(l).Sq64(n, g.p(), &got[1])
			sq64Go(n, g.p(), &want[1])
			for i := range want {
				if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
					t.Fatalf("%v n=%d: acc[%d] = %v, want %v", l, n, i-1, got[i], want[i])
				}
			}
		}
	}
}

func TestAccumulatorsOfKnownValues(t *testing.T) {
	g := []float32{1, 2, 3, -4}
	for _, l := range Levels() {
		acc := []float64{10, 10, 10, 10}
		For(l).Acc64(4, 0.5, &g[0], &acc[0])
		For(l).Sq64(4, &g[0], &acc[0])
		if want := []float64{11.5, 15, 20.5, 24}; fmt.Sprint(acc) != fmt.Sprint(want) {
			t.Errorf("%v: got %v, want %v", l, acc, want)
		}
	}
}

func TestSGDStep(t *testing.T) {
	for _, l := range Levels() {
		w, v, g := []float32{8, 8, 8, 8}, []float32{4, 4, 4, 4}, []float32{1, 2, 3, 4}
		For(l).SGD(4, &w[0], &v[0], &g[0], 0.5, 0.25, 0.125)
		// d = g + 8/8, v = 4/4 + d, w = 8 - v/2
		if fmt.Sprint(v, w) != "[3 4 5 6] [6.5 6 5.5 5]" {
			t.Errorf("%v: got v %v w %v, want v [3 4 5 6] w [6.5 6 5.5 5]", l, v, w)
		}
	}
}

func TestSGDSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, n := range lengths {
			w, v, g := newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, n, pick)
			gotW, gotV := w.clone(), v.clone()
			s.SGD(n, gotW.p(), gotV.p(), g.p(), 0.01, 0.9, 0.0005)
			sgdGo(n, w.p(), v.p(), g.p(), 0.01, 0.9, 0.0005)
			compareBuffers(t, fmt.Sprintf("v n=%d", n), gotV, v)
			compareBuffers(t, fmt.Sprintf("w n=%d", n), gotW, w)
		}
	})
}

func TestNotFiniteFindsEveryPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		for _, n := range lengths {
			x := newBuffer(r, n, wild) // its guards are NaN
			if For(l).NotFinite(n, x.p()) {
				t.Fatalf("%v n=%d: found one among finite values", l, n)
			}
			for i := range n {
				for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					y := x.clone()
					*y.at(i) = float32(bad)
					if !For(l).NotFinite(n, y.p()) {
						t.Fatalf("%v n=%d: missed %v at %d", l, n, bad, i)
					}
				}
			}
		}
	}
}
