package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestPerturbingSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, n := range append([]int{1, 2, 3, 5, 7}, lengths...) {
			features := 1 + r.IntN(9)
			of, present := make([]int32, n+1), make([]uint32, features)
			for j := range of {
				of[j] = int32(r.IntN(features))
			}
			for f := range present {
				present[f] = r.Uint32()
			}
			x, b, share := newBuffer(r, n, pick), newBuffer(r, n, pick), newBuffer(r, 16*features, pick)
			for _, keep := range []int{0, 1, 1<<7 - 1, 1<<8 - 1, 1<<15 - 1} {
				want := newBuffer(r, 16*n, pick)
				got := want.clone()
				s.Select16(n, &of[0], &present[0], x.p(), b.p(), got.p(), keep)
				portable.Select16(n, &of[0], &present[0], x.p(), b.p(), want.p(), keep)
				compareBuffers(t, fmt.Sprintf("Select16 n=%d keep=%#x", n, keep), got, want)
				want = newBuffer(r, 16*n, pick)
				got = want.clone()
				s.Fade16(n, &of[0], share.p(), x.p(), b.p(), got.p(), keep)
				portable.Fade16(n, &of[0], share.p(), x.p(), b.p(), want.p(), keep)
				compareBuffers(t, fmt.Sprintf("Fade16 n=%d keep=%#x", n, keep), got, want)
			}
		}
		for _, n := range lengths {
			for _, rows := range []int{0, 1, 3} {
				x, share, want := newBuffer(r, n+20, pick), newBuffer(r, rows, pick), newBuffer(r, rows*n, pick)
				lo, hi := offsets(r, rows, 21), offsets(r, rows, 21)
				got := want.clone()
				s.Mix(rows, n, share.p(), &lo[0], &hi[0], x.p(), got.p())
				portable.Mix(rows, n, share.p(), &lo[0], &hi[0], x.p(), want.p())
				compareBuffers(t, fmt.Sprintf("Mix rows=%d n=%d", rows, n), got, want)
			}
		}
	})
}

func TestSelect16KeepsLanes(t *testing.T) {
	of, present := []int32{1, 0, 1}, []uint32{0b1010_1010_1010_1010, 0b0000_1111_0000_1111}
	x, b := []float32{1, 2, 3}, []float32{-1, -2, -3}
	for _, l := range Levels() {
		for first := range 16 {
			out := make([]float32, 48)
			For(l).Select16(3, &of[0], &present[0], &x[0], &b[0], &out[0], 1<<first-1)
			for i, got := range out {
				j, lane := i/16, i%16
				want := b[j]
				if present[of[j]]>>lane&1 == 1 {
					want = x[j]
				}
				if lane < first {
					want = 0
				}
				if got != want {
					t.Errorf("%v from lane %d: value %d of lane %d is %v, want %v", l, first, j, lane, got, want)
				}
			}
		}
	}
}

