package attr

import (
	"math"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

// slowSLIC is slic as its comment has it, step by step, for comparison.
type slowSLIC struct {
	lab, centre, sum, dist []float64
	label, piece, of       []int32
	stack, best, bestSize  []int32
}

func TestSuperpixelsAreThoseOfTheSlowWay(t *testing.T) {
	for i, s := range []model.Shape{{C: 3, H: 32, W: 32}, {C: 3, H: 32, W: 32}, {C: 1, H: 28, W: 28}, {C: 2, H: 3, W: 40}, {C: 3, H: 9, W: 2}, {C: 4, H: 17, W: 13}} {
		e := env(t, &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}, 1)
		var fast slic
		for image := range 12 {
			x := make([]float32, s.Size())
			rng.New(uint64(i), "image", image).Normals(x)
			switch image % 3 {
			case 1: // smooth
				for j := range x {
					x[j] = float32(math.Sin(float64(j)/7)+math.Cos(float64(j%(s.H*s.W)/s.W)/3))/2 + 0.05*x[j]
				}
			case 2: // of few values, so that distances tie
				for j := range x {
					x[j] = float32(math.Round(float64(x[j])))
				}
			}
			for _, m := range []Mask{SLICMask(50, 10), SLICMask(7, 1), SLICMask(200, 40)} {
				var slow slowSLIC
				want, n := slow.segment(e, x, m)
				if got, count := fast.segment(e, x, m); count != n || !slices.Equal(got, want) {
					t.Fatalf("%v image %d, %v: %d superpixels %v, want %d %v", s, image, m, count, got, n, want)
				}
			}
		}
	}
}

// segment returns the superpixel of each value and their number, at most m.n.
// The result is valid until the next call.
func (g *slowSLIC) segment(e *Env, x []float32, m Mask) (of []int32, count int) {
	s := e.Worker.Model().Net().Input
	g.colours(e, x, s)
	g.cluster(s, m.n, float64(m.compactness))
	count = g.connect(s, m.n)
	area := s.H * s.W
	if g.of == nil {
		g.of = make([]int32, s.Size())
	}
	for c := range s.C {
		copy(g.of[c*area:], g.label)
	}
	return g.of, count
}

// colours fills lab.
func (g *slowSLIC) colours(e *Env, x []float32, s model.Shape) {
	g.lab = resize(g.lab, s.Size())
	area := s.H * s.W
	if s.C == 3 && len(e.Mean) == 3 && len(e.Std) == 3 {
		for j := range area {
			var v [3]float64
			for c := range v {
				v[c] = slowLinearLight(float64(float64(x[c*area+j])*float64(e.Std[c])) + float64(e.Mean[c]))
			}
			l, a, b := slowCIELAB(v)
			g.lab[j], g.lab[area+j], g.lab[2*area+j] = model.RoundLab(l), model.RoundLab(a), model.RoundLab(b)
		}
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = math.Min(lo, float64(v)), math.Max(hi, float64(v))
	}
	for j, v := range x {
		if hi > lo {
			g.lab[j] = model.RoundLab(100 * ((float64(v) - lo) / (hi - lo)))
		}
	}
}

// slowLinearLight undoes the transfer curve of sRGB (IEC 61966-2-1) of a value that
// is 0 to 1 in an image.
func slowLinearLight(v float64) float64 {
	v = math.Min(math.Max(v, 0), 1)
	if v <= 0.04045 {
		return v / 12.92
	}
	return rng.Exp(2.4 * rng.Log((v+0.055)/1.055))
}

// slowCIELAB turns linear sRGB into CIELAB under D65 (CIE 15).
func slowCIELAB(v [3]float64) (l, a, b float64) {
	row := func(x, y, z, white float64) float64 {
		t := (float64(x*v[0]) + float64(y*v[1]) + float64(z*v[2])) / white
		if t <= 216.0/24389 {
			return (float64(t*(24389.0/27)) + 16) / 116
		}
		return rng.Exp(rng.Log(t) / 3)
	}
	fx := row(0.4124564, 0.3575761, 0.1804375, 0.95047)
	fy := row(0.2126729, 0.7151522, 0.0721750, 1)
	fz := row(0.0193339, 0.1191920, 0.9503041, 1.08883)
	return float64(116*fy) - 16, 500 * (fx - fy), 200 * (fy - fz)
}

