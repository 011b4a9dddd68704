package attr

import (
	"math"
	"slices"

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
	lab    []float64 // [C][H*W], and room for three more
	pixel  []float64 // [H*W][ld]: colour, row, column, 1 and zeros up to a multiple of 4
	ld     int
	centre []float64 // [k][C+2]: colour, row, column
	sum    []float64 // [4][k][ld] of pixel
	dist   []float64 // [H*W], and room for three more
	far    []float64 // as many infinities
	label  []int64   // as many
	before []int64   // label a round ago
	dy, dx []float64 // squared distances of rows and columns from a centre
	of     []int32   // [C*H*W]
	pieces pieces
}

const slicRounds = 10

// segment returns the superpixel of each value and their number, at most m.n.
// The result is valid until the next call.
func (g *slic) segment(e *Env, x []float32, m Mask) (of []int32, count int) {
	s := e.Worker.Model().Net().Input
	g.colours(e, x, s)
	g.cluster(s, m.n, float64(m.compactness))
	area := s.H * s.W
	if len(g.of) != s.Size() {
		g.of = make([]int32, s.Size())
	}
	rows, cols := lattice(s, m.n)
	count = g.pieces.connect(s, g.label[:area], rows*cols, g.of[:area])
	for c := 1; c < s.C; c++ {
		copy(g.of[c*area:], g.of[:area])
	}
	return g.of, count
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
	area := s.H * s.W
	rows, cols := lattice(s, n)
	k, dim := rows*cols, s.C+2
	g.ld = (dim + 1 + 3) &^ 3
	high, wide := float64(s.H)/float64(rows), float64(s.W)/float64(cols)
	g.centre = resize(g.centre, k*dim)
	g.sum = resize(g.sum, 4*k*g.ld)
	if len(g.label) != area+3 {
		g.label, g.before = make([]int64, area+3), make([]int64, area+3)
		g.dist, g.far = make([]float64, area+3), make([]float64, area+3)
		for j := range g.far {
			g.far[j] = math.Inf(1)
		}
	}
	if len(g.pixel) != area*g.ld {
		g.pixel = make([]float64, area*g.ld)
	}
	for ch := range s.C {
		for j, v := range g.lab[ch*area:][:area] {
			g.pixel[j*g.ld+ch] = v
		}
	}
	for r := range s.H {
		for c := range s.W {
			to := g.pixel[(r*s.W+c)*g.ld+s.C:][:3]
			to[0], to[1], to[2] = float64(r), float64(c), 1
		}
	}
	for i := range k {
		r := int((float64(i/cols) + 0.5) * high)
		c := int((float64(i%cols) + 0.5) * wide)
		r, c = g.flattest(s, r, c)
		g.place(s, i, r, c)
	}
	// Every pixel starts at the cell of the grid it lies in: those that no
	// centre reaches later stay where they were.
	for c := range s.W {
		g.label[c] = int64(min(int(float64(c)/wide), cols-1))
	}
	for r := s.H - 1; r >= 0; r-- {
		cell := int64(min(int(float64(r)/high), rows-1) * cols)
		for c, of := range g.label[:s.W] {
			g.label[r*s.W+c] = cell + of // row 0 last, whose cells are the first
		}
	}
	step := math.Sqrt(high * wide)
	ratio := compactness / step
	weight := float64(ratio * ratio)
	reach := int(math.Ceil(math.Max(high, wide)))
	for round := range slicRounds {
		g.assign(s, k, reach, weight)
		if round > 0 && slices.Equal(g.label, g.before) {
			return // so would all rounds to come leave them
		}
		copy(g.before, g.label)
		g.recentre(s, k)
	}
}

// flattest returns the pixel of the smallest gradient among the 3x3 around.
func (g *slic) flattest(s model.Shape, r, c int) (int, int) {
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
func (g *slic) place(s model.Shape, i, r, c int) {
	at := g.centre[i*(s.C+2):]
	for ch := range s.C {
		at[ch] = g.lab[ch*s.H*s.W+r*s.W+c]
	}
	at[s.C], at[s.C+1] = float64(r), float64(c)
}

// assign gives each pixel to the nearest centre within reach.
func (g *slic) assign(s model.Shape, k, reach int, weight float64) {
	area, dim := s.H*s.W, s.C+2
	copy(g.dist, g.far)
	for i := range k {
		at := g.centre[i*dim : (i+1)*dim]
		top, high := square(&g.dy, at[s.C], reach, s.H)
		left, _ := square(&g.dx, at[s.C+1], reach, s.W)
		w := model.Window{From: top*s.W + left, Rows: high, Cols: len(g.dx), Width: s.W, Area: area}
		model.Nearest(w, g.lab, at[:s.C], g.dy[:high], g.dx, weight, i, g.dist, g.label)
	}
}

// square lists the squared distances from at of the places within reach of it, of
// side, and returns the first place and their number. To a multiple of 4 the list
// goes on with places infinitely far.
func square(d *[]float64, at float64, reach, side int) (first, count int) {
	first = max(int(at)-reach, 0)
	count = min(int(at)+reach, side-1) - first + 1
	if n := (count + 3) &^ 3; cap(*d) < n {
		*d = make([]float64, n)
	} else {
		*d = (*d)[:n]
	}
	list := *d
	for i := range list[:count] {
		v := float64(first+i) - at
		list[i] = float64(v * v)
	}
	for i := count; i < len(list); i++ {
		list[i] = math.Inf(1)
	}
	return first, count
}

// recentre moves every centre to the mean of its pixels; one without pixels
// stays. A sum is that of four, over every fourth pixel.
func (g *slic) recentre(s model.Shape, k int) {
	dim, ld := s.C+2, g.ld
	clear(g.sum)
	apart := k * ld
	model.Group(g.label[:s.H*s.W], g.pixel, ld, g.sum, apart)
	for i, v := range g.sum[:apart] {
		g.sum[i] = (v + g.sum[apart+i]) + (g.sum[2*apart+i] + g.sum[3*apart+i])
	}
	for i := range k {
		from := g.sum[i*ld:][:ld]
		if from[dim] == 0 {
			continue
		}
		for q := range dim {
			g.centre[i*dim+q] = from[q] / from[dim]
		}
	}
}
