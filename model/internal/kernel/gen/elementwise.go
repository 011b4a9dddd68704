package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Predicates of VCMPPS; all are false for NaN except the two that say so.
const (
	cmpEQ        = operand.U8(0x00) // a == b
	cmpUnordered = operand.U8(0x03) // a or b is NaN
	cmpNE        = operand.U8(0x04) // a != b, or one is NaN
	cmpGT        = operand.U8(0x1e) // a > b
)

// compare sets dst to all ones in the lanes where x (pred) y.
func compare(a *asm, pred operand.U8, x, y operand.Op, dst reg.Register) {
	a.VCMPPS(pred, y, x, dst)
}

// elementwise generates the loops over one row. They compute with eight floats
// and use half of the register for a tail of four.
func elementwise(a *asm) {
	relu(a)
	reluGrad(a)
	reluRescale(a)
	divide(a)
	for _, op := range []struct {
		name string
		do   func(ops ...operand.Op)
	}{{"add", a.VADDPS}, {"mul", a.VMULPS}} {
		a.function(op.name+"AVX2", "is Set's kernel of that name.", "n int, a, b, out *float32")
		p := a.gps("a b out")
		each(a, func(at func(reg.Register) operand.Mem, width int) {
			v := a.vec(width)
			a.VMOVUPS(at(p[0]), v)
			op.do(at(p[1]), v, v)
			a.VMOVUPS(v, at(p[2]))
		})
	}
	lerp(a)
	addScaled(a)
	acc64(a)
	sq64(a)
	sgd(a)
	notFinite(a)
}

// each loops over n floats and ends the function.
func each(a *asm, body func(at func(reg.Register) operand.Mem, width int)) {
	n := a.gp("n")
	n8, j := octets(a, n), a.GP64()
	columns(a, n, n8, j, func(width int) {
		body(func(p reg.Register) operand.Mem { return idx(p, j, 4, 0) }, width)
	})
	a.VZEROUPPER()
	a.RET()
}

func relu(a *asm) {
	a.function("reluAVX2", "is Set.ReLU.", "n int, x, out *float32")
	p, zero := a.gps("x out"), a.YMM()
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		v := a.vec(width)
		a.VMOVUPS(at(p[0]), v)
		// The maximum is its second source, the zero, for NaN and -0.
		a.VMAXPS(narrow(zero, width), v, v)
		a.VMOVUPS(v, at(p[1]))
	})
}

func reluGrad(a *asm) {
	a.function("reluGradAVX2", "is Set.ReLUGrad.", "n int, x, gr, out *float32")
	p, zero := a.gps("x gr out"), a.YMM()
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		v := a.vec(width)
		a.VMOVUPS(at(p[0]), v)
		compare(a, cmpGT, v, narrow(zero, width), v)
		a.VANDPS(at(p[1]), v, v)
		a.VMOVUPS(v, at(p[2]))
	})
}

func reluRescale(a *asm) {
	a.function("reluRescaleAVX2", "is Set.ReLURescale with that floor of |x-xr|.", "n int, x, xr, gr, out *float32, floor float32")
	p, zero, floor, sign := a.gps("x xr gr out"), a.YMM(), a.splat("floor", 8), a.splatBits(1<<31, 8)
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		x, r, g, d, e, plain := a.vec(width), a.vec(width), a.vec(width), a.vec(width), a.vec(width), a.vec(width)
		z := narrow(zero, width)
		a.VMOVUPS(at(p[0]), x)
		a.VMOVUPS(at(p[1]), r)
		a.VMOVUPS(at(p[2]), g)
		a.VSUBPS(r, x, d)
		compare(a, cmpGT, x, z, plain)
		a.VANDPS(g, plain, plain)
		a.VMAXPS(z, x, x)
		a.VMAXPS(z, r, r)
		a.VSUBPS(r, x, x)
		a.VDIVPS(d, x, x)
		a.VMULPS(x, g, x)
		a.VANDNPS(d, narrow(sign, width), e)
		compare(a, cmpGT, e, narrow(floor, width), e)
		a.VBLENDVPS(e, x, plain, x)
		a.VMOVUPS(x, at(p[3]))
	})
}

func divide(a *asm) {
	a.function("divideAVX2", "is Set.Divide.", "n int, z, gr, out *float32, scale, eps float32")
	p, zero, scale, eps, sign := a.gps("z gr out"), a.YMM(), a.splat("scale", 8), a.splat("eps", 8), a.splatBits(1<<31, 8)
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		z, g, e := a.vec(width), a.vec(width), a.vec(width)
		a.VMOVUPS(at(p[0]), z)
		a.VADDPS(narrow(zero, width), z, z) // -0 becomes 0
		a.VANDPS(narrow(sign, width), z, e)
		a.VORPS(narrow(eps, width), e, e)
		a.VADDPS(e, z, z)
		a.VMULPS(at(p[1]), narrow(scale, width), g)
		a.VDIVPS(z, g, g)
		compare(a, cmpNE, z, narrow(zero, width), z)
		a.VANDPS(z, g, g)
		a.VMOVUPS(g, at(p[2]))
	})
}

