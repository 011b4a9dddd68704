package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// lengths are the row lengths tested: 0 to 67, and beyond the widest tiles.
var lengths = func() []int {
	var n []int
	for i := 0; i <= 64; i += 4 {
		n = append(n, i)
	}
	return append(n, 100, 128, 196, 260)
}()

const guard = 24

// buffer is a row of floats between guard words, at an odd place in memory.
type buffer struct {
	all  []float32
	from int
}

// newBuffer returns n values drawn by pick; the guards are a NaN of their own.
func newBuffer(r *rand.Rand, n int, pick func(*rand.Rand) float32) *buffer {
	shift := r.IntN(8)
	b := &buffer{all: make([]float32, shift+n+2*guard), from: guard + shift}
	for i := range b.all {
		b.all[i] = math.Float32frombits(0x7fc0dead)
	}
	for i := range n {
		b.all[b.from+i] = pick(r)
	}
	return b
}

func (b *buffer) p() *float32       { return &b.all[b.from] }
func (b *buffer) clone() *buffer    { return &buffer{append([]float32(nil), b.all...), b.from} }
func (b *buffer) row() []float32    { return b.all[b.from : len(b.all)-guard] }
func (b *buffer) at(i int) *float32 { return &b.all[b.from+i] }

// tame draws what networks compute with.
func tame(r *rand.Rand) float32 { return float32(r.NormFloat64()) }

var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.5, 1e-10, -1e-10, 2e-10, 1e-20, -1e-20, 1e-38, -1e-38, 1e-45, -1e-45,
	1e30, -1e30, math.MaxFloat32, -math.MaxFloat32, 1 + 0x1p-23, 1 - 0x1p-24, 0x1p-126, 0x1p-149,
}

// wild mixes in zeros, subnormals and huge values, but few: most results
// should stay finite.
func wild(r *rand.Rand) float32 {
	if r.IntN(4) == 0 {
		return specials[r.IntN(len(specials))]
	}
	return tame(r)
}

// savage has infinities and NaN too.
func savage(r *rand.Rand) float32 {
	if r.IntN(16) == 0 {
		return []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}[r.IntN(3)]
	}
	return wild(r)
}

// coarse draws from few values, so that maxima tie.
func coarse(r *rand.Rand) float32 { return float32(r.IntN(5)-2) / 2 }

var pickers = []struct {
	name string
	pick func(*rand.Rand) float32
}{{"tame", tame}, {"wild", wild}, {"savage", savage}, {"coarse", coarse}}

// same reports whether two floats have the same bits or are both NaN.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// compareBuffers demands the same bits, guards included.
func compareBuffers(t *testing.T, what string, got, want *buffer) {
	t.Helper()
	for i := range want.all {
		inside := i >= want.from && i < len(want.all)-guard
		g, w := math.Float32bits(got.all[i]), math.Float32bits(want.all[i])
		if inside && !same(got.all[i], want.all[i]) || !inside && g != w {
			t.Fatalf("%s: [%d] = %v (%#08x), want %v (%#08x)", what, i-want.from, got.all[i], g, want.all[i], w)
		}
	}
}

// eachLevel runs a test for every accelerated level of this CPU and every kind
// of values.
func eachLevel(t *testing.T, f func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32)) {
	levels := Levels()[1:]
	if len(levels) == 0 {
		t.Skip("this CPU runs the portable level alone")
	}
	for _, l := range levels {
		for _, p := range pickers {
			t.Run(fmt.Sprintf("%v/%s", l, p.name), func(t *testing.T) {
				f(t, For(l), rand.New(rand.NewPCG(1, 2)), p.pick)
			})
		}
	}
}

// offsets returns n offsets below limit floats.
func offsets(r *rand.Rand, n, limit int) []int32 {
	off := make([]int32, n+1) // never empty, so that it has an address
	for i := range off {
		off[i] = int32(r.IntN(limit))
	}
	return off
}
