package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pool generates the pooling kernels for pixels of 16 and of 4 floats.
func pool(a *asm) {
	for _, lanes := range []int{16, 4} {
		maxPool(a, lanes)
		maxPool4Taps(a, lanes)
		maxPoolGrad(a, lanes)
		maxPoolGrad2x2(a, lanes)
	}
}

// pixel is how a pixel's lanes lie in vector registers.
type pixel struct{ count, width int }

func pixelOf(lanes int) pixel {
	if lanes == 16 {
		return pixel{2, 8}
	}
	return pixel{1, 4}
}

// advance adds a parameter that counts floats to an address.
func (a *asm) advance(p reg.GPVirtual, param string) {
	t := a.GP64()
	a.MOVQ(a.slot(param), t)
	a.LEAQ(idx(p, t, 4, 0), p)
}

func maxPool(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPool%dAVX2", lanes), fmt.Sprintf("is Set.MaxPool for lanes = %d.", lanes),
		"nOut, taps int, off *int32, x *float32, step int, floor float32, out *float32")
	px := pixelOf(lanes)
	nOut, taps, off, x, step, out := a.gp("nOut"), a.gp("taps"), a.gp("off"), a.gp("x"), a.bytes("step"), a.gp("out")
	floor, t, o := a.splat("floor", px.width), a.GP64(), a.GP64()
	a.LEAQ(idx(off, taps, 4, 0), off)
	a.NEGQ(taps)
	y := a.vecs(px.count, px.width)
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), nOut)
	a.JLT(ref("end"))
	for h := range y {
		a.VMOVAPS(floor, y[h])
	}
	a.MOVQ(taps, t)
	a.Label("tap")
	a.TESTQ(t, t)
	a.JZ(ref("store"))
	a.MOVLQSX(idx(off, t, 4, 0), o)
	for h := range y {
		v := a.vec(px.width)
		a.VMOVUPS(idx(x, o, 4, 4*px.width*h), v)
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
	a.ADDQ(step, x)
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

// maxPool4Taps is maxPool with the addresses of four taps, a window of 2x2,
// kept in registers.
func maxPool4Taps(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPool%dx4AVX2", lanes), fmt.Sprintf("is Set.MaxPool for lanes = %d, taps = 4.", lanes),
		"nOut int, off *int32, x *float32, step int, floor float32, out *float32")
	px := pixelOf(lanes)
	nOut, off, x, step, out := a.gp("nOut"), a.gp("off"), a.gp("x"), a.bytes("step"), a.gp("out")
	floor := a.splat("floor", px.width)
	taps := make([]reg.GPVirtual, 4)
	for t := range taps {
		taps[t] = a.GP64()
		a.MOVLQSX(mem(off, 4*t), taps[t])
		a.SHLQ(operand.Imm(2), taps[t])
	}
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), nOut)
	a.JLT(ref("end"))
	for h := range px.count {
		y := floor
		for _, o := range taps {
			v := a.vec(px.width)
			a.VMOVUPS(idx(x, o, 1, 4*px.width*h), v)
			a.VMAXPS(y, v, v)
			y = v
		}
		a.VMOVUPS(y, mem(out, 4*px.width*h))
	}
	a.ADDQ(operand.I32(4*lanes), out)
	a.ADDQ(step, x)
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

