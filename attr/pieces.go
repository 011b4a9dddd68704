package attr

import (
	"math/bits"

	"assay/model"
)

// pieces makes every superpixel one connected piece: of the pieces that have its
// label the largest, of equals the first in reading order. The other pixels go
// to the superpixel that reaches them first, all growing by a pixel a round.
type pieces struct {
	runs  []run
	first []int32 // [labels] first run of the largest piece, -1 where there is none
	named []int32 // [labels] number of the label
	// number of the superpixel a pixel goes to, -1 where that is not known yet, with
	// a border around the image of -2: [H+2][W+2].
	number []int32
	edge   []uint64 // a bit for each number: touches a pixel of which it is not known
	queue  []int32  // places in number
}

// run is pixels of a row that have one label.
type run struct {
	label      int64
	from, to   int32 // columns, to excluded
	root, size int32 // a run of the same piece, no later; pixels of the piece, at its first run
}

// connect writes the number of each pixel's superpixel, in reading order of their
// largest pieces, and returns how many there are. labels are 0 to k-1.
func (p *pieces) connect(s model.Shape, label []int64, k int, of []int32) int {
	wide := s.W + 2
	if len(p.number) != (s.H+2)*wide {
		p.number = make([]int32, (s.H+2)*wide)
		p.edge = make([]uint64, (len(p.number)+63)/64)
		for at := range p.number {
			p.number[at] = -2
		}
	}
	p.find(s, label)
	p.first, p.named = p.first[:0], p.named[:0]
	for range k {
		p.first, p.named = append(p.first, -1), append(p.named, -1)
	}
	for i := range p.runs {
		u := &p.runs[i]
		if u.root = p.runs[u.root].root; int(u.root) == i { // those before have the first run already
			continue
		}
		p.runs[u.root].size += u.size
	}
	for i, u := range p.runs {
		if f := p.first[u.label]; int(u.root) == i && (f < 0 || u.size > p.runs[f].size) {
			p.first[u.label] = int32(i)
		}
	}
	count, lost := int32(0), false
	row := 0 // begin of the row in number
	for _, u := range p.runs {
		if u.from == 0 {
			row += wide
		}
		n := int32(-1)
		if u.root == p.first[u.label] {
			if n = p.named[u.label]; n < 0 {
				n = count
				p.named[u.label] = n
				count++
			}
		} else {
			lost = true
		}
		to := p.number[row+1+int(u.from) : row+1+int(u.to)]
		for c := range to {
			to[c] = n
		}
	}
	if lost {
		p.grow(s)
	}
	for r := range s.H {
		copy(of[r*s.W:][:s.W], p.number[(r+1)*wide+1:])
	}
	return int(count)
}

// find lists the runs of all rows and joins those of equal labels that touch.
func (p *pieces) find(s model.Shape, label []int64) {
	p.runs = p.runs[:0]
	above := 0 // the first run of the row above that may touch the next one
	for r := range s.H {
		row := label[r*s.W:][:s.W]
		begin := len(p.runs)
		for c := 0; c < len(row); {
			i, l, from := int32(len(p.runs)), row[c], c
			for c++; c < len(row) && row[c] == l; c++ {
			}
			p.runs = append(p.runs, run{l, int32(from), int32(c), i, int32(c - from)})
			if r == 0 {
				continue
			}
			for ; above < begin; above++ {
				u := &p.runs[above]
				if u.label == l && int(u.to) > from && int(u.from) < c {
					a, b := p.top(int32(above)), p.top(i)
					p.runs[max(a, b)].root = min(a, b)
				}
				if int(u.to) >= c {
					break // it may touch the next run too
				}
			}
			if above < begin && int(p.runs[above].to) == c {
				above++
			}
		}
		above = begin
	}
}

// top returns the first run known of i's piece.
func (p *pieces) top(i int32) int32 {
	for p.runs[i].root != i {
		p.runs[i].root = p.runs[p.runs[i].root].root
		i = p.runs[i].root
	}
	return i
}

// grow gives the pixels without a number that of the neighbour that reaches them
// first: in the first round superpixels reach out from all their pixels, in
// reading order, up, left, right and down from each; then from the pixels that
// were reached, in the order in which they were.
func (p *pieces) grow(s model.Shape) {
	wide := s.W + 2
	around := [4]int{-wide, -1, 1, wide}
	clear(p.edge)
	for at, n := range p.number {
		if n == -1 {
			for _, d := range around {
				p.edge[(at+d)/64] |= 1 << ((at + d) % 64)
			}
		}
	}
	p.queue = p.queue[:0]
	for w, set := range p.edge {
		for ; set != 0; set &= set - 1 {
			at := 64*w + bits.TrailingZeros64(set)
			n := p.number[at]
			if n < 0 {
				continue
			}
			for _, d := range around {
				if p.number[at+d] == -1 {
					p.number[at+d] = -3 - n // reached, but not to reach out in this round
					p.queue = append(p.queue, int32(at+d))
				}
			}
		}
	}
	for _, at := range p.queue {
		p.number[at] = -3 - p.number[at]
	}
	for i := 0; i < len(p.queue); i++ {
		at := int(p.queue[i])
		for _, d := range around {
			if p.number[at+d] == -1 {
				p.number[at+d] = p.number[at]
				p.queue = append(p.queue, int32(at+d))
			}
		}
	}
}
