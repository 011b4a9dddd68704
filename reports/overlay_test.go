package reports

import (
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Worked by hand: sorted 1 2 3 4 (total 10) has cumulative sums 1 3 6 10.
func TestCumulativeThreshold(t *testing.T) {
	for _, c := range []struct {
		name    string
		values  []float64
		percent float64
		want    float64
	}{
		{"all", []float64{4, 1, 3, 2}, 100, 4},
		{"98 percent needs the largest", []float64{4, 1, 3, 2}, 98, 4},
		{"60 percent is reached exactly", []float64{4, 1, 3, 2}, 60, 3},
		{"61 percent is not", []float64{4, 1, 3, 2}, 61, 4},
		{"30 percent", []float64{4, 1, 3, 2}, 30, 2},
		{"nothing", []float64{4, 1, 3, 2}, 0, 1},
		{"zeros", []float64{0, 0}, 98, 0},
		{"no values", nil, 98, 0},
		// Percent of the sum, not of the count: three of four values hold a tenth.
		{"a tenth of the sum", []float64{1, 27, 1, 1}, 10, 1},
		{"more than a tenth", []float64{1, 27, 1, 1}, 11, 27},
	} {
		if got := CumulativeThreshold(c.values, c.percent); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNormalized(t *testing.T) {
	// Two channels of four pixels; the sums are 1, -2, 3, -4.
	m := []float32{2, -3, 1, 0, -1, 1, 2, -4}
	for _, c := range []struct {
		name    string
		sign    Sign
		outlier float64
		want    []float64
	}{
		{"channels are summed before the sign", Absolute, 0, []float64{0.25, 0.5, 0.75, 1}},
		{"all keeps signs", All, 0, []float64{0.25, -0.5, 0.75, -1}},
		{"40 percent of the sum saturates at 3", All, 40, []float64{1. / 3, -2. / 3, 1, -1}},
		{"positive", Positive, 0, []float64{1. / 3, 0, 1, 0}},
		{"negative as magnitudes", Negative, 0, []float64{0, 0.5, 0, 1}},
	} {
		got := Normalized(m, 2, c.sign, c.outlier)
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 1e-15 {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
	for _, x := range Normalized([]float32{-1, -2}, 1, Positive, 2) {
		if x != 0 {
			t.Errorf("nothing positive: got %v, want 0", x)
		}
	}
}

// Whatever the map, the values lie in their range, keep their order and do not
// change when the map is scaled by a power of two.
func TestNormalizedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SliceOfN(rapid.Float32Range(-5, 5), 3, 30).Draw(t, "map")
		sign := rapid.SampledFrom([]Sign{All, Absolute, Positive, Negative}).Draw(t, "sign")
		outlier := rapid.Float64Range(0, 50).Draw(t, "outlier")
		v := Normalized(m, 1, sign, outlier)
		big := make([]float32, len(m))
		for i := range m {
			big[i] = 8 * m[i]
		}
		w := Normalized(big, 1, sign, outlier)
		lo := 0.0
		if sign == All {
			lo = -1
		}
		for i := range v {
			if !(v[i] >= lo && v[i] <= 1) {
				t.Fatalf("got %v, want %v to 1", v[i], lo)
			}
			if v[i] != w[i] {
				t.Fatalf("scaled by 8: got %v, want %v", w[i], v[i])
			}
		}
	})
}

func TestBlend(t *testing.T) {
	// Grey means 0 and 100 are stretched to 0 and 255.
	p := DefaultPicture()
	got := p.drawn([]float64{1, 0}, 1, 2, []byte{0, 90, 0, 100, 0, 110}, 1, 2, 1, &sequential)
	if a, b := got.NRGBAAt(0, 0), (color.NRGBA{0, 20, 45, 255}); a != b {
		t.Errorf("largest value over black: got %v, want %v", a, b)
	}
	if a, b := got.NRGBAAt(1, 0), (color.NRGBA{255, 255, 255, 255}); a != b {
		t.Errorf("zero over white: got %v, want %v", a, b)
	}
}

func TestColormap(t *testing.T) {
	for _, c := range []struct {
		name string
		m    *colormap
		x    float64
		want color.NRGBA
	}{
		{"zero is white", &diverging, 0, color.NRGBA{255, 255, 255, 255}},
		{"captum's zero is white", &rdWhGn, 0, color.NRGBA{255, 255, 255, 255}},
		{"captum's minus one is red", &rdWhGn, -1, color.NRGBA{255, 0, 0, 255}},
		{"beyond the end", &sequential, 7, color.NRGBA{0, 40, 90, 255}},
		{"undefined", &sequential, math.NaN(), color.NRGBA{255, 255, 255, 255}},
		{"half way", &rdWhGn, -0.5, color.NRGBA{255, 128, 128, 255}},
	} {
		if got := c.m.at(c.x); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
