package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestNearest64SameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, l := range Levels()[1:] {
		for _, s := range [][2]int{{1, 1}, {1, 9}, {6, 4}, {7, 11}, {5, 30}} {
			high, ld := s[0], s[1]
			area := high * ld
			for chans := 1; chans < 5; chans++ {
				for _, k := range []int{0, 1, 5} {
					x, dist := doublesOf(r, chans*area+3), doublesOf(r, area+5)
					place, room := make([]float64, max(high, ld)+3), make([]float64, ld+3)
					for j := range place {
						place[j] = float64(j)
					}
					centre, window := doublesOf(r, (k+1)*(chans+2)), make([]int32, 4*k+4)
					for i := range k {
						w := window[4*i:]
						w[0], w[2] = int32(r.IntN(high)), int32(r.IntN(ld))
						w[1], w[3] = 1+int32(r.IntN(high-int(w[0]))), 1+int32(r.IntN(ld-int(w[2])))
						at := centre[i*(chans+2)+chans:]
						at[0], at[1] = float64(w[0])+r.Float64(), float64(w[2])+2*r.Float64()
						if i > 0 && r.IntN(3) == 0 { // ties
							copy(centre[i*(chans+2):][:chans+2], centre)
						}
					}
					label := make([]int64, area+5)
					for i := range dist {
						label[i] = -1
						dist[i] = 2 * float64(chans+2) * dist[i] * dist[i]
						if r.IntN(3) == 0 {
							dist[i] = math.Inf(1)
						}
					}
					want, wantDist := append([]int64{}, label...), append([]float64{}, dist...)
					For(l).Nearest64(k, chans, &x[0], area, ld, &centre[0], &window[0], &place[0], 1.5, &dist[1], &label[1], &room[0])
					portable.Nearest64(k, chans, &x[0], area, ld, &centre[0], &window[0], &place[0], 1.5, &wantDist[1], &want[1], &room[0])
					what := fmt.Sprintf("%v of %d by %d, %d channels, %d centres", l, high, ld, chans, k)
					equal64(t, what, dist, wantDist)
					if fmt.Sprint(label) != fmt.Sprint(want) {
						t.Fatalf("%s: labels %v, want %v", what, label, want)
					}
				}
			}
		}
	}
}

// By hand: a window of two pixels in a row of four, where the second centre takes
// the pixel that is as far from the first not.
func TestNearest64OfKnownValues(t *testing.T) {
	for _, l := range Levels() {
		x := []float64{9, 1, 3, 5, 0, 0, 0}
		centre := []float64{1, 0, 1, 5, 0, 3} // colour, row, column
		window := []int32{0, 1, 1, 2, 0, 1, 2, 2}
		place, room := []float64{0, 1, 2, 3, 4, 5, 6}, make([]float64, 4)
		dist, label := []float64{1e9, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9}, []int64{7, 7, 7, 7, 7, 7, 7}
		For(l).Nearest64(2, 1, &x[0], 4, 4, &centre[0], &window[0], &place[0], 0.5, &dist[0], &label[0], &room[0])
		if got := fmt.Sprint(dist[:5], label[:5]); got != "[1e+09 0 4.5 0 1e+09] [7 0 0 1 7]" {
			t.Errorf("%v: %v", l, got)
		}
	}
}

// curveOf is a curve whose table is of a line, which makes the formula easy to
// follow; its numbers are not those of any power.
func curveOf(r *rand.Rand, top float64) Curve {
	c := Curve{Knee: 0.05, Top: top, Slope: 0.3, Rise: 0.1, Offset: 0.02, Factor: 0.97, Term: [4]float64{1.1, -0.2, 0.3, 0.4}}
	for i := range c.At {
		m := math.Float64frombits(uint64(i+CurveLowest)<<46 | 1<<45)
		c.At[i] = Middle{1 / m, m + 0.01*r.Float64()}
	}
	return c
}

func TestLab64SameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	c := Colours{Scale: [3]float64{0.3, 0.25, 0.2}, Shift: [3]float64{0.5, 0.4, 0.45}, Lab: [4]float64{116, -16, 500, 200}, Grain: 1 << 30, One: 1}
	for i := range c.Matrix {
		c.Matrix[i] = 0.6 * r.Float64()
	}
	c.Gamma, c.Root = curveOf(r, 1), curveOf(r, math.Inf(1))
	for _, l := range Levels()[1:] {
		for n := 0; n < 40; n += 4 {
			plane := n + 3
			x := newBuffer(r, 2*plane+n, func(r *rand.Rand) float32 {
				if r.IntN(9) == 0 {
					return []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -1e30, 2, -2, -1.8}[r.IntN(7)]
				}
				return tame(r)
			})
			got := doublesOf(r, 2*plane+n+2)
			want := append([]float64{}, got...)
			For(l).Lab64(n, x.p(), plane, &c, &got[1])
			portable.Lab64(n, x.p(), plane, &c, &want[1])
			equal64(t, fmt.Sprintf("%v n=%d", l, n), got, want)
		}
	}
}
