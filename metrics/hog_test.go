package metrics

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// ramp is an image that rises by right per column and by down per row.
func ramp(height, width int, down, right float64) []float64 {
	x := make([]float64, height*width)
	for i := range x {
		x[i] = down*float64(i/width) + right*float64(i%width)
	}
	return x
}

// A ramp has one direction: all that is not 0 stands in its bin.
func TestHOGOfRamps(t *testing.T) {
	for _, c := range []struct {
		name        string
		down, right float64
		bin         int
	}{
		{"0 degrees", 0, 1, 0},
		{"180 degrees", 0, -1, 0},
		{"30 degrees", 0.5, math.Sqrt(3) / 2, 1},
		{"45 degrees", 1, 1, 2},
		{"225 degrees", -1, -1, 2},
		{"90 degrees", 1, 0, 4},
		{"270 degrees", -1, 0, 4},
		{"135 degrees", 1, -1, 6},
		{"nearly 180 degrees", 0.01, -1, 8},
	} {
		x := ramp(40, 40, c.down, c.right)
		h := HOG(x, 40)
		if len(h) != 3*3*3*3*9 {
			t.Fatalf("%d values, want %d: 3x3 blocks of 3x3 cells", len(h), 3*3*3*3*9)
		}
		middle := h[4*81 : 5*81] // its cells touch no border
		for i, v := range middle {
			want := 0.0
			if i%9 == c.bin {
				want = 1.0 / 3 // 9 equal values of length 1
			}
			if !near(v, want, 1e-9) {
				t.Errorf("%s: bin %d of cell %d is %v, want %v", c.name, i%9, i/9, v, want)
			}
		}
	}
}

func TestHOGWithoutDescriptor(t *testing.T) {
	for _, c := range []struct {
		name          string
		height, width int
		want          int // values
	}{
		{"one row short", 23, 24, 0},
		{"one column short", 24, 23, 0},
		{"one block", 24, 24, 81},
		{"a rest of 7 pixels", 31, 31, 81},
		{"two blocks", 24, 32, 162},
	} {
		if got := HOG(ramp(c.height, c.width, 1, 0), c.width); len(got) != c.want {
			t.Errorf("%s: %d values, want %d", c.name, len(got), c.want)
		}
	}
	flat, slope := newGradients(ramp(24, 24, 0, 0), 24), newGradients(ramp(24, 24, 1, 0), 24)
	small := newGradients(ramp(8, 8, 1, 0), 8)
	for name, got := range map[string]float64{
		"a constant image": flat.correlation(slope), "the other constant": slope.correlation(flat), "small images": small.correlation(small),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: %v, want NaN", name, got)
		}
	}
}

// slowHOG follows scikit-image's definition with angles, cell by cell.
func slowHOG(x []float64, width int) []float64 {
	height := len(x) / width
	at := func(r, c int) float64 { return x[r*width+c] }
	cell := func(row, col, bin int) float64 {
		sum := 0.0
		for r := 8 * row; r < 8*row+8; r++ {
			for c := 8 * col; c < 8*col+8; c++ {
				var gr, gc float64
				if r > 0 && r+1 < height {
					gr = at(r+1, c) - at(r-1, c)
				}
				if c > 0 && c+1 < width {
					gc = at(r, c+1) - at(r, c-1)
				}
				angle := math.Mod(math.Atan2(gr, gc)*180/math.Pi+360, 180)
				if int(angle/20) == bin {
					sum += math.Hypot(gr, gc)
				}
			}
		}
		return sum / 64
	}
	normalise := func(b []float64) {
		s := 0.0
		for _, v := range b {
			s += v * v
		}
		for i := range b {
			b[i] /= math.Sqrt(s + 1e-10)
		}
	}
	var out []float64
	for r := 0; 8*(r+3) <= height; r++ {
		for c := 0; 8*(c+3) <= width; c++ {
			var b []float64
			for i := range 3 {
				for j := range 3 {
					for bin := range 9 {
						b = append(b, cell(r+i, c+j, bin))
					}
				}
			}
			normalise(b)
			for i := range b {
				b[i] = math.Min(b[i], 0.2)
			}
			normalise(b)
			out = append(out, b...)
		}
	}
	return out
}

func TestHOGProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(24, 33).Draw(t, "height"), rapid.IntRange(24, 33).Draw(t, "width")
		// Whole numbers: no gradient lies within rounding of a bin's edge.
		image := rapid.SliceOfN(rapid.Map(rapid.IntRange(-9, 9), func(i int) float64 { return float64(i) }), h*w, h*w)
		x := image.Draw(t, "image")
		got, want := HOG(x, w), slowHOG(x, w)
		if len(got) != len(want) {
			t.Fatalf("%d values, want %d", len(got), len(want))
		}
		for i := range want {
			if !near(got[i], want[i], 1e-12) {
				t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
			}
		}
		g := newGradients(x, w)
		if self := g.correlation(g); !math.IsNaN(self) && self != 1 {
			t.Fatalf("%v with itself, want exactly 1", self)
		}
		turned := make([]float64, len(x))
		for i, v := range x {
			turned[i] = -v
		}
		if c := g.correlation(newGradients(turned, w)); !math.IsNaN(c) && c != 1 {
			t.Fatalf("%v with its negative, want exactly 1", c)
		}
	})
}
