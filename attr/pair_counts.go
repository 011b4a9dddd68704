package attr

import "math/bits"

// pairCounts counts in how many samples two features are present together: the
// sum of z z^T over samples z of zeros and ones. Samples are gathered until there
// are 64, a bit each, and counted by the bits that two features share.
type pairCounts struct {
	n     int      // features
	held  int      // samples gathered
	bits  []uint64 // [n] of the samples gathered, those that show the feature
	total []int32  // [n][n] on and below the diagonal
}

// reset starts anew with n features.
func (p *pairCounts) reset(n int) {
	p.n, p.held = n, 0
	p.bits = append(p.bits[:0], make([]uint64, n)...)
	p.total = append(p.total[:0], make([]int32, n*n)...)
}

// add takes the samples in lanes from to to-1 of a block: lanes has the word of
// lanes that show it for every feature.
func (p *pairCounts) add(lanes []uint32, from, to int) {
	count := to - from
	if p.held+count > 64 {
		p.settle()
	}
	for f, shown := range lanes {
		p.bits[f] |= uint64(shown>>from&(1<<count-1)) << p.held
	}
	p.held += count
}

// settle counts what was gathered.
func (p *pairCounts) settle() {
	for i, a := range p.bits {
		row := p.total[i*p.n:][:i+1]
		for j, b := range p.bits[:i+1] {
			row[j] += int32(bits.OnesCount64(a & b))
		}
	}
	clear(p.bits)
	p.held = 0
}

// counts writes the counts into m.
func (p *pairCounts) counts(m *symmetric) {
	p.settle()
	m.reset(p.n)
	for i := range p.n {
		for j, c := range p.total[i*p.n:][:i+1] {
			m.a[i*p.n+j] = float64(c)
		}
	}
}