func lerp(a *asm) {
	a.function("lerpAVX2", "is Set.Lerp.", "n int, alpha float32, x, b, out *float32")
	p, alpha := a.gps("x b out"), a.splat("alpha", 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		x, b := a.vec(width), a.vec(width)
		a.VMOVUPS(at(p[0]), x)
		a.VMOVUPS(at(p[1]), b)
		a.VSUBPS(b, x, x)
		a.VFMADD231PS(x, narrow(alpha, width), b)
		a.VMOVUPS(b, at(p[2]))
	})
}

func addScaled(a *asm) {
	a.function("addScaledAVX2", "is Set.AddScaled.", "n int, s float32, z, x, out *float32")
	p, s := a.gps("z x out"), a.splat("s", 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		x := a.vec(width)
		a.VMOVUPS(at(p[1]), x)
		a.VFMADD231PS(at(p[0]), narrow(s, width), x)
		a.VMOVUPS(x, at(p[2]))
	})
}

// doubles loops over n floats, four a round, as float64: body gets them in a
// register with the place of their accumulators. It ends the function.
func doubles(a *asm, body func(g reg.VecVirtual, acc operand.Mem)) {
	n, g, acc := a.gp("n"), a.gp("gr"), a.gp("acc")
	a.Label("loop")
	a.SUBQ(operand.Imm(4), n)
	a.JLT(ref("end"))
	v := a.YMM()
	a.VCVTPS2PD(mem(g, 0), v)
	body(v, mem(acc, 0))
	a.ADDQ(operand.Imm(16), g)
	a.ADDQ(operand.Imm(32), acc)
	a.JMP(ref("loop"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

func acc64(a *asm) {
	a.function("acc64AVX2", "is Set.Acc64.", "n int, w float64, gr *float32, acc *float64")
	w := a.YMM()
	a.VBROADCASTSD(a.slot("w"), w)
	doubles(a, func(g reg.VecVirtual, acc operand.Mem) {
		a.VMULPD(g, w, g)
		a.VADDPD(acc, g, g)
		a.VMOVUPD(g, acc)
	})
}

func sq64(a *asm) {
	a.function("sq64AVX2", "is Set.Sq64.", "n int, gr *float32, acc *float64")
	doubles(a, func(g reg.VecVirtual, acc operand.Mem) {
		a.VMULPD(g, g, g)
		a.VADDPD(acc, g, g)
		a.VMOVUPD(g, acc)
	})
}

func sgd(a *asm) {
	a.function("sgdAVX2", "is Set.SGD.", "n int, w, v, gr *float32, lr, mu, wd float32")
	p, lr, mu, wd := a.gps("w v gr"), a.splat("lr", 8), a.splat("mu", 8), a.splat("wd", 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		w, v, g := a.vec(width), a.vec(width), a.vec(width)
		a.VMOVUPS(at(p[0]), w)
		a.VMOVUPS(at(p[1]), v)
		a.VMOVUPS(at(p[2]), g)
		a.VFMADD231PS(w, narrow(wd, width), g)
		a.VFMADD231PS(v, narrow(mu, width), g) // g is now the new v
		a.VMOVUPS(g, at(p[1]))
		a.VFNMADD231PS(g, narrow(lr, width), w)
		a.VMOVUPS(w, at(p[0]))
	})
}

func notFinite(a *asm) {
	a.Function("notFiniteAVX2")
	a.Doc("notFiniteAVX2 is Set.NotFinite.")
	a.Pragma("noescape")
	a.Attributes(attr.NOSPLIT)
	a.SignatureExpr("func(n int, x *float32) bool")
	x, any := a.gp("x"), a.YMM()
	a.zero(any, 8)
	n := a.gp("n")
	n8, j := octets(a, n), a.GP64()
	columns(a, n, n8, j, func(width int) {
		// x-x is 0, but NaN for NaN and infinities. The four floats of a tail
		// leave 0, hence false, in the upper lanes.
		v := a.YMM()
		a.VMOVUPS(idx(x, j, 4, 0), narrow(v, width))
		a.VSUBPS(v, v, v)
		compare(a, cmpUnordered, v, v, v)
		a.VORPS(v, any, any)
	})
	bits, ret := a.GP32(), a.GP8()
	a.VMOVMSKPS(any, bits)
	a.TESTL(bits, bits)
	a.SETNE(ret)
	a.Store(ret, a.ReturnIndex(0))
	a.VZEROUPPER()
	a.RET()
}
