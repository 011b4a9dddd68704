package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// perturb generates the loops of perturbation methods.
func perturb(a *asm) {
	select16(a)
	fade16(a)
	mix(a)
	moments64(a)
	sumRows64(a)
	superpixels(a)
	higherMoments(a)
}

// sixteen loops over n values of which each fills sixteen lanes: two registers,
// written to out from the lane that keep begins with on. what computes them for
// value j of feature f. There is a loop that writes all lanes, and one that
// keeps those whose bit in keep is set; lanes points to 1<<0, 1<<1 ... 1<<15.
func sixteen(a *asm, out reg.GPVirtual, bit [2]reg.VecVirtual, what func(f, j reg.GPVirtual) [2]reg.VecVirtual) {
	n, of, keep := a.gp("n"), a.gp("of"), a.gp("keep")
	j, f := a.GP64(), a.GP64()
	a.XORQ(j, j)
	a.TESTQ(keep, keep)
	a.JNZ(ref("some"))
	for _, all := range []bool{true, false} {
		loop := "all"
		var kept [2]reg.VecVirtual
		if !all {
			loop = "some"
			a.Label(loop)
			x := a.XMM()
			a.VMOVD(keep.As32(), x)
			for h := range kept {
				kept[h] = a.YMM()
				a.VPBROADCASTD(x, kept[h])
				a.VPAND(bit[h], kept[h], kept[h])
				a.VPCMPEQD(bit[h], kept[h], kept[h])
			}
			loop = "part"
		}
		a.Label(loop)
		a.MOVLQSX(idx(of, j, 4, 0), f)
		v := what(f, j)
		for h := range v {
			to := mem(out, 32*h)
			if !all {
				a.VBLENDVPS(kept[h], to, v[h], v[h])
			}
			a.VMOVUPS(v[h], to)
		}
		a.ADDQ(operand.Imm(64), out)
		a.INCQ(j)
		a.CMPQ(j, n)
		a.JLT(ref(loop))
		a.VZEROUPPER()
		a.RET()
	}
}

// laneBits loads 1<<0 to 1<<15.
func laneBits(a *asm) [2]reg.VecVirtual {
	p := a.gp("lanes")
	bit := [2]reg.VecVirtual{a.YMM(), a.YMM()}
	a.VMOVUPS(mem(p, 0), bit[0])
	a.VMOVUPS(mem(p, 32), bit[1])
	return bit
}

func select16(a *asm) {
	a.function("select16AVX2", "is Set.Select16 for n at least 1.",
		"n int, of *int32, present *uint32, x, b, out *float32, keep int, lanes *uint32")
	p, bit := a.gps("present x b out"), laneBits(a)
	sixteen(a, p[3], bit, func(f, j reg.GPVirtual) (v [2]reg.VecVirtual) {
		m, x, b := a.YMM(), a.YMM(), a.YMM()
		a.VPBROADCASTD(idx(p[0], f, 4, 0), m)
		a.VBROADCASTSS(idx(p[1], j, 4, 0), x)
		a.VBROADCASTSS(idx(p[2], j, 4, 0), b)
		for h := range v {
			v[h] = a.YMM()
			a.VPAND(bit[h], m, v[h])
			a.VPCMPEQD(bit[h], v[h], v[h])
			a.VBLENDVPS(v[h], x, b, v[h])
		}
		return v
	})
}

func fade16(a *asm) {
	a.function("fade16AVX2", "is Set.Fade16 for n at least 1.",
		"n int, of *int32, share, d, b, out *float32, keep int, lanes *uint32")
	p, bit := a.gps("share d b out"), laneBits(a)
	sixteen(a, p[3], bit, func(f, j reg.GPVirtual) (v [2]reg.VecVirtual) {
		d, b := a.YMM(), a.YMM()
		a.SHLQ(operand.Imm(6), f)
		a.VBROADCASTSS(idx(p[1], j, 4, 0), d)
		a.VBROADCASTSS(idx(p[2], j, 4, 0), b)
		for h := range v {
			v[h] = a.YMM()
			a.VMULPS(idx(p[0], f, 1, 32*h), d, v[h])
			a.VADDPS(b, v[h], v[h])
		}
		return v
	})
}

