package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestWGradIsACorrelation(t *testing.T) {
	const m, taps, rows, n, span = 3, 7, 4, 12, 20
	r := rand.New(rand.NewPCG(1, 1))
	whole := func(r *rand.Rand) float32 { return float32(r.IntN(9) - 4) }
	dy, x := newBuffer(r, m*rows*n, whole), newBuffer(r, rows*span+span, whole)
	off := offsets(r, taps, span-n)
	for _, l := range Levels() {
		out := newBuffer(r, m*taps, whole)
		old := out.clone()
		for _, add := range []bool{true, false} {
			For(l).WGrad(m, taps, rows, n, dy.p(), n, rows*n, x.p(), span, &off[0], out.p(), taps, add)
			for i := range m {
				for q := range taps {
					var want float32
					if add {
						want = *old.at(i*taps + q)
					}
					for k := range rows {
						for j := range n {
							want += *dy.at((i*rows+k)*n + j) * *x.at(int(off[q]) + k*span + j)
						}
					}
					if got := *out.at(i*taps + q); got != want {
						t.Fatalf("%v add=%v: out[%d][%d] = %v, want %v", l, add, i, q, got, want)
					}
				}
			}
		}
	}
}

func TestSumRowsSums(t *testing.T) {
	dy := []float32{1, 2, 3, 4, 9, 10, 20, 30, 40, 9, 100, 200, 300, 400, 9, 1000, 2000, 3000, 4000, 9}
	for _, l := range Levels() {
		out := []float32{5, 5}
		For(l).SumRows(2, 2, 4, &dy[0], 5, 10, &out[0], true)
		if out[0] != 115 || out[1] != 11005 {
			t.Errorf("%v: got %v, want [115 11005]", l, out)
		}
	}
}

func TestReductionsSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, n := range lengths {
			for _, rows := range []int{0, 1, 3} {
				for m := range 6 {
					for _, taps := range []int{0, 1, 2, 3, 4, 5, 6, 9, 13} {
						const span = 30
						dyRow, xRow, outChan := n+r.IntN(3), n+r.IntN(3), taps+r.IntN(3)
						dyChan := rows*dyRow + r.IntN(3)
						dy, x := newBuffer(r, m*dyChan+n, pick), newBuffer(r, rows*xRow+n+span, pick)
						off, want, add := offsets(r, taps, span), newBuffer(r, m*outChan, pick), r.IntN(2) == 0
						got := want.clone()
						s.WGrad(m, taps, rows, n, dy.p(), dyRow, dyChan, x.p(), xRow, &off[0], got.p(), outChan, add)
						wgradGo(m, taps, rows, n, dy.p(), dyRow, dyChan, x.p(), xRow, &off[0], want.p(), outChan, add)
						compareBuffers(t, fmt.Sprintf("WGrad m=%d taps=%d rows=%d n=%d add=%v", m, taps, rows, n, add), got, want)
						if taps > 0 {
							continue
						}
						sums := newBuffer(r, m, pick)
						got = sums.clone()
						s.SumRows(m, rows, n, dy.p(), dyRow, dyChan, got.p(), add)
						sumRowsGo(m, rows, n, dy.p(), dyRow, dyChan, sums.p(), add)
						compareBuffers(t, fmt.Sprintf("SumRows m=%d rows=%d n=%d add=%v", m, rows, n, add), got, sums)
					}
				}
			}
		}
	})
}
