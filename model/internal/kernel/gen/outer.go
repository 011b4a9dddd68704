package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outer4 generates outer4x2 and outer4x1: Set.Outer4 for two rows at a time,
// which share the loads of xt, and for one.
func outer4(a *asm, s isa) {
	for _, rows := range []int{2, 1} {
		a.function(fmt.Sprintf("outer4x%d%s", rows, s.suffix), fmt.Sprintf("is Set.Outer4 for o = %d.", rows),
			"k int, gr, xt *float32, ldx int, out *float32, ldo int, add bool")
		k, xt, ldx, out, ldo := a.gp("k"), a.gp("xt"), a.bytes("ldx"), a.gp("out"), a.bytes("ldo")
		g, add := a.gp("gr"), a.flag("add")
		gs := make([][]reg.VecVirtual, rows)
		for i := range gs {
			gs[i] = a.vecs(4, s.width)
			for t := range gs[i] {
				a.VBROADCASTSS(mem(g, 16*i+4*t), gs[i][t])
			}
		}
		ldx3 := a.GP64()
		a.LEAQ(idx(ldx, ldx, 2, 0), ldx3)
		for width := s.width; width >= 4; width /= 2 {
			loop, fresh, ready, next := a.label("loop"), a.label("fresh"), a.label("ready"), a.label("next")
			acc, x := a.vecs(rows, width), a.vec(width)
			at := []operand.Mem{mem(out, 0), idx(out, ldo, 1, 0)}
			a.Label(loop)
			a.CMPQ(k, operand.I32(width))
			a.JLT(ref(next))
			a.TESTQ(add, add)
			a.JZ(ref(fresh))
			for i := range acc {
				a.VMOVUPS(at[i], acc[i])
			}
			a.JMP(ref(ready))
			a.Label(fresh)
			for i := range acc {
				a.zero(acc[i], width)
			}
			a.Label(ready)
			for t, from := range []operand.Mem{mem(xt, 0), idx(xt, ldx, 1, 0), idx(xt, ldx, 2, 0), idx(xt, ldx3, 1, 0)} {
				a.VMOVUPS(from, x)
				for i := range acc {
					a.VFMADD231PS(x, narrow(gs[i][t], width), acc[i])
				}
			}
			for i := range acc {
				a.VMOVUPS(acc[i], at[i])
			}
			a.ADDQ(operand.I32(4*width), xt)
			a.ADDQ(operand.I32(4*width), out)
			a.SUBQ(operand.I32(width), k)
			a.JMP(ref(loop))
			a.Label(next)
		}
		a.VZEROUPPER()
		a.RET()
	}
}

// outer4SGD generates Set.Outer4SGD for one row.
func outer4SGD(a *asm) {
	a.function("outer4SGDAVX2", "is Set.Outer4SGD for o = 1.",
		"k int, gr, xt *float32, ldx int, w, v *float32, lr, mu, wd float32")
	k, xt, ldx, w, v, g := a.gp("k"), a.gp("xt"), a.bytes("ldx"), a.gp("w"), a.gp("v"), a.gp("gr")
	gs := a.vecs(4, 8)
	for t := range gs {
		a.VBROADCASTSS(mem(g, 4*t), gs[t])
	}
	lr, mu, wd := a.splat("lr", 8), a.splat("mu", 8), a.splat("wd", 8)
	ldx3, j := a.GP64(), a.GP64()
	a.LEAQ(idx(ldx, ldx, 2, 0), ldx3)
	x2 := a.GP64()
	a.LEAQ(idx(xt, ldx3, 1, 0), ldx3)
	a.LEAQ(idx(xt, ldx, 2, 0), x2)
	a.ADDQ(xt, ldx)
	d, ws := a.YMM(), a.YMM()
	columns(a, k, octets(a, k), j, func(width int) {
		d, ws := narrow(d, width), narrow(ws, width)
		a.VXORPS(d, d, d)
		for t, row := range []reg.GPVirtual{xt, ldx, x2, ldx3} {
			a.VFMADD231PS(idx(row, j, 4, 0), narrow(gs[t], width), d)
		}
		a.VMOVUPS(idx(w, j, 4, 0), ws)
		a.VFMADD231PS(ws, narrow(wd, width), d)
		vs := a.vec(width)
		a.VMOVUPS(idx(v, j, 4, 0), vs)
		a.VFMADD231PS(vs, narrow(mu, width), d) // d is now the new v
		a.VMOVUPS(d, idx(v, j, 4, 0))
		a.VFNMADD231PS(d, narrow(lr, width), ws)
		a.VMOVUPS(ws, idx(w, j, 4, 0))
	})
	a.VZEROUPPER()
	a.RET()
}

// narrow is the low part of a vector register.
func narrow(v reg.VecVirtual, width int) reg.Register {
	switch width {
	case 4:
		return v.AsX()
	case 8:
		return v.AsY()
	}
	return v.AsZ()
}
