package attr

import (
	"math"

	"assay/model"
)

// slic cuts an image into superpixels: connected regions of similar colour.
//
// Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel
// Methods", IEEE TPAMI 34(11), 2012: k-means in colour and position, each
// centre looking no further than a grid step, from centres on a grid that are
// moved to the flattest of their 3x3 pixels; distance
//
//	D^2 = colour^2 + (compactness/step)^2 * position^2.
//
// Colour is CIELAB (D65) where the input has three channels and the data set's
// normalisation is known; otherwise the channels, scaled together to 0..100.
// Ten rounds, as the paper finds enough. Afterwards every superpixel keeps its
// largest piece, and the other pixels go to the superpixel that reaches them
// first; the paper's authors join small pieces to a neighbour instead, which
// leaves fewer superpixels on noisy images. Of equals, the first in reading order
// wins, so the answer is the image's alone.
type slic struct {
	rgb    *model.CIELAB
	shape  model.Shape
	lab    []float64 // [C][H*W], and room for three more
	claims *model.Claims
	centre []float64 // [k][C+2]: colour, row, column
	sum    []float64 // [k][C+3] over a centre's pixels: colour, row, column, 1
	stale  []bool    // [k] sums that changed
	before []int64   // [H*W] label a round ago
	of     []int32   // [C*H*W]
	pieces pieces
}

const slicRounds = 10

// segment returns the superpixel of each value and their number, at most m.n.
// The result is valid until the next call.
func (g *slic) segment(e *Env, x []float32, m Mask) (of []int32, count int) {
	s := e.Worker.Model().Net().Input
	if g.shape != s {
		g.fit(s)
	}
	area := s.H * s.W
	g.colours(e, x, s)
	g.cluster(s, m.n, float64(m.compactness))
	rows, cols := lattice(s, m.n)
	count = g.pieces.connect(s, g.claims.Label, rows*cols, g.of[:area])
	for c := 1; c < s.C; c++ {
		copy(g.of[c*area:], g.of[:area])
	}
	return g.of, count
}

// fit makes room for images of a shape.
func (g *slic) fit(s model.Shape) {
	area := s.H * s.W
	g.shape, g.claims = s, model.NewClaims(s)
	g.of, g.before = make([]int32, s.Size()), make([]int64, area)
	g.lab = make([]float64, s.Size()+3)
}

// lattice returns rows and columns of at most n centres, as square as may be.
func lattice(s model.Shape, n int) (rows, cols int) {
	n = max(1, min(n, s.H*s.W))
	ideal := math.Sqrt(float64(n) * float64(s.H) / float64(s.W))
	for _, r := range []int{int(math.Ceil(ideal)), int(math.Floor(ideal))} {
		r = min(max(r, 1), s.H, n)
		if c := min(n/r, s.W); r*c > rows*cols {
			rows, cols = r, c
		}
	}
	return rows, cols
}

// cluster runs k-means and leaves a label for every pixel.
func (g *slic) cluster(s model.Shape, n int, compactness float64) {
	rows, cols := lattice(s, n)
	k := rows * cols
	high, wide := float64(s.H)/float64(rows), float64(s.W)/float64(cols)
	g.centre, g.sum = resize(g.centre, k*(s.C+2)), resize(g.sum, k*(s.C+3))
	if cap(g.stale) < k {
		g.stale = make([]bool, k)
	}
	g.stale = g.stale[:k]
	for i := range k {
		r := int((float64(i/cols) + 0.5) * high)
		c := int((float64(i%cols) + 0.5) * wide)
		r, c = g.flattest(s, r, c)
		g.place(s, i, r, c)
	}
	// Every pixel starts at the cell of the grid it lies in: those that no
	// centre reaches later stay where they were.
	label := g.claims.Label
	for c := range s.W {
		label[c] = int64(min(int(float64(c)/wide), cols-1))
	}
	for r := s.H - 1; r >= 0; r-- {
		cell := int64(min(int(float64(r)/high), rows-1) * cols)
		for c, of := range label[:s.W] {
			label[r*s.W+c] = cell + of // row 0 last, whose cells are the first
		}
	}
	step := math.Sqrt(high * wide)
	ratio := compactness / step
	weight := float64(ratio * ratio)
	reach := int(math.Ceil(math.Max(high, wide)))
	for round := range slicRounds {
		g.claims.Offer(g.lab, g.centre, reach, weight)
		if round == slicRounds-1 {
			return
		}
		if round == 0 {
			g.sumUp(s)
		} else if !g.follow(s) {
			return // no label changed: so would all rounds to come leave them
		}
		g.recentre(s)
	}
}