// cluster runs k-means and leaves a label for every pixel.
func (g *slowSLIC) cluster(s model.Shape, n int, compactness float64) {
	area := s.H * s.W
	rows, cols := lattice(s, n)
	k, dim := rows*cols, s.C+2
	high, wide := float64(s.H)/float64(rows), float64(s.W)/float64(cols)
	g.centre = resize(g.centre, k*dim)
	g.sum = resize(g.sum, k*(dim+1))
	g.dist = resize(g.dist, area)
	if g.label == nil {
		g.label, g.piece = make([]int32, area), make([]int32, area)
	}
	for i := range k {
		r := int((float64(i/cols) + 0.5) * high)
		c := int((float64(i%cols) + 0.5) * wide)
		r, c = g.flattest(s, r, c)
		g.place(s, i, r, c)
	}
	// Every pixel starts at the cell of the grid it lies in: those that no
	// centre reaches later stay where they were.
	for j := range area {
		r := min(int(float64(j/s.W)/high), rows-1)
		c := min(int(float64(j%s.W)/wide), cols-1)
		g.label[j] = int32(r*cols + c)
	}
	step := math.Sqrt(high * wide)
	ratio := compactness / step
	weight := float64(ratio * ratio)
	reach := int(math.Ceil(math.Max(high, wide)))
	for range slicRounds {
		g.assign(s, k, reach, weight)
		g.recentre(s, k)
	}
}

// flattest returns the pixel of the smallest gradient among the 3x3 around.
func (g *slowSLIC) flattest(s model.Shape, r, c int) (int, int) {
	best, br, bc := math.Inf(1), r, c
	area := s.H * s.W
	for y := max(r-1, 1); y <= min(r+1, s.H-2); y++ {
		for x := max(c-1, 1); x <= min(c+1, s.W-2); x++ {
			var slope float64
			for ch := range s.C {
				p := g.lab[ch*area+y*s.W+x:]
				up := g.lab[ch*area+(y-1)*s.W+x]
				left := g.lab[ch*area+y*s.W+x-1]
				dx, dy := p[1]-left, p[s.W]-up
				slope += float64(dx*dx) + float64(dy*dy)
			}
			if slope < best {
				best, br, bc = slope, y, x
			}
		}
	}
	return br, bc
}

// place puts centre i on a pixel.
func (g *slowSLIC) place(s model.Shape, i, r, c int) {
	at := g.centre[i*(s.C+2):]
	for ch := range s.C {
		at[ch] = g.lab[ch*s.H*s.W+r*s.W+c]
	}
	at[s.C], at[s.C+1] = float64(r), float64(c)
}

// assign gives each pixel to the nearest centre within reach.
func (g *slowSLIC) assign(s model.Shape, k, reach int, weight float64) {
	area, dim := s.H*s.W, s.C+2
	for j := range g.dist {
		g.dist[j] = math.Inf(1)
	}
	for i := range k {
		at := g.centre[i*dim : (i+1)*dim]
		cr, cc := at[s.C], at[s.C+1]
		for r := max(int(cr)-reach, 0); r <= min(int(cr)+reach, s.H-1); r++ {
			dr := float64(r) - cr
			for c := max(int(cc)-reach, 0); c <= min(int(cc)+reach, s.W-1); c++ {
				dc := float64(c) - cc
				j := r*s.W + c
				d := float64(weight * (float64(dr*dr) + float64(dc*dc)))
				for ch := range s.C {
					v := g.lab[ch*area+j] - at[ch]
					d += float64(v * v)
				}
				if d < g.dist[j] {
					g.dist[j], g.label[j] = d, int32(i)
				}
			}
		}
	}
}

