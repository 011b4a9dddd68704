package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduce generates the reductions. Their eight lanes are one ymm register.
func reduce(a *asm) {
	// 3x4 or 4x3 sums fill the registers: 12, three of the shorter list of
	// operands and one of the longer.
	for m := 1; m <= 4; m++ {
		for t := 1; t <= 4 && m*t <= 12; t++ {
			wgrad(a, m, t)
		}
	}
	for _, m := range []int{1, 2, 4} {
		sumRows(a, m)
	}
}

// columns loops over a row: body(8) while eight floats are left, body(4) for
// the last four if n is not a multiple of 8. j counts floats.
func columns(a *asm, n, n8, j reg.GPVirtual, body func(width int)) {
	loop, tail, done := a.label("column"), a.label("tail"), a.label("done")
	a.XORQ(j, j)
	a.CMPQ(n8, operand.Imm(0))
	a.JEQ(ref(tail))
	a.Label(loop)
	body(8)
	a.ADDQ(operand.Imm(8), j)
	a.CMPQ(j, n8)
	a.JLT(ref(loop))
	a.Label(tail)
	a.CMPQ(j, n)
	a.JGE(ref(done))
	body(4)
	a.Label(done)
}

// octets returns n rounded down to a multiple of 8.
func octets(a *asm, n reg.GPVirtual) reg.GPVirtual {
	n8 := a.GP64()
	a.MOVQ(n, n8)
	a.ANDQ(operand.I32(-8), n8)
	return n8
}

// fold sums a register's eight lanes by the tree of the portable twin and
// stores the sum, or adds it to what is there.
func fold(a *asm, acc reg.VecVirtual, add reg.GPVirtual, to operand.Mem) {
	t, set := a.XMM(), a.label("set")
	a.VEXTRACTF128(operand.Imm(1), acc, t)
	a.VADDPS(t, acc.AsX(), acc.AsX())
	a.VPERMILPS(operand.Imm(0x4e), acc.AsX(), t)
	a.VADDPS(t, acc.AsX(), acc.AsX())
	a.VPERMILPS(operand.Imm(0xb1), acc.AsX(), t)
	a.VADDPS(t, acc.AsX(), acc.AsX())
	a.TESTQ(add, add)
	a.JZ(ref(set))
	a.VADDSS(to, acc.AsX(), acc.AsX())
	a.Label(set)
	a.VMOVSS(acc.AsX(), to)
}

func wgrad(a *asm, m, t int) {
	a.function(fmt.Sprintf("wgrad%dx%dAVX2", m, t), fmt.Sprintf("is Set.WGrad for m = %d, t = %d.", m, t),
		"rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool")
	acc := make([][]reg.VecVirtual, m)
	for i := range acc {
		acc[i] = a.vecs(t, 8)
		for q := range acc[i] {
			a.zero(acc[i][q], 8)
		}
	}
	off, x := a.gp("off"), a.gp("x")
	xs := make([]reg.GPVirtual, t)
	for q := range xs {
		xs[q] = a.GP64()
		a.MOVLQSX(mem(off, 4*q), xs[q])
		a.LEAQ(idx(x, xs[q], 4, 0), xs[q])
	}
	dy := []reg.GPVirtual{a.gp("dy")}
	if m > 1 {
		dyChan := a.bytes("dyChan")
		for i := 1; i < m; i++ {
			dy = append(dy, a.GP64())
			a.LEAQ(idx(dy[i-1], dyChan, 1, 0), dy[i])
		}
	}
	rows, n, dyRow, xRow := a.gp("rows"), a.gp("n"), a.bytes("dyRow"), a.bytes("xRow")
	n8, j := octets(a, n), a.GP64()

	row, done := a.label("row"), a.label("end")
	a.Label(row)
	a.SUBQ(operand.Imm(1), rows)
	a.JLT(ref(done))
	// A tail of four leaves zeros in the upper lanes of what is loaded.
	held, streamed, sum := dy, xs, func(h, s int) reg.VecVirtual { return acc[h][s] }
	if m > t {
		held, streamed, sum = xs, dy, func(h, s int) reg.VecVirtual { return acc[s][h] }
	}
	hs, v := a.vecs(len(held), 8), a.YMM()
	columns(a, n, n8, j, func(width int) {
		for h := range hs {
			a.VMOVUPS(idx(held[h], j, 4, 0), narrow(hs[h], width))
		}
		for s := range streamed {
			a.VMOVUPS(idx(streamed[s], j, 4, 0), narrow(v, width))
			for h := range hs {
				a.VFMADD231PS(v, hs[h], sum(h, s))
			}
		}
	})
	for i := range dy {
		a.ADDQ(dyRow, dy[i])
	}
	for q := range xs {
		a.ADDQ(xRow, xs[q])
	}
	a.JMP(ref(row))
	a.Label(done)

	out, chan_, add := a.gp("out"), a.bytes("outChan"), a.flag("add")
	for i := range acc {
		for q := range acc[i] {
			fold(a, acc[i][q], add, mem(out, 4*q))
		}
		if i+1 < m {
			a.ADDQ(chan_, out)
		}
	}
	a.VZEROUPPER()
	a.RET()
}

func sumRows(a *asm, m int) {
	a.function(fmt.Sprintf("sumRows%dAVX2", m), fmt.Sprintf("is Set.SumRows for m = %d.", m),
		"rows, n int, dy *float32, dyRow, dyChan int, out *float32, add bool")
	acc := a.vecs(m, 8)
	for i := range acc {
		a.zero(acc[i], 8)
	}
	rows, n, dyRow, dyChan := a.gp("rows"), a.gp("n"), a.bytes("dyRow"), a.bytes("dyChan")
	dy := make([]reg.GPVirtual, m)
	for i := range dy {
		if dy[i] = a.GP64(); i == 0 {
			a.Load(a.Param("dy"), dy[0])
		} else {
			a.LEAQ(idx(dy[i-1], dyChan, 1, 0), dy[i])
		}
	}
	n8, j := octets(a, n), a.GP64()

	row, done := a.label("row"), a.label("end")
	a.Label(row)
	a.SUBQ(operand.Imm(1), rows)
	a.JLT(ref(done))
	d := a.YMM()
	columns(a, n, n8, j, func(width int) {
		for i := range acc {
			a.VMOVUPS(idx(dy[i], j, 4, 0), narrow(d, width))
			a.VADDPS(d, acc[i], acc[i])
		}
	})
	for i := range dy {
		a.ADDQ(dyRow, dy[i])
	}
	a.JMP(ref(row))
	a.Label(done)

	out, add := a.gp("out"), a.flag("add")
	for i := range acc {
		fold(a, acc[i], add, mem(out, 4*i))
	}
	a.VZEROUPPER()
	a.RET()
}
