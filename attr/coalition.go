package attr

import (
	"math/bits"

	"assay/model/rng"
)

// coalition is a set of features that are present, with what draws it. Drawing
// again from the same stream gives the same sets: regressions keep the target's
// values alone and draw the sets anew when they are summed up.
type coalition struct {
	present []uint64 // a bit for each feature
	list    []int32  // the features, as members lists them
	order   []int32  // scratch of uniform subsets
	draw    rng.Stream
	n       int
}

// start makes c a set of n features, drawn from the stream named.
func (c *coalition) start(n int, seed uint64, purpose string, image int) {
	c.n = n
	c.present = append(c.present[:0], make([]uint64, (n+63)/64)...)
	if len(c.order) != n {
		c.order = make([]int32, n)
	}
	for f := range c.order {
		c.order[f] = int32(f)
	}
	c.draw.Reset(seed, purpose, image)
}

// toss draws every feature with probability 1/2.
func (c *coalition) toss() {
	for i := range c.present {
		c.present[i] = c.draw.Uint64()
	}
	c.trim()
}

// choose draws k features, every choice equally likely.
func (c *coalition) choose(k int) {
	clear(c.present)
	for i := range k {
		j := i + c.draw.IntN(c.n-i)
		c.order[i], c.order[j] = c.order[j], c.order[i]
		f := c.order[i]
		c.present[f/64] |= 1 << (f % 64)
	}
}

// complement turns the set into what it lacks.
func (c *coalition) complement() {
	for i := range c.present {
		c.present[i] = ^c.present[i]
	}
	c.trim()
}

// trim clears the bits beyond the last feature.
func (c *coalition) trim() {
	if r := c.n % 64; r > 0 {
		c.present[len(c.present)-1] &= 1<<r - 1
	}
}

// bit is 1 where feature f is present, else 0.
func (c *coalition) bit(f int) uint64 { return c.present[f/64] >> (f % 64) & 1 }

// members lists the features that are present, ascending.
func (c *coalition) members() []int32 {
	c.list = c.list[:0]
	for i, w := range c.present {
		for ; w != 0; w &= w - 1 {
			c.list = append(c.list, int32(64*i+bits.TrailingZeros64(w)))
		}
	}
	return c.list
}

// sumAt adds up the values of v at the indices.
func sumAt(v []float64, at []int32) float64 {
	var s float64
	for _, i := range at {
		s += v[i]
	}
	return s
}
