package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose generates transpose8 and transpose4: Set.Transpose in bands of 8
// or of 4 rows, four columns at a time. Four registers hold rows 0 to 3 and, in
// their upper halves, rows 4 to 7; a 4x4 transposition within the halves then
// gives four whole output rows.
func transpose(a *asm) {
	for _, band := range []int{8, 4} {
		a.function(fmt.Sprintf("transpose%dAVX2", band),
			fmt.Sprintf("is Set.Transpose for r and c at least 1, r a multiple of %d, c of 4.", band),
			"r, c int, src *float32, lds int, dst *float32, ldd int")
		r, c, src, lds, dst, ldd := a.gp("r"), a.gp("c"), a.gp("src"), a.bytes("lds"), a.gp("dst"), a.bytes("ldd")
		lds3, ldd3, j, q, p, p4 := a.GP64(), a.GP64(), a.GP64(), a.GP64(), a.GP64(), a.GP64()
		a.LEAQ(idx(lds, lds, 2, 0), lds3)
		a.LEAQ(idx(ldd, ldd, 2, 0), ldd3)
		rows, cols := a.label("rows"), a.label("columns")
		a.Label(rows)
		a.MOVQ(src, p)
		if band == 8 {
			a.LEAQ(idx(src, lds, 4, 0), p4)
		}
		a.MOVQ(dst, q)
		a.MOVQ(c, j)
		a.Label(cols)
		v := a.vecs(4, band)
		from := strided(p, lds, lds3)
		for i := range v {
			a.VMOVUPS(from[i], narrow(v[i], 4))
		}
		if band == 8 {
			from4 := strided(p4, lds, lds3)
			for i := range v {
				a.VINSERTF128(operand.Imm(1), from4[i], v[i], v[i])
			}
			a.ADDQ(operand.Imm(16), p4)
		}
		// Pairs of rows interleaved, then pairs of pairs.
		lo, hi := a.vecs(2, band), a.vecs(2, band)
		for i := range lo {
			a.VUNPCKLPS(v[2*i+1], v[2*i], lo[i])
			a.VUNPCKHPS(v[2*i+1], v[2*i], hi[i])
		}
		t := a.vecs(4, band)
		a.VUNPCKLPD(lo[1], lo[0], t[0])
		a.VUNPCKHPD(lo[1], lo[0], t[1])
		a.VUNPCKLPD(hi[1], hi[0], t[2])
		a.VUNPCKHPD(hi[1], hi[0], t[3])
		for i, to := range strided(q, ldd, ldd3) {
			a.VMOVUPS(t[i], to)
		}
		a.ADDQ(operand.Imm(16), p)
		a.LEAQ(idx(q, ldd, 4, 0), q)
		a.SUBQ(operand.Imm(4), j)
		a.JNE(ref(cols))
		if band == 8 {
			a.LEAQ(idx(src, lds, 8, 0), src)
		} else {
			a.LEAQ(idx(src, lds, 4, 0), src)
		}
		a.ADDQ(operand.I32(4*band), dst)
		a.SUBQ(operand.I32(band), r)
		a.JNE(ref(rows))
		a.VZEROUPPER()
		a.RET()
	}
}

// strided are the operands of four rows from p, ld bytes apart (ld3 = 3*ld).
func strided(p, ld, ld3 reg.Register) []operand.Mem {
	return []operand.Mem{mem(p, 0), idx(p, ld, 1, 0), idx(p, ld, 2, 0), idx(p, ld3, 1, 0)}
}
