package attr

import "assay/model"

// pieces makes every superpixel one connected piece: of the pieces that have its
// label the largest, of equals the first in reading order. The other pixels go
// to the superpixel that reaches them first, all growing by a pixel a round.
type pieces struct {
	root  []int32 // [H*W] a pixel of the same piece, no later in reading order
	size  []int32 // [H*W] of the piece, at its first pixel
	first []int32 // [labels] first pixel of the largest piece, -1 where there is none
	// number of the superpixel a pixel goes to, -1 where that is not known yet, with
	// a border around the image: [H+2][W+2].
	number []int32
	named  []int32 // [labels] number of the label
	queue  []int32 // places in number
}

// connect writes the number of each pixel's superpixel, in reading order of their
// largest pieces, and returns how many there are. labels are 0 to k-1.
func (p *pieces) connect(s model.Shape, label []int64, k int, of []int32) int {
	area, wide := s.H*s.W, s.W+2
	if len(p.root) != area || len(p.number) != (s.H+2)*wide {
		p.root, p.size, p.number = make([]int32, area), make([]int32, area), make([]int32, (s.H+2)*wide)
	}
	p.find(s, label)
	p.first, p.named = p.first[:0], p.named[:0]
	for range k {
		p.first, p.named = append(p.first, -1), append(p.named, -1)
	}
	for j, n := range p.size {
		if n == 0 {
			continue // not the first of its piece
		}
		if l := label[j]; p.first[l] < 0 || n > p.size[p.first[l]] {
			p.first[l] = int32(j)
		}
	}
	count, lost := int32(0), 0
	clear(p.number) // the border counts as taken
	for r := range s.H {
		to := p.number[(r+1)*wide+1:][:s.W]
		for c := range to {
			j := r*s.W + c
			l := label[j]
			if p.root[j] != p.first[l] {
				to[c] = -1
				lost++
				continue
			}
			if p.named[l] < 0 {
				p.named[l] = count
				count++
			}
			to[c] = p.named[l]
		}
	}
	if lost > 0 {
		p.grow(s)
	}
	for r := range s.H {
		copy(of[r*s.W:][:s.W], p.number[(r+1)*wide+1:])
	}
	return int(count)
}

// find joins the pixels of equal labels that touch, and counts them at the first.
func (p *pieces) find(s model.Shape, label []int64) {
	for j, l := range label {
		at := int32(j)
		p.root[j] = at
		if j >= s.W && label[j-s.W] == l {
			at = p.top(int32(j - s.W))
			p.root[j] = at
		}
		if j%s.W > 0 && label[j-1] == l {
			left := p.top(int32(j - 1))
			first := min(left, at)
			p.root[left], p.root[at], p.root[j] = first, first, first
		}
	}
	clear(p.size)
	for j := range p.root {
		at := p.root[p.root[j]] // those before have the first pixel already
		p.root[j] = at
		p.size[at]++
	}
}

// top returns the first pixel known of j's piece.
func (p *pieces) top(j int32) int32 {
	for p.root[j] != j {
		p.root[j] = p.root[p.root[j]]
		j = p.root[j]
	}
	return j
}

// grow gives the pixels without a number that of the neighbour that reaches them
// first: in the first round superpixels reach out from all their pixels, in
// reading order, up, left, right and down from each; then from the pixels that
// were reached, in the order in which they were.
func (p *pieces) grow(s model.Shape) {
	wide := int32(s.W + 2)
	around := [4]int32{-wide, -1, 1, wide}
	p.queue = p.queue[:0]
	for r := range int32(s.H) {
		for at := (r+1)*wide + 1; at < (r+1)*wide+1+int32(s.W); at++ {
			n := p.number[at]
			if n < 0 {
				continue
			}
			for _, d := range around {
				if p.number[at+d] == -1 {
					p.number[at+d] = -2 - n // reached, but not to reach out in this round
					p.queue = append(p.queue, at+d)
				}
			}
		}
	}
	for _, at := range p.queue {
		p.number[at] = -2 - p.number[at]
	}
	for i := 0; i < len(p.queue); i++ {
		at := p.queue[i]
		for _, d := range around {
			if p.number[at+d] == -1 {
				p.number[at+d] = p.number[at]
				p.queue = append(p.queue, at+d)
			}
		}
	}
}
