package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// change generates the kernels that carry how far activations are from those of
// a reference: forward, and back by DeepLift's Rescale rule.
func change(a *asm) {
	reluChange(a)
	reluChangeRescale(a)
	for _, lanes := range []int{16, 4} {
		maxPoolChange(a, lanes)
		maxPoolChangeRescale(a, lanes)
	}
}

// reluMoved sets c to the change of ReLU from r by d. r is lost.
func reluMoved(a *asm, d, r, zero, c reg.Register, width int) {
	low := a.vec(width)
	// Both take their second source, the zero, for NaN and zeros.
	a.VMINPS(zero, r, low)
	a.VMAXPS(zero, r, r)
	a.VSUBPS(r, zero, r)
	a.VADDPS(low, d, c)
	a.VMAXPS(r, c, c)
}

func reluChange(a *asm) {
	a.function("reluChangeAVX2", "is Set.ReLUChange.", "n int, d, r, out *float32")
	p, zero := a.gps("d r out"), a.YMM()
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		d, r := a.vec(width), a.vec(width)
		a.VMOVUPS(at(p[0]), d)
		a.VMOVUPS(at(p[1]), r)
		reluMoved(a, d, r, narrow(zero, width), d, width)
		a.VMOVUPS(d, at(p[2]))
	})
}

func reluChangeRescale(a *asm) {
	a.function("reluChangeRescaleAVX2", "is Set.ReLUChangeRescale.", "n int, d, r, gr, out *float32")
	p, zero := a.gps("d r gr out"), a.YMM()
	a.zero(zero, 8)
	each(a, func(at func(reg.Register) operand.Mem, width int) {
		d, r, g, c, plain := a.vec(width), a.vec(width), a.vec(width), a.vec(width), a.vec(width)
		z := narrow(zero, width)
		a.VMOVUPS(at(p[0]), d)
		a.VMOVUPS(at(p[1]), r)
		a.VMOVUPS(at(p[2]), g)
		compare(a, cmpGT, r, z, plain)
		a.VANDPS(g, plain, plain)
		reluMoved(a, d, r, z, c, width)
		a.VDIVPS(d, c, c)
		a.VMULPS(c, g, c)
		compare(a, cmpNE, d, z, d)
		a.VBLENDVPS(d, c, plain, c)
		a.VMOVUPS(c, at(p[3]))
	})
}

func maxPoolChange(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPoolChange%dAVX2", lanes), fmt.Sprintf("is Set.MaxPoolChange for lanes = %d.", lanes),
		"nOut, taps int, off *int32, d, r *float32, step int, yr *float32, floor float32, out *float32")
	px := pixelOf(lanes)
	nOut, taps, off, d, r, step, yr, out := a.gp("nOut"), a.gp("taps"), a.gp("off"), a.gp("d"), a.gp("r"), a.bytes("step"), a.gp("yr"), a.gp("out")
	floor, t, o := a.splat("floor", px.width), a.GP64(), a.GP64()
	a.LEAQ(idx(off, taps, 4, 0), off)
	a.NEGQ(taps)
	y, top := a.vecs(px.count, px.width), a.vecs(px.count, px.width)
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), nOut)
	a.JLT(ref("end"))
	for h := range y {
		a.VMOVUPS(mem(yr, 4*px.width*h), top[h])
		a.VSUBPS(top[h], floor, y[h])
	}
	a.MOVQ(taps, t)
	a.Label("tap")
	a.TESTQ(t, t)
	a.JZ(ref("store"))
	a.MOVLQSX(idx(off, t, 4, 0), o)
	for h := range y {
		v := a.vec(px.width)
		a.VMOVUPS(idx(r, o, 4, 4*px.width*h), v)
		a.VSUBPS(top[h], v, v)
		a.VADDPS(idx(d, o, 4, 4*px.width*h), v, v)
		// The maximum is its second source, y, unless v > y.
		a.VMAXPS(y[h], v, y[h])
	}
	a.INCQ(t)
	a.JMP(ref("tap"))
	a.Label("store")
	for h := range y {
		a.VMOVUPS(y[h], mem(out, 4*px.width*h))
	}
	a.ADDQ(operand.I32(4*lanes), out)
	a.ADDQ(operand.I32(4*lanes), yr)
	a.ADDQ(step, d)
	a.ADDQ(step, r)
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

func maxPoolChangeRescale(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPoolChangeRescale%dAVX2", lanes), fmt.Sprintf("is Set.MaxPoolChangeRescale for lanes = %d.", lanes),
		"nOut, taps int, off *int32, d, r *float32, step int, c, yr, gr *float32, offDx *int32, dx *float32, stepDx int")
	px := pixelOf(lanes)
	taps, off, d, r, offDx, dx := a.gp("taps"), a.gp("off"), a.gp("d"), a.gp("r"), a.gp("offDx"), a.gp("dx")
	a.LEAQ(idx(off, taps, 4, 0), off)
	a.LEAQ(idx(offDx, taps, 4, 0), offDx)
	a.NEGQ(taps)
	t, o := a.GP64(), a.GP64()
	cv, rv, gv := a.vecs(px.count, px.width), a.vecs(px.count, px.width), a.vecs(px.count, px.width)
	up, live := a.vecs(px.count, px.width), a.vecs(px.count, px.width)
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), a.slot("nOut"))
	a.JLT(ref("end"))
	for _, s := range []struct {
		param string
		to    []reg.VecVirtual
	}{{"c", cv}, {"yr", rv}, {"gr", gv}} {
		p := a.gp(s.param)
		for h := range s.to {
			a.VMOVUPS(mem(p, 4*px.width*h), s.to[h])
		}
		a.ADDQ(operand.I32(4*lanes), a.slot(s.param))
	}
	for h := range live {
		zero := a.vec(px.width)
		a.zero(zero, px.width)
		compare(a, cmpGT, cv[h], zero, up[h])
		compare(a, cmpGT, zero, cv[h], live[h])
		a.VORPS(up[h], live[h], live[h])
	}
	a.MOVQ(taps, t)
	a.Label("tap")
	a.TESTQ(t, t)
	a.JZ(ref("next"))
	hit, v := a.vecs(px.count, px.width), a.vecs(px.count, px.width)
	a.MOVLQSX(idx(off, t, 4, 0), o)
	for h := range live {
		eq := a.vec(px.width)
		at, atRef := idx(d, o, 4, 4*px.width*h), idx(r, o, 4, 4*px.width*h)
		a.VMOVUPS(atRef, eq)
		compare(a, cmpEQ, rv[h], eq, hit[h])
		a.VSUBPS(rv[h], eq, eq)
		a.VADDPS(at, eq, eq)
		compare(a, cmpEQ, cv[h], eq, eq)
		a.VBLENDVPS(up[h], eq, hit[h], hit[h])
		a.VANDPS(live[h], hit[h], hit[h])
		a.VANDNPS(live[h], hit[h], live[h])
		a.VDIVPS(at, cv[h], v[h])
		a.VMULPS(v[h], gv[h], v[h])
	}
	a.MOVLQSX(idx(offDx, t, 4, 0), o)
	for h := range live {
		addWhere(a, hit[h], v[h], idx(dx, o, 4, 4*px.width*h), px.width)
	}
	a.INCQ(t)
	a.JMP(ref("tap"))
	a.Label("next")
	for _, p := range []struct {
		reg   reg.GPVirtual
		param string
	}{{d, "step"}, {r, "step"}, {dx, "stepDx"}} {
		a.advance(p.reg, p.param)
	}
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}