// flattest returns the pixel of the smallest gradient among the 3x3 around.
func (g *slic) flattest(s model.Shape, r, c int) (int, int) {
	best, br, bc := math.Inf(1), r, c
	left := max(c-1, 1)
	n := min(c+1, s.W-2) - left + 1
	if n <= 0 {
		return br, bc
	}
	for y := max(r-1, 1); y <= min(r+1, s.H-2); y++ {
		var slope [3]float64
		for ch := range s.C {
			at := (ch*s.H+y)*s.W + left
			up, row, down := g.lab[at-s.W:][:n], g.lab[at-1:][:n+2], g.lab[at+s.W:][:n]
			for i := range up {
				dx, dy := row[i+2]-row[i], down[i]-up[i]
				slope[i] += float64(dx*dx) + float64(dy*dy)
			}
		}
		for i, v := range slope[:n] {
			if v < best {
				best, br, bc = v, y, left+i
			}
		}
	}
	return br, bc
}

// place puts centre i on a pixel.
func (g *slic) place(s model.Shape, i, r, c int) {
	at := g.centre[i*(s.C+2):]
	for ch := range s.C {
		at[ch] = g.lab[ch*s.H*s.W+r*s.W+c]
	}
	at[s.C], at[s.C+1] = float64(r), float64(c)
}

// sumUp sums up over the pixels of every centre. All numbers are multiples of
// 2^-24 that leave room in a float64 for the sums of 2^22 of them: no sum is
// rounded, and none depends on its order.
func (g *slic) sumUp(s model.Shape) {
	for i := range g.stale {
		g.stale[i] = true
	}
	copy(g.before, g.claims.Label)
	area, wide := s.H*s.W, s.C+3
	for r := range s.H {
		for c, l := range g.claims.Label[r*s.W:][:s.W] {
			to := g.sum[int(l)*wide:][:wide]
			at := r*s.W + c
			for q := range s.C {
				to[q] += g.lab[at]
				at += area
			}
			to[s.C] += float64(r)
			to[s.C+1] += float64(c)
			to[s.C+2]++
		}
	}
}

// follow takes pixels whose label changed from one sum to another, and reports
// whether there are any.
func (g *slic) follow(s model.Shape) bool {
	area, wide := s.H*s.W, s.C+3
	any := false
	for r := range s.H {
		label := g.claims.Label[r*s.W:][:s.W]
		before := g.before[r*s.W:][:len(label)]
		for c, l := range label {
			was := before[c]
			if was == l {
				continue
			}
			any = true
			before[c] = l
			g.stale[was], g.stale[l] = true, true
			from, to := g.sum[int(was)*wide:][:wide], g.sum[int(l)*wide:][:wide]
			at := r*s.W + c
			for q := range s.C {
				v := g.lab[at]
				from[q] -= v
				to[q] += v
				at += area
			}
			from[s.C] -= float64(r)
			to[s.C] += float64(r)
			from[s.C+1] -= float64(c)
			to[s.C+1] += float64(c)
			from[s.C+2]--
			to[s.C+2]++
		}
	}
	return any
}

// recentre moves the centres whose pixels changed to their pixels' mean; one
// without pixels stays.
func (g *slic) recentre(s model.Shape) {
	dim := s.C + 2
	for i, stale := range g.stale {
		if !stale {
			continue
		}
		g.stale[i] = false
		from := g.sum[i*(dim+1):][:dim+1]
		if from[dim] == 0 {
			continue
		}
		for q, v := range from[:dim] {
			g.centre[i*dim+q] = v / from[dim]
		}
	}
}