func maxPoolGrad(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPoolGrad%dAVX2", lanes), fmt.Sprintf("is Set.MaxPoolGrad for lanes = %d.", lanes),
		"nOut, taps int, off *int32, x *float32, step int, floor float32, y, gr *float32, offDx *int32, dx *float32, stepDx int")
	px := pixelOf(lanes)
	taps, off, x, y, g, offDx, dx := a.gp("taps"), a.gp("off"), a.gp("x"), a.gp("y"), a.gp("gr"), a.gp("offDx"), a.gp("dx")
	a.LEAQ(idx(off, taps, 4, 0), off)
	a.LEAQ(idx(offDx, taps, 4, 0), offDx)
	a.NEGQ(taps)
	floor, all := a.splat("floor", px.width), a.splatBits(math.Float32bits(float32(math.Inf(-1))), px.width)
	compare(a, cmpEQ, floor, all, all)
	t, o := a.GP64(), a.GP64()
	yv, gv, live := a.vecs(px.count, px.width), a.vecs(px.count, px.width), a.vecs(px.count, px.width)
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), a.slot("nOut"))
	a.JLT(ref("end"))
	for h := range live {
		a.VMOVUPS(mem(y, 4*px.width*h), yv[h])
		a.VMOVUPS(mem(g, 4*px.width*h), gv[h])
		compare(a, cmpGT, yv[h], floor, live[h])
		a.VORPS(all, live[h], live[h])
	}
	a.MOVQ(taps, t)
	a.Label("tap")
	a.TESTQ(t, t)
	a.JZ(ref("next"))
	hit := a.vecs(px.count, px.width)
	a.MOVLQSX(idx(off, t, 4, 0), o)
	for h := range live {
		compare(a, cmpEQ, yv[h], idx(x, o, 4, 4*px.width*h), hit[h])
		a.VANDPS(live[h], hit[h], hit[h])
		a.VANDNPS(live[h], hit[h], live[h])
	}
	a.MOVLQSX(idx(offDx, t, 4, 0), o)
	for h := range live {
		addWhere(a, hit[h], gv[h], idx(dx, o, 4, 4*px.width*h), px.width)
	}
	a.INCQ(t)
	a.JMP(ref("tap"))
	a.Label("next")
	a.ADDQ(operand.I32(4*lanes), y)
	a.ADDQ(operand.I32(4*lanes), g)
	a.advance(x, "step")
	a.advance(dx, "stepDx")
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

// maxPoolGrad2x2 keeps the addresses of the four taps in registers and writes
// each pixel of dx once.
func maxPoolGrad2x2(a *asm, lanes int) {
	a.function(fmt.Sprintf("maxPoolGrad2x2x%dAVX2", lanes), fmt.Sprintf("is Set.MaxPoolGrad2x2 for lanes = %d.", lanes),
		"nOut int, x *float32, row int, floor float32, y, gr, dx *float32")
	px := pixelOf(lanes)
	nOut, x, row, y, g, dx := a.gp("nOut"), a.gp("x"), a.bytes("row"), a.gp("y"), a.gp("gr"), a.gp("dx")
	floor, all := a.splat("floor", px.width), a.splatBits(math.Float32bits(float32(math.Inf(-1))), px.width)
	compare(a, cmpEQ, floor, all, all)
	zero := a.vec(px.width)
	a.zero(zero, px.width)
	a.Label("pixel")
	a.SUBQ(operand.Imm(1), nOut)
	a.JLT(ref("end"))
	for h := range px.count {
		at := 4 * px.width * h
		yv, gv, live := a.vec(px.width), a.vec(px.width), a.vec(px.width)
		a.VMOVUPS(mem(y, at), yv)
		compare(a, cmpGT, yv, floor, live)
		a.VADDPS(mem(g, at), zero, gv)
		a.VORPS(all, live, live)
		for t := range 4 {
			from, to := mem(x, at+4*lanes*(t%2)), mem(dx, at+4*lanes*(t%2))
			if t >= 2 {
				from, to = idx(x, row, 1, from.Disp), idx(dx, row, 1, to.Disp)
			}
			hit := a.vec(px.width)
			compare(a, cmpEQ, yv, from, hit)
			a.VANDPS(live, hit, hit)
			a.VANDNPS(live, hit, live)
			a.VANDPS(gv, hit, hit)
			a.VMOVUPS(hit, to)
		}
	}
	a.ADDQ(operand.I32(4*lanes), y)
	a.ADDQ(operand.I32(4*lanes), g)
	a.ADDQ(operand.I32(8*lanes), x)
	a.ADDQ(operand.I32(8*lanes), dx)
	a.JMP(ref("pixel"))
	a.Label("end")
	a.VZEROUPPER()
	a.RET()
}

// addWhere adds v to memory in the lanes that mask names and leaves the bits of
// the others.
func addWhere(a *asm, mask, v reg.VecVirtual, to operand.Mem, width int) {
	old, sum := a.vec(width), a.vec(width)
	a.VMOVUPS(to, old)
	a.VADDPS(v, old, sum)
	a.VBLENDVPS(mask, sum, old, old)
	a.VMOVUPS(old, to)
}
