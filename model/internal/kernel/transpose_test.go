package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestTransposeMovesEveryElement(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, l := range Levels() {
		for rows := range 21 {
			for cols := range 21 {
				lds, ldd := cols+r.IntN(3), rows+r.IntN(3)
				src, dst := newBuffer(r, rows*lds, savage), newBuffer(r, cols*ldd, savage)
				want := dst.clone()
				for i := range rows {
					for j := range cols {
						*want.at(j*ldd + i) = *src.at(i*lds + j)
					}
				}
				For(l).Transpose(rows, cols, src.p(), lds, dst.p(), ldd)
				compareBuffers(t, fmt.Sprintf("%v %dx%d", l, rows, cols), dst, want)
			}
		}
	}
}

func TestLanesAndRowsAreInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, l := range Levels() {
		s := For(l)
		for _, lanes := range []int{4, 16} {
			pack, unpack := s.Lanes4, s.Rows4
			if lanes == 16 {
				pack, unpack = s.Lanes16, s.Rows16
			}
			for _, n := range lengths {
				ld := n + r.IntN(3)
				src, mid, back := newBuffer(r, lanes*ld, wild), newBuffer(r, lanes*n, tame), newBuffer(r, lanes*ld, tame)
				want, wantBack := mid.clone(), back.clone()
				for i := range lanes {
					for p := range n {
						*want.at(p*lanes + i) = *src.at(i*ld + p)
						*wantBack.at(i*ld + p) = *src.at(i*ld + p)
					}
				}
				pack(n, src.p(), ld, mid.p())
				compareBuffers(t, fmt.Sprintf("%v pack %dx%d", l, lanes, n), mid, want)
				unpack(n, mid.p(), back.p(), ld)
				compareBuffers(t, fmt.Sprintf("%v unpack %dx%d", l, lanes, n), back, wantBack)
			}
		}
	}
}
