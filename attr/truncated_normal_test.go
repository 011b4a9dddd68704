package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

// Draws of every kind of interval have the distribution's function: the largest
// distance between theirs and the integral of the density is that of chance
// (Kolmogorov's test, 1.95/sqrt(n) at one in a thousand).
func TestTruncatedNormal(t *testing.T) {
	const n = 4000
	for _, r := range []struct{ lo, hi float64 }{
		{-2, 2},
		{-0.001, 0.002},
		{-1e-6, 1e6},
		{0, 0.5},
		{0, 9},
		{-8, 0},
		{0.5, 1},
		{0.5, 7},
		{0.99, 40},
		{1, 1.01},
		{1.5, 90},
		{6, 8},
		{-90, -1.5},
		{-1, -0.5},
		{40, 41},
		{-1e4, -900},
	} {
		s := rng.New(4, "truncated normal")
		v := make([]float64, n)
		for i := range v {
			v[i] = truncatedNormal(s, r.lo, r.hi)
			if !(v[i] >= r.lo && v[i] <= r.hi) {
				t.Fatalf("%v to %v: drew %v", r.lo, r.hi, v[i])
			}
		}
		slices.Sort(v)
		// The density, by the trapezoid over what matters of the interval, relative
		// to its largest value so that nothing underflows.
		lo, hi := max(r.lo, v[0]-1e-3*(v[n-1]-v[0])), min(r.hi, v[n-1]+1e-3*(v[n-1]-v[0]))
		mode := min(max(0, r.lo), r.hi)
		density := func(x float64) float64 { return math.Exp(-(x - mode) * (x + mode) / 2) }
		const steps = 200000
		total, at, worst := 0.0, 0, 0.0
		below := make([]float64, n)
		h := (hi - lo) / steps
		for k := range steps {
			x := lo + float64(k)*h
			for ; at < n && v[at] <= x; at++ {
				below[at] = total
			}
			total += h * (density(x) + density(x+h)) / 2
		}
		for ; at < n; at++ {
			below[at] = total
		}
		for i, b := range below {
			worst = max(worst, math.Abs(b/total-(float64(i)+0.5)/n))
		}
		if worst > 1.95/math.Sqrt(n)+1e-3 {
			t.Errorf("%v to %v: the draws' distribution is off by %v", r.lo, r.hi, worst)
		}
	}
}

// Noise around the image is truncated to what pixels can be, not cut off: wide
// noise is uniform, and no heap of black and white.
func TestWideGaussianBaselinesAreUniform(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 16, W: 16}), 1)
	in := images(e, 1)
	for j := range in[0].X { // within black and white, -1 and 1, and beyond
		in[0].X[j] = float32(j%5) / 2
	}
	v := baselineOf(t, e, "gaussian:1000", &in[0], 0)
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x) / float64(len(v))
	}
	if math.Abs(square-1./3) > 0.05 { // two standard errors are 0.02
		t.Errorf("the mean square is %v, want that of even noise from -1 to 1, a third", square)
	}
	// Narrow noise stays with the image, where a pixel can be it.
	for j, x := range baselineOf(t, e, "gaussian:0.001", &in[0], 0) {
		if want := min(in[0].X[j], 1); math.Abs(float64(x-want)) > 0.01 {
			t.Errorf("value %d is %v, want about %v", j, x, want)
		}
	}
}
