package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// convCase is one call's data.
type convCase struct {
	m, n            int
	win             Window
	x, w, bias, out *buffer
	from            int // where x starts in its buffer
}

func newConvCase(r *rand.Rand, m, n int, bias bool, pick func(*rand.Rand) float32) *convCase {
	c := &convCase{m: m, n: n, win: Window{
		Blocks: 1 + r.IntN(3), Rows: r.IntN(4), Quads: r.IntN(4), Rest: r.IntN(4),
		XRow: r.IntN(40) - 20, XBlock: r.IntN(40) - 20, WRow: r.IntN(5), WBlock: r.IntN(5),
		XPixel: r.IntN(80) - 40, OutPixel: pixelFloats + r.IntN(5),
	}}
	c.win.OutChannel = max(1, n)*c.win.OutPixel + r.IntN(5)
	low, high, weights := 0, 0, 0
	c.win.steps(m, func(x, w int) {
		low, high, weights = min(low, x, x+(n-1)*c.win.XPixel), max(high, x+pixelFloats, x+(n-1)*c.win.XPixel+pixelFloats), max(weights, w+m)
	})
	c.from = -low
	c.x, c.w = newBuffer(r, high-low, pick), newBuffer(r, weights, pick)
	c.out = newBuffer(r, max(0, (m-1)*c.win.OutChannel+(n-1)*c.win.OutPixel+pixelFloats), pick)
	if bias {
		c.bias = newBuffer(r, m, pick)
	}
	return c
}

func (c *convCase) run(s *Set) *buffer {
	out := c.out.clone()
	var bias *float32
	if c.bias != nil {
		bias = c.bias.p()
	}
	s.Conv(c.m, c.n, &c.win, c.x.at(c.from), c.w.p(), bias, out.p())
	return out
}

func (c *convCase) String() string {
	return fmt.Sprintf("m=%d n=%d bias=%v %+v", c.m, c.n, c.bias != nil, c.win)
}

// eachConvCase draws windows of every number of channels and pixels.
func eachConvCase(r *rand.Rand, rounds int, pick func(*rand.Rand) float32, f func(c *convCase)) {
	for m := 1; m <= maxRows; m++ {
		for n := range 10 {
			for range rounds {
				for _, bias := range []bool{true, false} {
					f(newConvCase(r, m, n, bias, pick))
				}
			}
		}
	}
}

// A convolution of 3x3 taps over 2 blocks of 8 channels and 4 pixels, by its
// definition.
func TestConvIsAConvolution(t *testing.T) {
	const block, blocks, W, H, k, m, n = 8, 2, 6, 3, 3, 3, 4
	r := rand.New(rand.NewPCG(3, 4))
	whole := func(r *rand.Rand) float32 { return float32(r.IntN(17) - 8) } // exact in float32
	x, w, bias := newBuffer(r, blocks*H*W*block*pixelFloats, whole), newBuffer(r, blocks*k*k*block*m, whole), newBuffer(r, m, whole)
	win := Window{
		Blocks: blocks, Rows: k, Quads: k * block / 4, XRow: (W - k) * block * pixelFloats, XBlock: ((H-k)*W + W - k) * block * pixelFloats, XPixel: block * pixelFloats,
		OutPixel: pixelFloats, OutChannel: n * pixelFloats,
	}
	for _, l := range Levels() {
		out := newBuffer(r, m*n*pixelFloats, whole)
		For(l).Conv(m, n, &win, x.p(), w.p(), bias.p(), out.p())
		for i := range m {
			for p := range n {
				for lane := range pixelFloats {
					want := *bias.at(i)
					for c := range blocks * block {
						for ty := range k {
							for tx := range k {
								want += *w.at((((c/block*k+ty)*k+tx)*block+c%block)*m + i) *
									*x.at(((((c/block)*H+ty)*W+p+tx)*block+c%block)*pixelFloats + lane)
							}
						}
					}
					if got := *out.at((i*n+p)*pixelFloats + lane); got != want {
						t.Fatalf("%v: channel %d pixel %d lane %d: got %v, want %v", l, i, p, lane, got, want)
					}
				}
			}
		}
	}
}

func TestConvSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		eachConvCase(r, 8, pick, func(c *convCase) {
			compareBuffers(t, c.String(), c.run(s), c.run(&portable))
		})
	})
}

func TestConvInterpreted(t *testing.T) {
	for _, isa := range []struct{ suffix, file string }{{"AVX2", "avx2_conv_amd64.s"}, {"AVX512", "avx512_conv_amd64.s"}} {
		programs := assemble(t, isa.file)
		for _, values := range pickers {
			t.Run(isa.suffix+"/"+values.name, func(t *testing.T) {
				eachConvCase(rand.New(rand.NewPCG(1, 2)), 1, values.pick, func(c *convCase) {
					got := c.out.clone()
					call(t, c.String(), programs[fmt.Sprintf("conv%d%s", c.m, isa.suffix)], c.n, &c.win, inside{c.x, c.from}, c.w, c.bias, got)
					compareBuffers(t, c.String(), got, c.run(&portable))
				})
			})
		}
	}
}

func TestRegroupMovesPixels(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for n := range 4 {
			for m := range 10 {
				src, want := newBuffer(r, m*n*20, pick), newBuffer(r, m*n*pixelFloats, pick)
				got := want.clone()
				for j := range n {
					for i := range m {
						for l := range pixelFloats {
							*want.at((j*m+i)*pixelFloats + l) = *src.at((i*n+n-1-j)*20 + l)
						}
					}
				}
				if n*m > 0 {
					portable.Regroup(n, m, src.at((n-1)*20), -20, n*20, got.p(), m*pixelFloats, pixelFloats)
					compareBuffers(t, fmt.Sprintf("portable n=%d m=%d", n, m), got, want)
					clear(got.row())
					s.Regroup(n, m, src.at((n-1)*20), -20, n*20, got.p(), m*pixelFloats, pixelFloats)
				} else {
					s.Regroup(n, m, nil, 0, 0, nil, 0, 0)
				}
				compareBuffers(t, fmt.Sprintf("n=%d m=%d", n, m), got, want)
			}
		}
	})
}

func TestConvRefusesRows(t *testing.T) {
	for _, l := range Levels() {
		for _, m := range []int{0, 7} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%v: Conv with %d rows did not panic", l, m)
					}
				}()
				For(l).Conv(m, 0, &Window{}, nil, nil, nil, nil)
			}()
		}
	}
}