func doublesOf(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// equal64 demands the same bits.
func equal64(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			t.Fatalf("%s: [%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// The slices have a word on both sides that must stay.
func TestDoubleSumsSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels()[1:] {
		s := For(l)
		for _, n := range lengths {
			for _, rows := range []int{0, 1, 2, 7, 16} {
				what := fmt.Sprintf("%v n=%d rows=%d", l, n, rows)
				ld := n + 3
				x := newBuffer(r, max(rows, 1)*ld, tame)
				w, sum, sq := doublesOf(r, rows+1), doublesOf(r, n+2), doublesOf(r, n+2)
				wantSum, wantSq := append([]float64{}, sum...), append([]float64{}, sq...)
				s.Moments64(n, rows, &w[0], x.p(), ld, &sum[1], &sq[1])
				portable.Moments64(n, rows, &w[0], x.p(), ld, &wantSum[1], &wantSq[1])
				equal64(t, what+": Moments64 sum", sum, wantSum)
				equal64(t, what+": Moments64 squares", sq, wantSq)

				for _, f := range []struct {
					name      string
					got, want func(n int, g *float32, acc *float64)
				}{{"Cube64", s.Cube64, portable.Cube64}, {"Fourth64", s.Fourth64, portable.Fourth64}} {
					got := doublesOf(r, n+2)
					want := append([]float64{}, got...)
					f.got(n, x.p(), &got[1])
					f.want(n, x.p(), &want[1])
					equal64(t, what+": "+f.name, got, want)
				}
				if n > 0 {
					sq[n/2] = math.NaN()
				}
				mean, stderr := newBuffer(r, n, tame), newBuffer(r, n, tame)
				wantMean, wantErr := mean.clone(), stderr.clone()
				s.MeanError64(n, float64(rows+2), &sum[1], &sq[1], mean.p(), stderr.p())
				portable.MeanError64(n, float64(rows+2), &sum[1], &sq[1], wantMean.p(), wantErr.p())
				compareBuffers(t, what+": MeanError64 mean", mean, wantMean)
				compareBuffers(t, what+": MeanError64 error", stderr, wantErr)

				m, at := doublesOf(r, 9*ld+1), make([]int32, rows+1)
				for i := range at {
					at[i] = int32(r.IntN(9))
				}
				got := doublesOf(r, n+2)
				want := append([]float64{}, got...)
				s.SumRows64(n, rows, &at[0], &m[0], ld, &got[1])
				portable.SumRows64(n, rows, &at[0], &m[0], ld, &want[1])
				equal64(t, what+": SumRows64", got, want)
			}
		}
	}
}

// By hand.
func TestPerturbingOfKnownValues(t *testing.T) {
	for _, l := range Levels() {
		s := For(l)
		x, w := []float32{1, 2, 3, 4, 5, 6, 7, 8}, []float64{2, -1}
		sum, sq := make([]float64, 4), []float64{1, 1, 1, 1}
		s.Moments64(4, 2, &w[0], &x[0], 4, &sum[0], &sq[0])
		if got := fmt.Sprint(sum, sq); got != "[-3 -2 -1 0] [30 53 86 129]" { // 2a-b; 1+4a^2+b^2
			t.Errorf("%v: Moments64 gives %v", l, got)
		}
		m, at := []float64{1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400}, []int32{2, 0}
		s.SumRows64(4, 2, &at[0], &m[0], 4, &sum[0])
		if got := fmt.Sprint(sum); got != "[98 200 302 404]" {
			t.Errorf("%v: SumRows64 gives %v", l, got)
		}
		cubes, fourths := []float64{1, 1, 1, 1}, []float64{1, 1, 1, 1}
		s.Cube64(4, &x[0], &cubes[0])
		s.Fourth64(4, &x[0], &fourths[0])
		if got := fmt.Sprint(cubes, fourths); got != "[2 9 28 65] [2 17 82 257]" {
			t.Errorf("%v: Cube64 and Fourth64 give %v", l, got)
		}
		mean, stderr := make([]float32, 4), make([]float32, 4)
		s.MeanError64(4, 2, &[]float64{4, 4, 6, 0}[0], &[]float64{10, 8, 20, 2}[0], &mean[0], &stderr[0]) // of 1 3, 2 2, 2 4, -1 1
		if got := fmt.Sprint(mean, stderr); got != "[2 2 3 0] [1 0 1 1]" {
			t.Errorf("%v: MeanError64 gives %v", l, got)
		}
		mixed, share2, lo, hi := make([]float32, 4), []float32{0.25}, []int32{0}, []int32{4}
		s.Mix(1, 4, &share2[0], &lo[0], &hi[0], &x[0], &mixed[0])
		if got := fmt.Sprint(mixed); got != "[2 3 4 5]" {
			t.Errorf("%v: Mix gives %v", l, got)
		}
		out, d, b, of := make([]float32, 16), []float32{2}, []float32{1}, []int32{0}
		share := make([]float32, 16)
		share[3] = 0.5
		s.Fade16(1, &of[0], &share[0], &d[0], &b[0], &out[0], 0)
		if out[3] != 2 || out[2] != 1 {
			t.Errorf("%v: Fade16 gives %v", l, out)
		}
	}
}
