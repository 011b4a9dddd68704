package model

import (
	"math"
	"testing"

	"assay/model/rng"
)

// CIELAB of colours whose values are published with the standard.
func TestCIELAB(t *testing.T) {
	l := NewCIELAB([3]float32{0.5, 0.5, 0.5}, [3]float32{0.25, 0.25, 0.25})
	for _, r := range []struct {
		name string
		rgb  [3]float64
		want [3]float64
	}{
		{"white", [3]float64{1, 1, 1}, [3]float64{100, 0, 0}},
		{"beyond white", [3]float64{1.1, 3, 1e30}, [3]float64{100, 0, 0}},
		{"black", [3]float64{0, 0, 0}, [3]float64{0, 0, 0}},
		{"beyond black", [3]float64{-1, math.NaN(), math.Inf(-1)}, [3]float64{0, 0, 0}},
		{"red", [3]float64{1, 0, 0}, [3]float64{53.24, 80.09, 67.20}},
		{"green", [3]float64{0, 1, 0}, [3]float64{87.73, -86.18, 83.18}},
		{"blue", [3]float64{0, 0, 1}, [3]float64{32.30, 79.19, -107.86}},
		{"mid grey", [3]float64{0.5, 0.5, 0.5}, [3]float64{53.39, 0, 0}},
	} {
		for n := 1; n < 10; n++ {
			x, lab := make([]float32, 3*n), make([]float64, 3*n)
			for j := range x {
				x[j] = float32(4*r.rgb[j/n] - 2)
			}
			l.Write(x, lab)
			for j, got := range lab {
				if want := r.want[j/n]; !(math.Abs(got-want) <= 0.02) {
					t.Errorf("%s, %d pixels: channel %d is %v, want %v", r.name, n, j/n, got, want)
				}
			}
		}
	}
}

// A product is rounded before it is rounded to the grain, also where CPUs can do it
// and the sum behind it in one: this one is 2^-25, halfway from 0 to 2^-24, and a
// little more before its own rounding.
func TestRoundLabOfAProduct(t *testing.T) {
	for _, e := range []float64{0x1p-27} {
		x, y := 0x1p-25*(1+e), 1-e+2*e*e
		if got := RoundLab(x * y); got != 0 {
			t.Errorf("%v times %v: got %v, want 0", x, y, got)
		}
	}
}

// The formulas of the standards, with the powers of package math, up to the
// rounding to multiples of 2^-24.
func TestCIELABByTheBook(t *testing.T) {
	const n = 4099
	mean, std := [3]float32{0.49, 0.48, 0.44}, [3]float32{0.25, 0.24, 0.26}
	x, lab := make([]float32, 3*n), make([]float64, 3*n)
	rng.New(1, "colours").Normals(x)
	for j := range n / 4 { // dark ones
		x[j], x[n+j], x[2*n+j] = 0.1*x[j]-1.9, 0.1*x[n+j]-1.9, 0.1*x[2*n+j]-1.6
	}
	NewCIELAB(mean, std).Write(x, lab)
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	for j := range n {
		var v [3]float64
		for c := range v {
			u := min(max(float64(x[c*n+j])*float64(std[c])+float64(mean[c]), 0), 1)
			if v[c] = u / 12.92; u > 0.04045 {
				v[c] = math.Pow((u+0.055)/1.055, 2.4)
			}
		}
		fx := f((0.4124564*v[0] + 0.3575761*v[1] + 0.1804375*v[2]) / 0.95047)
		fy := f(0.2126729*v[0] + 0.7151522*v[1] + 0.0721750*v[2])
		fz := f((0.0193339*v[0] + 0.1191920*v[1] + 0.9503041*v[2]) / 1.08883)
		for c, want := range []float64{116*fy - 16, 500 * (fx - fy), 200 * (fy - fz)} {
			got := lab[c*n+j]
			if math.Abs(got-want) > 0x1p-25+1e-9 {
				t.Fatalf("pixel %d, channel %d: %v, want %v", j, c, got, want)
			}
			if got != RoundLab(got) {
				t.Fatalf("pixel %d, channel %d: %v is no multiple of 2^-24", j, c, got)
			}
		}
	}
}