// recentre moves every centre to the mean of its pixels; one without pixels
// stays.
func (g *slowSLIC) recentre(s model.Shape, k int) {
	area, dim := s.H*s.W, s.C+2
	for i := range k {
		to := make([]float64, dim+1)
		for j, l := range g.label {
			if int(l) != i {
				continue
			}
			for ch := range s.C {
				to[ch] += g.lab[ch*area+j]
			}
			to[s.C] += float64(j / s.W)
			to[s.C+1] += float64(j % s.W)
			to[dim]++
		}
		if to[dim] == 0 {
			continue
		}
		for q := range dim {
			g.centre[i*dim+q] = to[q] / to[dim]
		}
	}
}

// connect makes every superpixel one piece, numbers them in reading order and
// returns how many there are.
func (g *slowSLIC) connect(s model.Shape, n int) int {
	area := s.H * s.W
	rows, cols := lattice(s, n)
	k := rows * cols
	g.best, g.bestSize = append(g.best[:0], make([]int32, k)...), append(g.bestSize[:0], make([]int32, k)...)
	for j := range g.piece {
		g.piece[j] = -1
	}
	pieces := int32(0)
	for j := range area {
		if g.piece[j] >= 0 {
			continue
		}
		size := g.flood(s, int32(j), pieces)
		if l := g.label[j]; size > g.bestSize[l] {
			g.best[l], g.bestSize[l] = pieces, size
		}
		pieces++
	}
	// Kept pieces get numbers in reading order, all other pixels -1.
	number := make([]int32, k)
	for l := range number {
		number[l] = -1
	}
	count := 0
	g.stack = g.stack[:0]
	for j, l := range g.label {
		if g.piece[j] != g.best[l] {
			g.piece[j] = -1
			continue
		}
		if number[l] < 0 {
			number[l] = int32(count)
			count++
		}
		g.piece[j] = number[l]
		g.stack = append(g.stack, int32(j))
	}
	// The others join whoever comes first, a pixel further every round.
	for at := 0; at < len(g.stack); at++ {
		j := g.stack[at]
		for _, q := range neighbours(s, j) {
			if q >= 0 && g.piece[q] < 0 {
				g.piece[q] = g.piece[j]
				g.stack = append(g.stack, q)
			}
		}
	}
	copy(g.label, g.piece)
	return count
}

// flood marks the pixels of j's label that hang together with j and counts them.
func (g *slowSLIC) flood(s model.Shape, j, mark int32) int32 {
	g.piece[j] = mark
	g.stack = append(g.stack[:0], j)
	size := int32(0)
	for len(g.stack) > 0 {
		j := g.stack[len(g.stack)-1]
		g.stack = g.stack[:len(g.stack)-1]
		size++
		for _, q := range neighbours(s, j) {
			if q >= 0 && g.piece[q] < 0 && g.label[q] == g.label[j] {
				g.piece[q] = mark
				g.stack = append(g.stack, q)
			}
		}
	}
	return size
}

// neighbours returns the pixels above, left, right and below, -1 beyond the
// border.
func neighbours(s model.Shape, j int32) [4]int32 {
	w := int32(s.W)
	n := [4]int32{j - w, j - 1, j + 1, j + w}
	if j < w {
		n[0] = -1
	}
	if j%w == 0 {
		n[1] = -1
	}
	if j%w == w-1 {
		n[2] = -1
	}
	if int(j+w) >= s.H*s.W {
		n[3] = -1
	}
	return n
}

func BenchmarkSuperpixels(b *testing.B) {
	s := model.Shape{C: 3, H: 32, W: 32}
	e := env(b, &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}, 1)
	for name, x := range map[string][]float32{"noise": images(e, 1)[0].X, "smooth": smooth(e, images(e, 1))[0].X} {
		b.Run(name, func(b *testing.B) {
			var g slic
			for b.Loop() {
				g.segment(e, x, SLICMask(50, defaultCompactness))
			}
		})
	}
}
