package attr

import (
	"math"
	"testing"

	"assay/model"
	"assay/model/rng"

	"pgregory.net/rapid"
)

// superpixels segments an image by itself.
func superpixels(t testing.TB, s model.Shape, x []float32, m Mask) ([]int32, int) {
	t.Helper()
	n := &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	var g slic
	return g.segment(env(t, n, 1), x, m)
}

func TestSuperpixelsAreConnectedAndAsManyAsAsked(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := model.Shape{
			C: rapid.SampledFrom([]int{1, 2, 3}).Draw(r, "channels"),
			H: rapid.IntRange(1, 40).Draw(r, "height"),
			W: rapid.IntRange(1, 40).Draw(r, "width"),
		}
		n := rapid.IntRange(1, 60).Draw(r, "superpixels")
		m := SLICMask(n, rapid.SampledFrom([]int{1, 10, 100}).Draw(r, "compactness"))
		x := make([]float32, s.Size())
		rng.New(rapid.Uint64().Draw(r, "seed"), "image").Normals(x)
		of, count := superpixels(t, s, x, m)
		if count < 1 || count > n || count > s.H*s.W {
			r.Fatalf("%d superpixels, want 1 to %d", count, n)
		}
		area := s.H * s.W
		seen := make([]bool, area)
		pieces := 0
		for j := range area {
			if of[j] < 0 || int(of[j]) >= count {
				r.Fatalf("pixel %d is in superpixel %d of %d", j, of[j], count)
			}
			for c := range s.C {
				if of[c*area+j] != of[j] {
					r.Fatalf("pixel %d: the channels differ", j)
				}
			}
			if seen[j] {
				continue
			}
			pieces++
			stack := []int32{int32(j)}
			seen[j] = true
			for len(stack) > 0 {
				p := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				for _, q := range neighbours(s, p) {
					if q >= 0 && !seen[q] && of[q] == of[j] {
						seen[q] = true
						stack = append(stack, q)
					}
				}
			}
		}
		if pieces != count {
			r.Fatalf("%d pieces for %d superpixels", pieces, count)
		}
	})
}

// An image without edges is cut into squares: nearly as many as asked for, of
// nearly equal size.
func TestSuperpixelsOfAFlatImageAreEven(t *testing.T) {
	s := model.Shape{C: 3, H: 32, W: 32}
	for _, n := range []int{4, 16, 50, 64} {
		of, count := superpixels(t, s, make([]float32, s.Size()), SLICMask(n, 10))
		if count < n*9/10 {
			t.Errorf("asked for %d: %d superpixels", n, count)
		}
		size := make([]int, count)
		for _, f := range of[:1024] {
			size[f]++
		}
		for f, k := range size {
			if k < 1024/count/2 || k > 1024/count*2 {
				t.Errorf("asked for %d: superpixel %d has %d pixels, want about %d", n, f, k, 1024/count)
			}
		}
	}
}

// stepImage is dark left of a wavy line and bright right of it, with some noise.
func stepImage(s model.Shape) (x []float32, bright []bool) {
	x, bright = make([]float32, s.Size()), make([]bool, s.H*s.W)
	rng.New(5, "step").Normals(x)
	for j := range x {
		r, c := j%(s.H*s.W)/s.W, j%s.W
		b := float64(c) > 13.3+3*math.Sin(float64(r)/4)
		bright[j%(s.H*s.W)] = b
		v := float32(-0.5)
		if b {
			v = 0.5
		}
		x[j] = v + 0.02*x[j]
	}
	return x, bright
}

func TestSuperpixelsFollowAStepEdge(t *testing.T) {
	for _, c := range []int{1, 3} {
		s := model.Shape{C: c, H: 32, W: 32}
		x, bright := stepImage(s)
		of, count := superpixels(t, s, x, SLICMask(30, 10))
		both := make([][2]int, count)
		for j, b := range bright {
			if b {
				both[of[j]][1]++
			} else {
				both[of[j]][0]++
			}
		}
		for f, k := range both {
			if min(k[0], k[1]) > 0 {
				t.Errorf("%d channels: superpixel %d lies on both sides of the edge: %d and %d pixels", c, f, k[0], k[1])
			}
		}
	}
}

// More compactness makes shorter borders.
func TestCompactnessShortensBorders(t *testing.T) {
	s := model.Shape{C: 3, H: 32, W: 32}
	x, _ := stepImage(s)
	for j := range x {
		x[j] += 0.3 * float32(math.Sin(float64(j)*1.7))
	}
	last := math.MaxInt
	for _, m := range []int{1, 10, 100} {
		of, _ := superpixels(t, s, x, SLICMask(30, m))
		border := 0
		for j := range 32 * 32 {
			for _, q := range neighbours(s, int32(j)) {
				if q >= 0 && of[q] != of[j] {
					border++
				}
			}
		}
		t.Logf("compactness %d: border %d", m, border)
		if border > last {
			t.Errorf("compactness %d has the border %d, less compact ones %d", m, border, last)
		}
		last = border
	}
}
