package metrics

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// slowSSIM goes window by window through the paper's formulas (Wang et al.
// 2004, equations 13 to 16), with central moments.
func slowSSIM(a, b []float64, width int, dataRange float64) float64 {
	var weight [11][11]float64
	total := 0.0
	for r := range 11 {
		for q := range 11 {
			weight[r][q] = math.Exp(-float64((r-5)*(r-5)+(q-5)*(q-5)) / (2 * 1.5 * 1.5))
			total += weight[r][q]
		}
	}
	c1, c2 := math.Pow(0.01*dataRange, 2), math.Pow(0.03*dataRange, 2)
	sum, count := 0.0, 0.0
	for top := 0; top+11 <= len(a)/width; top++ {
		for left := 0; left+11 <= width; left++ {
			mean := func(f func(x, y float64) float64) float64 {
				s := 0.0
				for r := range 11 {
					for q := range 11 {
						at := (top+r)*width + left + q
						s += weight[r][q] / total * f(a[at], b[at])
					}
				}
				return s
			}
			ma := mean(func(x, _ float64) float64 { return x })
			mb := mean(func(_, y float64) float64 { return y })
			va := mean(func(x, _ float64) float64 { return (x - ma) * (x - ma) })
			vb := mean(func(_, y float64) float64 { return (y - mb) * (y - mb) })
			ab := mean(func(x, y float64) float64 { return (x - ma) * (y - mb) })
			sum += (2*ma*mb + c1) * (2*ab + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			count++
		}
	}
	return sum / count
}

func TestSSIM(t *testing.T) {
	const c1 = 1e-4 // (0.01*1)^2
	flat := func(v float64) []float64 {
		x := make([]float64, 12*13)
		for i := range x {
			x[i] = v
		}
		return x
	}
	for _, c := range []struct {
		name  string
		a, b  []float64
		width int
		want  float64
		tol   float64
	}{
		{"constants of equal value", flat(0.3), flat(0.3), 13, 1, 0},
		{"constants", flat(1), flat(0.5), 13, (2*0.5 + c1) / (1 + 0.25 + c1), 1e-12},
		{"one row short of a window", flat(1)[:10*13], flat(1)[:10*13], 13, math.NaN(), 0},
		{"one column short of a window", flat(1)[:15*10], flat(1)[:15*10], 10, math.NaN(), 0},
	} {
		if got := SSIM(c.a, c.b, c.width, 1); !near(got, c.want, c.tol) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSSIMProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(11, 15).Draw(t, "height"), rapid.IntRange(11, 15).Draw(t, "width")
		image := rapid.SliceOfN(rapid.Float64Range(-1, 1), h*w, h*w)
		a, b := image.Draw(t, "a"), image.Draw(t, "b")
		dataRange := rapid.Float64Range(0.5, 3).Draw(t, "range")
		got := SSIM(a, b, w, dataRange)
		if want := slowSSIM(a, b, w, dataRange); !near(got, want, 1e-9) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if swapped := SSIM(b, a, w, dataRange); swapped != got {
			t.Fatalf("swapped %v, want %v", swapped, got)
		}
		if self := SSIM(a, a, w, dataRange); self != 1 {
			t.Fatalf("with itself %v, want exactly 1", self)
		}
		if got > 1 {
			t.Fatalf("%v is above 1", got)
		}
	})
}
