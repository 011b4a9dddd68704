package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var minusInf = float32(math.Inf(-1))

// poolCase is one row of pooling windows.
type poolCase struct {
	nOut, lanes, taps, step, stepDx int
	off, offDx                      []int32
	x, xr, y, yr, g, dx             *buffer
}

func newPoolCase(r *rand.Rand, nOut, lanes, taps int, floor float32, pick func(*rand.Rand) float32) *poolCase {
	c := &poolCase{nOut: nOut, lanes: lanes, taps: taps, step: lanes * (1 + r.IntN(3)), stepDx: lanes * (1 + r.IntN(3))}
	// Taps lie on pixels; several windows share some when the step is short.
	for range taps + 1 {
		c.off = append(c.off, int32(r.IntN(6)*lanes))
		c.offDx = append(c.offDx, int32(r.IntN(8)*lanes))
	}
	size, sizeDx := nOut*c.step+6*lanes, nOut*c.stepDx+8*lanes
	c.x, c.xr, c.dx = newBuffer(r, size, pick), newBuffer(r, size, pick), newBuffer(r, sizeDx, pick)
	c.y, c.yr, c.g = newBuffer(r, nOut*lanes, pick), newBuffer(r, nOut*lanes, pick), newBuffer(r, nOut*lanes, pick)
	maxPoolGo(nOut, lanes, taps, &c.off[0], c.x.p(), c.step, floor, c.y.p())
	maxPoolGo(nOut, lanes, taps, &c.off[0], c.xr.p(), c.step, floor, c.yr.p())
	return c
}

func (c *poolCase) forward(s *Set, floor float32) *buffer {
	out := c.g.clone()
	s.MaxPool(c.nOut, c.lanes, c.taps, &c.off[0], c.x.p(), c.step, floor, out.p())
	return out
}

func (c *poolCase) grad(s *Set, floor float32) *buffer {
	dx := c.dx.clone()
	s.MaxPoolGrad(c.nOut, c.lanes, c.taps, &c.off[0], c.x.p(), c.step, floor, c.y.p(), c.g.p(), &c.offDx[0], dx.p(), c.stepDx)
	return dx
}

func TestPoolingSameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, lanes := range []int{4, 16} {
			for _, taps := range []int{0, 1, 2, 3, 4, 5, 9} {
				for nOut := range 12 {
					for _, floor := range []float32{0, minusInf, 0.5} {
						what := fmt.Sprintf("lanes=%d taps=%d nOut=%d floor=%v", lanes, taps, nOut, floor)
						c := newPoolCase(r, nOut, lanes, taps, floor, pick)
						compareBuffers(t, "MaxPool "+what, c.forward(s, floor), c.forward(&portable, floor))
						compareBuffers(t, "MaxPoolGrad "+what, c.grad(s, floor), c.grad(&portable, floor))
					}
				}
			}
		}
	})
}

// Windows of 2x2 that tile the image: the kernel gives the bits of all levels'
// twin, and of MaxPoolGrad on a cleared dx, and touches nothing else.
func TestMaxPoolGrad2x2SameBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, s *Set, r *rand.Rand, pick func(*rand.Rand) float32) {
		for _, lanes := range []int{4, 16} {
			for nOut := range 12 {
				for _, floor := range []float32{0, minusInf, 0.5} {
					what := fmt.Sprintf("lanes=%d nOut=%d floor=%v", lanes, nOut, floor)
					row := (2*nOut + r.IntN(3)) * lanes
					x, y, g := newBuffer(r, 2*row, pick), newBuffer(r, nOut*lanes, pick), newBuffer(r, nOut*lanes, pick)
					off := []int32{0, int32(lanes), int32(row), int32(row + lanes)}
					maxPoolGo(nOut, lanes, 4, &off[0], x.p(), 2*lanes, floor, y.p())
					before := newBuffer(r, 2*row, pick)
					got, twin, cleared := before.clone(), before.clone(), before.clone()
					s.MaxPoolGrad2x2(nOut, lanes, x.p(), row, floor, y.p(), g.p(), got.p())
					portable.MaxPoolGrad2x2(nOut, lanes, x.p(), row, floor, y.p(), g.p(), twin.p())
					compareBuffers(t, what, got, twin)
					for p := range nOut {
						for _, o := range off {
							for l := range lanes {
								*cleared.at(2*p*lanes + int(o) + l) = 0
							}
						}
					}
					s.MaxPoolGrad(nOut, lanes, 4, &off[0], x.p(), 2*lanes, floor, y.p(), g.p(), &off[0], cleared.p(), 2*lanes)
					compareBuffers(t, "beside MaxPoolGrad, "+what, got, cleared)
				}
			}
		}
	})
}

func TestMaxPoolOfKnownValues(t *testing.T) {
	nan := float32(math.NaN())
	// Four lanes, a window of three pixels, moved by one.
	x := []float32{
		1, -1, nan, minusInf,
		3, -2, 2, minusInf,
		3, -3, nan, minusInf,
		0, 7, 1, minusInf,
	}
	g := []float32{1, 2, 4, 8, 10, 20, 40, 80}
	off := []int32{0, 4, 8}
	for _, l := range Levels() {
		for _, c := range []struct {
			floor float32
			y, dx []float32
		}{
			{0, []float32{3, 0, 2, 0, 3, 7, 2, 0}, []float32{0, 0, 0, 0, 11, 0, 44, 0, 0, 0, 0, 0, 0, 20, 0, 0}},
			{minusInf, []float32{3, -1, 2, minusInf, 3, 7, 2, minusInf}, []float32{0, 2, 0, 8, 11, 0, 44, 80, 0, 0, 0, 0, 0, 20, 0, 0}},
		} {
			y, dx := make([]float32, 8), make([]float32, 16)
			For(l).MaxPool(2, 4, 3, &off[0], &x[0], 4, c.floor, &y[0])
			For(l).MaxPoolGrad(2, 4, 3, &off[0], &x[0], 4, c.floor, &y[0], &g[0], &off[0], &dx[0], 4)
			if fmt.Sprint(y, dx) != fmt.Sprint(c.y, c.dx) {
				t.Errorf("%v floor=%v: got y %v dx %v, want y %v dx %v", l, c.floor, y, dx, c.y, c.dx)
			}
		}
	}
}

func TestPoolingRefusesLanes(t *testing.T) {
	for _, l := range Levels() {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: MaxPool with 8 lanes did not panic", l)
				}
			}()
			For(l).MaxPool(0, 8, 4, nil, nil, 0, 0, nil)
		}()
	}
}
