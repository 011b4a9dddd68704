package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tiles are the tile widths, in vectors, for m rows. The first is the widest:
// as many accumulators as the registers hold beside the operands, and at least
// eight, since a core with two multiply-adds a cycle of latency four needs
// that many chains to be busy. The rest of a row takes the narrower ones.
func (s isa) tiles(m int) []int {
	if s.width == 16 {
		return [][]int{1: {12, 6, 3, 2, 1}, 2: {10, 5, 3, 2, 1}, 3: {8, 4, 2, 1}, 4: {6, 3, 2, 1}, 5: {5, 3, 2, 1}, 6: {4, 2, 1}}[m]
	}
	return [][]int{1: {8, 4, 2, 1}, 2: {6, 4, 2, 1}, 3: {4, 3, 2, 1}, 4: {3, 2, 1}, 5: {2, 1}, 6: {2, 1}}[m]
}

// left lists the rests of a row, in vectors, of which the widest tile takes
// nothing, so that what remains for the narrower ones is not a single vector:
// 5 = 3+2, 6 = 3+3 and 9 = 3+3+3 instead of 4+1, 4+2 and 4+4+1; 4 = 2+2.
func (s isa) left(m int) []int {
	switch {
	case s.width == 16:
		return nil
	case m == 3:
		return []int{5, 6, 9}
	case m == 4:
		return []int{4}
	}
	return nil
}

// gemm generates gemm1 to gemm6: Set.Gemm for a fixed number of rows.
func gemm(a *asm, s isa) {
	for m := 1; m <= 6; m++ {
		a.function(fmt.Sprintf("gemm%d%s", m, s.suffix), fmt.Sprintf("is Set.Gemm for m = %d.", m),
			"n, k int, off *int32, x, w, bias, out *float32, om int")
		g := &gemmRegs{
			n: a.gp("n"), k: a.gp("k"), off: a.gp("off"), x: a.gp("x"), w: a.gp("w"),
			bias: a.gp("bias"), out: a.gp("out"), om: a.bytes("om"),
		}
		// Count k up to zero, so that one register steps through off.
		a.LEAQ(idx(g.off, g.k, 4, 0), g.off)
		a.NEGQ(g.k)
		for i, n := range s.tiles(m) {
			var left []int
			if i == 0 {
				left = s.left(m)
			}
			gemmTile(a, g, m, n, s.width, left)
		}
		if s.width == 16 {
			gemmTile(a, g, m, 1, 8, nil)
		}
		gemmTile(a, g, m, 1, 4, nil)
		a.VZEROUPPER()
		a.RET()
	}
}

type gemmRegs struct{ n, k, off, x, w, bias, out, om reg.GPVirtual }

// gemmTile computes tiles of m rows by n vectors while the row has room and
// what is left of it is not listed.
func gemmTile(a *asm, g *gemmRegs, m, n, width int, left []int) {
	tile, load, start, loop, store, next := a.label("tile"), a.label("load"), a.label("start"), a.label("loop"), a.label("store"), a.label("next")
	a.Label(tile)
	a.CMPQ(g.n, operand.I32(n*width))
	a.JLT(ref(next))
	for _, v := range left {
		take := a.label("take")
		a.CMPQ(g.n, operand.I32(v*width))
		a.JLT(ref(take))
		a.CMPQ(g.n, operand.I32((v+1)*width))
		a.JLT(ref(next))
		a.Label(take)
	}

	acc := make([][]reg.VecVirtual, m)
	for i := range acc {
		acc[i] = a.vecs(n, width)
	}
	a.TESTQ(g.bias, g.bias)
	a.JZ(ref(load))
	for i := range acc {
		for j := range acc[i] {
			a.VBROADCASTSS(mem(g.bias, 4*i), acc[i][j])
		}
	}
	a.JMP(ref(start))
	a.Label(load)
	q := a.GP64()
	a.MOVQ(g.out, q)
	for i := range acc {
		for j := range acc[i] {
			a.VMOVUPS(mem(q, 4*width*j), acc[i][j])
		}
		if i+1 < m {
			a.ADDQ(g.om, q)
		}
	}

	a.Label(start)
	k, w, o := a.GP64(), a.GP64(), a.GP64()
	a.MOVQ(g.w, w)
	a.MOVQ(g.k, k)
	a.TESTQ(k, k)
	a.JZ(ref(store))
	a.Label(loop)
	a.MOVLQSX(idx(g.off, k, 4, 0), o)
	x := func(j int) operand.Mem { return idx(g.x, o, 4, 4*width*j) }
	// Keep the shorter of the two operand lists in registers.
	if m < n {
		ws, xv := a.vecs(m, width), a.vec(width)
		for i := range ws {
			a.VBROADCASTSS(mem(w, 4*i), ws[i])
		}
		for j := range n {
			if m == 1 {
				a.VFMADD231PS(x(j), ws[0], acc[0][j])
				continue
			}
			a.VMOVUPS(x(j), xv)
			for i := range m {
				a.VFMADD231PS(xv, ws[i], acc[i][j])
			}
		}
	} else {
		xs, wv := a.vecs(n, width), a.vec(width)
		for j := range xs {
			a.VMOVUPS(x(j), xs[j])
		}
		for i := range m {
			a.VBROADCASTSS(mem(w, 4*i), wv)
			for j := range n {
				a.VFMADD231PS(xs[j], wv, acc[i][j])
			}
		}
	}
	a.ADDQ(operand.I32(4*m), w)
	a.INCQ(k)
	a.JNZ(ref(loop))

	a.Label(store)
	p := a.GP64()
	a.MOVQ(g.out, p)
	for i := range acc {
		for j := range acc[i] {
			a.VMOVUPS(acc[i][j], mem(p, 4*width*j))
		}
		if i+1 < m {
			a.ADDQ(g.om, p)
		}
	}
	a.ADDQ(operand.I32(4*width*n), g.x)
	a.ADDQ(operand.I32(4*width*n), g.out)
	a.SUBQ(operand.I32(width*n), g.n)
	a.JMP(ref(tile))
	a.Label(next)
}
