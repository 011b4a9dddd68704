package model

import (
	"fmt"
	"math"
)

// Claims are the pixels of an image, and the nearest of the centres that were
// offered to each.
type Claims struct {
	Label []int64 // [H*W] the centre; as it was where none came near

	s             Shape
	dist, far     []float64 // [H*W] to the centre, and as many infinities
	label         []int64   // Label, with room for three more, as dist has
	place, window []float64 // 0, 1, 2 ...; the squared columns of a window
	windows       [][4]int32
}

// NewClaims has the pixels of images of a shape, all with label 0.
func NewClaims(s Shape) *Claims {
	area := s.H * s.W
	c := &Claims{s: s, dist: make([]float64, area+3), far: make([]float64, area+3), label: make([]int64, area+3)}
	c.Label = c.label[:area]
	for j := range c.far {
		c.far[j] = math.Inf(1)
	}
	c.place, c.window = make([]float64, max(s.H, s.W)+3), make([]float64, s.W+3)
	for j := range c.place {
		c.place[j] = float64(j)
	}
	return c
}

// Offer gives every pixel the label of the nearest centre among those within
// reach, of equals the first's: of those whose row and column, cut to whole
// numbers, are no more than reach rows and columns away. Its label stays where
// there is none. The distance is
//
//	weight*(columns^2 + rows^2) + sum over channels (x - centre)^2
//
// in this order, every operation rounded to float64. x has the channels of the
// image one after the other, and room for three values more; a centre its
// channels, row and column, which lie in the image.
func (c *Claims) Offer(x, centres []float64, reach int, weight float64) {
	s := c.s
	k := len(centres) / (s.C + 2)
	if len(x) < s.Size()+3 || len(centres) != k*(s.C+2) || reach < 0 {
		panic(fmt.Sprintf("model: %d values and %d of centres for an image of %v", len(x), len(centres), s))
	}
	if k == 0 {
		return
	}
	if cap(c.windows) < k {
		c.windows = make([][4]int32, k)
	}
	c.windows = c.windows[:k]
	for i := range c.windows {
		at := centres[i*(s.C+2)+s.C:][:2]
		w := &c.windows[i]
		w[0], w[1] = within(at[0], reach, s.H)
		w[2], w[3] = within(at[1], reach, s.W)
	}
	copy(c.dist, c.far)
	set().Nearest64(k, s.C, &x[0], s.H*s.W, s.W, &centres[0], &c.windows[0][0], &c.place[0], weight, &c.dist[0], &c.label[0], &c.window[0])
}

// within returns the first place of a side within reach, and how many are.
func within(at float64, reach, side int) (first, count int32) {
	lo := min(max(int(at)-reach, 0), side-1)
	hi := max(min(int(at)+reach, side-1), lo)
	return int32(lo), int32(hi - lo + 1)
}