func mix(a *asm) {
	a.function("mixAVX2", "is Set.Mix.", "rows, n int, s *float32, lo, hi *int32, x, out *float32")
	rows, n, s, lo, hi, x, out := a.gp("rows"), a.gp("n"), a.gp("s"), a.gp("lo"), a.gp("hi"), a.gp("x"), a.gp("out")
	n8, j, p, q := octets(a, n), a.GP64(), a.GP64(), a.GP64()
	a.Label("rows")
	a.DECQ(rows)
	a.JLT(ref("end"))
	share := a.YMM()
	a.VBROADCASTSS(mem(s, 0), share)
	a.MOVLQSX(mem(lo, 0), p)
	a.MOVLQSX(mem(hi, 0), q)
	a.LEAQ(idx(x, p, 4, 0), p)
	a.LEAQ(idx(x, q, 4, 0), q)
	columns(a, n, n8, j, func(width int) {
		low, v := a.vec(width), a.vec(width)
		a.VMOVUPS(idx(p, j, 4, 0), low)
		a.VMOVUPS(idx(q, j, 4, 0), v)
		a.VSUBPS(low, v, v)
		a.VMULPS(narrow(share, width), v, v)
		a.VADDPS(low, v, v)
		a.VMOVUPS(v, idx(out, j, 4, 0))
	})
	a.ADDQ(operand.Imm(4), s)
	a.ADDQ(operand.Imm(4), lo)
	a.ADDQ(operand.Imm(4), hi)
	a.LEAQ(idx(out, n, 4, 0), out)
	a.JMP(ref("rows"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

// moments64 takes four columns at a time down all rows.
func moments64(a *asm) {
	a.function("moments64AVX2", "is Set.Moments64 for rows at least 1.", "n, rows int, w *float64, x *float32, ld int, sum, sq *float64")
	n, rows, w, x, ld, sum, sq := a.gp("n"), a.gp("rows"), a.gp("w"), a.gp("x"), a.bytes("ld"), a.gp("sum"), a.gp("sq")
	p, r := a.GP64(), a.GP64()
	a.Label("columns")
	a.SUBQ(operand.Imm(4), n)
	a.JLT(ref("end"))
	s, q := a.YMM(), a.YMM()
	a.VMOVUPD(mem(sum, 0), s)
	a.VMOVUPD(mem(sq, 0), q)
	a.MOVQ(x, p)
	a.XORQ(r, r)
	a.Label("rows")
	v, v2, wide, wide2, weight, weight2 := a.XMM(), a.XMM(), a.YMM(), a.YMM(), a.YMM(), a.YMM()
	a.VMOVUPS(mem(p, 0), v)
	a.VMULPS(v, v, v2)
	a.VCVTPS2PD(v, wide)
	a.VCVTPS2PD(v2, wide2)
	a.VBROADCASTSD(idx(w, r, 8, 0), weight)
	a.VMULPD(weight, weight, weight2)
	a.VMULPD(wide, weight, wide)
	a.VMULPD(wide2, weight2, wide2)
	a.VADDPD(wide, s, s)
	a.VADDPD(wide2, q, q)
	a.ADDQ(ld, p)
	a.INCQ(r)
	a.CMPQ(r, rows)
	a.JLT(ref("rows"))
	a.VMOVUPD(s, mem(sum, 0))
	a.VMOVUPD(q, mem(sq, 0))
	a.ADDQ(operand.Imm(16), x)
	a.ADDQ(operand.Imm(32), sum)
	a.ADDQ(operand.Imm(32), sq)
	a.JMP(ref("columns"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

// sumRows64 takes sixteen columns at a time, then four.
func sumRows64(a *asm) {
	a.function("sumRows64AVX2", "is Set.SumRows64.", "n, rows int, at *int32, x *float64, ld int, out *float64")
	n, rows, at, x, ld, out := a.gp("n"), a.gp("rows"), a.gp("at"), a.gp("x"), a.gp("ld"), a.gp("out")
	a.SHLQ(operand.Imm(3), ld)
	for _, vectors := range []int{4, 1} {
		columns, next, row, end := a.label("columns"), a.label("next"), a.label("row"), a.label("end")
		a.Label(columns)
		a.CMPQ(n, operand.Imm(uint64(4*vectors)))
		a.JLT(ref(end))
		acc := a.vecs(vectors, 8)
		for i := range acc {
			a.VMOVUPD(mem(out, 32*i), acc[i])
		}
		r, p := a.GP64(), a.GP64()
		a.XORQ(r, r)
		a.Label(row)
		a.CMPQ(r, rows)
		a.JGE(ref(next))
		a.MOVLQSX(idx(at, r, 4, 0), p)
		a.IMULQ(ld, p)
		for i := range acc {
			a.VADDPD(idx(x, p, 1, 32*i), acc[i], acc[i])
		}
		a.INCQ(r)
		a.JMP(ref(row))
		a.Label(next)
		for i := range acc {
			a.VMOVUPD(acc[i], mem(out, 32*i))
		}
		a.ADDQ(operand.Imm(uint64(32*vectors)), x)
		a.ADDQ(operand.Imm(uint64(32*vectors)), out)
		a.SUBQ(operand.Imm(uint64(4*vectors)), n)
		a.JMP(ref(columns))
		a.Label(end)
	}
	a.VZEROUPPER()
	a.RET()
}
