package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// higherMoments generates the sums of third and fourth powers, and what is told
// from such sums.
func higherMoments(a *asm) {
	for _, f := range []struct {
		name, doc string
		power     int
	}{{"cube64AVX2", "is Set.Cube64.", 3}, {"fourth64AVX2", "is Set.Fourth64.", 4}} {
		a.function(f.name, f.doc, "n int, gr *float32, acc *float64")
		doubles(a, func(g reg.VecVirtual, acc operand.Mem) {
			t := a.YMM()
			a.VMULPD(g, g, t)
			for range f.power - 2 {
				a.VMULPD(g, t, t)
			}
			a.VADDPD(acc, t, t)
			a.VMOVUPD(t, acc)
		})
	}
	meanError64(a)
}

func meanError64(a *asm) {
	a.function("meanError64AVX2", "is Set.MeanError64, with count-1 for less.", "n int, count, less float64, sum, sq *float64, mean, stderr *float32")
	n, sum, sq, mean, stderr, j := a.gp("n"), a.gp("sum"), a.gp("sq"), a.gp("mean"), a.gp("stderr"), a.GP64()
	count, less, zero := a.YMM(), a.YMM(), a.YMM()
	a.VBROADCASTSD(a.slot("count"), count)
	a.VBROADCASTSD(a.slot("less"), less)
	a.VXORPD(zero, zero, zero)
	a.XORQ(j, j)
	a.Label("values")
	a.CMPQ(j, n)
	a.JGE(ref("end"))
	m, v, s, narrow := a.YMM(), a.YMM(), a.YMM(), a.XMM()
	a.VMOVUPD(idx(sum, j, 8, 0), m)
	a.VDIVPD(count, m, m)
	a.VCVTPD2PSY(m, narrow)
	a.VMOVUPS(narrow, idx(mean, j, 4, 0))
	a.VMOVUPD(idx(sq, j, 8, 0), v)
	a.VDIVPD(count, v, v)
	a.VMULPD(m, m, s)
	a.VSUBPD(s, v, v)
	a.VDIVPD(less, v, v)
	a.VMAXPD(v, zero, v) // its second source for NaN
	a.VSQRTPD(v, v)
	a.VCVTPD2PSY(v, narrow)
	a.VMOVUPS(narrow, idx(stderr, j, 4, 0))
	a.ADDQ(operand.Imm(4), j)
	a.JMP(ref("values"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}
