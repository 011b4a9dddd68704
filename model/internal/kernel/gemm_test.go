package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// gemmCase is one call's data.
type gemmCase struct {
	m, n, k, om     int
	off             []int32
	x, w, bias, out *buffer
}

func newGemmCase(r *rand.Rand, m, n, k int, bias bool, pick func(*rand.Rand) float32) *gemmCase {
	const span = 40
	c := &gemmCase{m: m, n: n, k: k, om: n + r.IntN(3), off: offsets(r, k, span)}
	c.x = newBuffer(r, span+n, pick)
	c.w = newBuffer(r, k*m, pick)
	c.out = newBuffer(r, (m-1)*c.om+n, pick)
	if bias {
		c.bias = newBuffer(r, m, pick)
	}
	return c
}

func (c *gemmCase) run(s *Set) *buffer {
	out := c.out.clone()
	var bias *float32
	if c.bias != nil {
		bias = c.bias.p()
	}
	s.Gemm(c.m, c.n, c.k, &c.off[0], c.x.p(), c.w.p(), bias, out.p(), c.om)
	return out
}

func TestGemmIsAMatrixProduct(t *testing.T) {
	// Small integers make every float32 operation exact.
	r := rand.New(rand.NewPCG(3, 4))
	whole := func(r *rand.Rand) float32 { return float32(r.IntN(17) - 8) }
	for _, bias := range []bool{true, false} {
		c := newGemmCase(r, 5, 36, 11, bias, whole)
		for _, l := range Levels() {
			got := c.run(For(l))
			for i := range c.m {
				for j := range c.n {
					want := *c.out.at(i*c.om + j)
					if bias {
						want = *c.bias.at(i)
					}
					for k := range c.k {
						want += *c.w.at(k*c.m + i) * *c.x.at(int(c.off[k]) + j)
					}
					if g := *got.at(i*c.om + j); g != want {
						t.Fatalf("%v bias=%v: out[%d][%d] = %v, want %v", l, bias, i, j, g, want)
					}
				}
			}
		}
	}
}

func TestGemmSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for m := 1; m <= 6; m++ {
			for _, n := range lengths {
				for _, k := range []int{0, 1, 2, 7, 25} {
					for _, bias := range []bool{true, false} {
						c := newGemmCase(r, m, n, k, bias, pick)
						compareBuffers(t, fmt.Sprintf("m=%d n=%d k=%d bias=%v", m, n, k, bias), c.run(s), c.run(&portable))
					}
				}
			}
		}
	})
}

func TestGemmNegativeOffsets(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	c := newGemmCase(r, 6, 52, 9, true, tame)
	want := c.run(&portable)
	for i := range c.off {
		c.off[i] -= 16
	}
	for _, l := range Levels() {
		got := c.out.clone()
		For(l).Gemm(c.m, c.n, c.k, &c.off[0], c.x.at(16), c.w.p(), c.bias.p(), got.p(), c.om)
		compareBuffers(t, l.String(), got, want)
	}
}

func TestGemmRefusesRows(t *testing.T) {
	for _, l := range Levels() {
		for _, m := range []int{0, 7} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%v: Gemm with %d rows did not panic", l, m)
					}
				}()
				For(l).Gemm(m, 0, 0, nil, nil, nil, nil, nil, 0)
			}()
		}
	}
}

func FuzzGemm(f *testing.F) {
	f.Add(uint8(6), uint8(7), uint8(3), true, []byte("any bits make floats"))
	f.Add(uint8(1), uint8(1), uint8(1), false, []byte{0, 0, 0x80, 0x7f, 0, 0, 0, 0x80})
	f.Fuzz(func(t *testing.T, m, n, k uint8, bias bool, bits []byte) {
		if len(bits) < 4 {
			return
		}
		next := 0
		pick := func(*rand.Rand) float32 {
			var b [4]byte
			for i := range b {
				b[i] = bits[next%len(bits)]
				next++
			}
			return math.Float32frombits(binary.LittleEndian.Uint32(b[:]))
		}
		c := newGemmCase(rand.New(rand.NewPCG(7, uint64(n))), 1+int(m)%6, int(n)%32*4, int(k)%40, bias, pick)
		want := c.run(&portable)
		for _, l := range Levels()[1:] {
			compareBuffers(t, l.String(), c.run(For(l)), want)
		}
	})
}

func TestOuter4IsASumOfOuterProducts(t *testing.T) {
	g := []float32{1, 2, 3, 4, 5, 6, 7, 8}
	xt := []float32{1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400, 1000, 2000, 3000, 4000}
	for _, l := range Levels() {
		out := []float32{1, 1, 1, 1, 1, 1, 1, 1}
		For(l).Outer4(2, 4, &g[0], &xt[0], 4, &out[0], 4, true)
		want := []float32{4322, 8643, 12964, 17285, 8766, 17531, 26296, 35061}
		if fmt.Sprint(out) != fmt.Sprint(want) {
			t.Errorf("%v: got %v, want %v", l, out, want)
		}
	}
}

func TestOuter4SameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for o := range 6 {
			for _, k := range lengths {
				for _, add := range []bool{true, false} {
					ldx, ldo := k+r.IntN(3), k+r.IntN(3)
					g, xt, want := newBuffer(r, 4*o, pick), newBuffer(r, 3*ldx+k, pick), newBuffer(r, o*ldo, pick)
					got := want.clone()
					s.Outer4(o, k, g.p(), xt.p(), ldx, got.p(), ldo, add)
					outer4Go(o, k, g.p(), xt.p(), ldx, want.p(), ldo, add)
					compareBuffers(t, fmt.Sprintf("o=%d k=%d add=%v", o, k, add), got, want)
				}
			}
		}
	})
}

// A step by outer products is the step by their sum.
func TestOuter4SGDIsOuter4ThenSGD(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for o := range 4 {
			for _, k := range lengths {
				ldx, ldo := k+r.IntN(3), k+r.IntN(3)
				lr, mu, wd := pick(r), pick(r), pick(r)
				g, xt := newBuffer(r, 4*o, pick), newBuffer(r, 3*ldx+k, pick)
				w, v, d := newBuffer(r, o*ldo, pick), newBuffer(r, o*ldo, pick), newBuffer(r, o*ldo, pick)
				w1, v1, w2, v2 := w.clone(), v.clone(), w.clone(), v.clone()
				s.Outer4SGD(o, k, g.p(), xt.p(), ldx, w1.p(), v1.p(), ldo, lr, mu, wd)
				portable.Outer4SGD(o, k, g.p(), xt.p(), ldx, w2.p(), v2.p(), ldo, lr, mu, wd)
				outer4Go(o, k, g.p(), xt.p(), ldx, d.p(), ldo, false)
				for i := range o {
					if k > 0 {
						sgdGo(k, w.at(i*ldo), v.at(i*ldo), d.at(i*ldo), lr, mu, wd)
					}
				}
				what := fmt.Sprintf("o=%d k=%d", o, k)
				compareBuffers(t, "w, "+what, w1, w)
				compareBuffers(t, "v, "+what, v1, v)
				compareBuffers(t, "portable w, "+what, w2, w)
				compareBuffers(t, "portable v, "+what, v2, v)
			}
		}
	})
}
