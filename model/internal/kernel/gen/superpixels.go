package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// superpixels generates the loops of SLIC: colours and distances.
func superpixels(a *asm) {
	lab64(a)
	nearest64(a)
}

// Places in Colours and Curve of package kernel, in bytes.
const (
	coloursScale  = 0
	coloursShift  = 3 * 8
	coloursMatrix = 6 * 8
	coloursLab    = 15 * 8
	coloursGrain  = 19 * 8
	coloursOne    = 20 * 8
	coloursGamma  = 21 * 8
	coloursRoot   = coloursGamma + curveSize

	curveKnee   = 0
	curveTop    = 8
	curveSlope  = 2 * 8
	curveRise   = 3 * 8
	curveOffset = 4 * 8
	curveFactor = 5 * 8
	curveTerm   = 6 * 8
	curveAt     = 10 * 8
	curveSize   = curveAt + 9*64*16
	curveLowest = (1023 - 8) << 6
)

// lab64 takes four pixels at a time: first it writes their light, plane by plane,
// then the colour over it. Each loop alone leaves the CPU more of its rounds to
// work on at a time.
func lab64(a *asm) {
	a.function("lab64AVX2", "is Set.Lab64 for n at least 4.", "n int, x *float32, plane int, c, lab *float64")
	n, plane, c := a.gp("n"), a.gp("plane"), a.gp("c")
	x, to, j := a.gp("x"), a.gp("lab"), a.GP64()
	for i := range 3 {
		light := a.label("light")
		a.XORQ(j, j)
		a.Label(light)
		v, zero := a.YMM(), a.YMM()
		a.VCVTPS2PD(idx(x, j, 4, 0), v)
		a.VMULPD(wide(a, c, coloursScale+8*i), v, v)
		a.VADDPD(wide(a, c, coloursShift+8*i), v, v)
		a.VXORPD(zero, zero, zero)
		a.VMAXPD(zero, v, v) // of NaN and 0, 0
		a.VMINPD(wide(a, c, coloursGamma+curveTop), v, v)
		a.VMOVUPD(curve(a, c, coloursGamma, v), idx(to, j, 8, 0))
		a.ADDQ(operand.Imm(4), j)
		a.CMPQ(j, n)
		a.JLT(ref(light))
		a.LEAQ(idx(x, plane, 4, 0), x)
		a.LEAQ(idx(to, plane, 8, 0), to)
	}
	lab := a.gps("lab lab lab")
	for i := 1; i < 3; i++ {
		a.LEAQ(idx(lab[i-1], plane, 8, 0), lab[i])
	}
	a.XORQ(j, j)
	a.Label("colour")
	var f [3]reg.VecVirtual
	for i := range f {
		for k, l := range lab {
			v := wide(a, c, coloursMatrix+8*(3*i+k))
			a.VMULPD(idx(l, j, 8, 0), v, v)
			if k > 0 {
				a.VADDPD(f[i], v, v)
			}
			f[i] = v
		}
		f[i] = curve(a, c, coloursRoot, f[i])
	}
	colour := [3]reg.VecVirtual{a.YMM(), a.YMM(), a.YMM()}
	a.VMULPD(wide(a, c, coloursLab), f[1], colour[0])
	a.VADDPD(wide(a, c, coloursLab+8), colour[0], colour[0])
	a.VSUBPD(f[1], f[0], colour[1])
	a.VMULPD(wide(a, c, coloursLab+2*8), colour[1], colour[1])
	a.VSUBPD(f[2], f[1], colour[2])
	a.VMULPD(wide(a, c, coloursLab+3*8), colour[2], colour[2])
	grain := wide(a, c, coloursGrain)
	for i, v := range colour {
		a.VADDPD(grain, v, v)
		a.VSUBPD(grain, v, v)
		a.VMOVUPD(v, idx(lab[i], j, 8, 0))
	}
	a.ADDQ(operand.Imm(4), j)
	a.CMPQ(j, n)
	a.JLT(ref("colour"))
	a.VZEROUPPER()
	a.RET()
}

// wide fills a vector with the number at c+disp.
func wide(a *asm, c reg.GPVirtual, disp int) reg.VecVirtual {
	v := a.YMM()
	a.VBROADCASTSD(mem(c, disp), v)
	return v
}

// curve applies the Curve at c+at to four numbers: power and line, and one of
// them for each.
func curve(a *asm, c reg.GPVirtual, at int, x reg.VecVirtual) reg.VecVirtual {
	t, i, high := a.YMM(), a.YMM(), a.XMM()
	a.VMAXPD(wide(a, c, at+curveKnee), x, t) // the table has no less
	a.VADDPD(wide(a, c, at+curveOffset), t, t)
	a.VMULPD(wide(a, c, at+curveFactor), t, t)
	a.VPSRLQ(operand.Imm(46), t, i)
	a.VPADDQ(i, i, i) // an interval's record is two words
	// The four records, and their words side by side.
	record := []reg.GPVirtual{a.GP64(), a.GP64(), a.GP64(), a.GP64()}
	a.VMOVQ(i.AsX(), record[0])
	a.VPEXTRQ(operand.Imm(1), i.AsX(), record[1])
	a.VEXTRACTI128(operand.Imm(1), i, high)
	a.VMOVQ(high, record[2])
	a.VPEXTRQ(operand.Imm(1), high, record[3])
	even, odd, power := a.YMM(), a.YMM(), a.YMM()
	table := at + curveAt - 16*curveLowest
	a.VBROADCASTF128(idx(c, record[0], 8, table), even)
	a.VBROADCASTF128(idx(c, record[1], 8, table), odd)
	a.VINSERTF128(operand.Imm(1), idx(c, record[2], 8, table), even, even)
	a.VINSERTF128(operand.Imm(1), idx(c, record[3], 8, table), odd, odd)
	a.VUNPCKHPD(odd, even, power)
	a.VUNPCKLPD(odd, even, even)
	one, d := wide(a, c, coloursOne), t
	a.VMULPD(even, t, d)
	a.VSUBPD(one, d, d)
	sum := wide(a, c, at+curveTerm+3*8)
	for k := 2; k >= 0; k-- {
		a.VMULPD(d, sum, sum)
		a.VADDPD(wide(a, c, at+curveTerm+8*k), sum, sum)
	}
	a.VMULPD(d, sum, sum)
	a.VADDPD(one, sum, sum)
	a.VMULPD(power, sum, sum)
	line, which := wide(a, c, at+curveSlope), a.YMM()
	a.VMULPD(x, line, line)
	a.VADDPD(wide(a, c, at+curveRise), line, line)
	a.VCMPPD(operand.U8(0x11), x, wide(a, c, at+curveKnee), which) // knee < x
	a.VBLENDVPD(which, sum, line, sum)
	a.VCMPPD(operand.U8(0x1d), wide(a, c, at+curveTop), x, which) // x >= top
	a.VBLENDVPD(which, x, sum, sum)
	return sum
}

// nearest64 takes four pixels at a time. Three channels, those of colour images,
// have a loop of their own, with the centre in registers.
func nearest64(a *asm) {
	a.function("nearest64AVX2", "is Set.Nearest64 for k and chans at least 1. tails are four vectors, of which r adds infinity to what is behind a window's last r pixels, or 4 if r is 0; dx has room for a window's columns up to a multiple of 4.",
		"k, chans int, x *float64, plane, ld int, centre *float64, window *int32, place *float64, weight float64, dist *float64, label *int64, tails, dx *float64")
	a.SHLQ(operand.Imm(3), a.slot("plane"))
	a.SHLQ(operand.Imm(3), a.slot("ld"))
	dx, centre, window := a.gp("dx"), a.gp("centre"), a.gp("window")
	weight, id, less := a.YMM(), a.YMM(), a.YMM()
	a.VBROADCASTSD(a.slot("weight"), weight)
	a.VPXOR(id, id, id)
	a.VPCMPEQQ(less, less, less) // -1
	at := []reg.VecVirtual{a.YMM(), a.YMM(), a.YMM()}
	y0, v, d, l := a.YMM(), a.YMM(), a.YMM(), a.YMM()
	x, x1, x2, dist, label := a.GP64(), a.GP64(), a.GP64(), a.GP64(), a.GP64()
	rows, cols, y, j, c := a.GP64(), a.GP64(), a.GP64(), a.GP64(), a.GP64()

	a.Label("centre")
	// Where the window begins, in bytes.
	a.MOVLQSX(mem(window, 0), x)
	a.MOVQ(a.slot("place"), y)
	a.LEAQ(idx(y, x, 8, 0), y) // of the first row
	a.IMULQ(a.slot("ld"), x)
	a.MOVLQSX(mem(window, 8), j)
	a.LEAQ(idx(x, j, 8, 0), x)
	a.MOVQ(x, dist)
	a.MOVQ(x, label)
	a.ADDQ(a.slot("dist"), dist)
	a.ADDQ(a.slot("label"), label)
	a.ADDQ(a.slot("x"), x)
	a.MOVLQSX(mem(window, 4), rows)
	a.MOVLQSX(mem(window, 12), cols)
	// The squared distances of its columns.
	a.MOVQ(a.slot("chans"), c)
	a.LEAQ(idx(centre, c, 8, 0), c) // the centre's row and column
	a.VBROADCASTSD(mem(c, 8), v)
	a.MOVQ(a.slot("place"), x1)
	a.LEAQ(idx(x1, j, 8, 0), x1)
	a.XORQ(j, j)
	a.Label("columns")
	a.VMOVUPD(idx(x1, j, 8, 0), d)
	a.VSUBPD(v, d, d)
	a.VMULPD(d, d, d)
	a.VMOVUPD(d, idx(dx, j, 8, 0))
	a.ADDQ(operand.Imm(4), j)
	a.CMPQ(j, cols)
	a.JLT(ref("columns"))
	a.MOVQ(cols, x1)
	a.ANDQ(operand.Imm(3), x1)
	a.SHLQ(operand.Imm(5), x1)
	a.ADDQ(a.slot("tails"), x1)
	a.VADDPD(mem(x1, 0), d, d)
	a.VMOVUPD(d, idx(dx, j, 8, -32))

	a.CMPQ(a.slot("chans"), operand.Imm(3))
	a.JNE(ref("any"))
	for i := range at {
		a.VBROADCASTSD(mem(centre, 8*i), at[i])
	}
	for _, three := range []bool{true, false} {
		if !three {
			a.Label("any")
		}
		row, pixels := a.label("row"), a.label("pixels")
		a.Label(row)
		a.VBROADCASTSD(mem(y, 0), y0)
		a.VBROADCASTSD(mem(c, 0), v)
		a.VSUBPD(v, y0, y0)
		a.VMULPD(y0, y0, y0)
		if three {
			a.MOVQ(a.slot("plane"), x1)
			a.LEAQ(idx(x, x1, 2, 0), x2)
			a.ADDQ(x, x1)
		}
		a.XORQ(j, j)
		a.Label(pixels)
		a.VADDPD(idx(dx, j, 8, 0), y0, d)
		a.VMULPD(weight, d, d)
		if three {
			// The square of a difference is that of its negative.
			for i, from := range []reg.GPVirtual{x, x1, x2} {
				a.VSUBPD(idx(from, j, 8, 0), at[i], v)
				a.VMULPD(v, v, v)
				a.VADDPD(v, d, d)
			}
		} else {
			channel := a.label("channel")
			a.LEAQ(idx(x, j, 8, 0), x1)
			a.MOVQ(centre, x2)
			a.Label(channel)
			a.VBROADCASTSD(mem(x2, 0), l)
			a.VSUBPD(mem(x1, 0), l, v)
			a.VMULPD(v, v, v)
			a.VADDPD(v, d, d)
			a.ADDQ(a.slot("plane"), x1)
			a.ADDQ(operand.Imm(8), x2)
			a.CMPQ(x2, c)
			a.JLT(ref(channel))
		}
		a.VMOVUPD(idx(dist, j, 8, 0), v)
		a.VCMPPD(operand.U8(0x11), v, d, l) // d < v
		a.VBLENDVPD(l, d, v, v)
		a.VMOVUPD(v, idx(dist, j, 8, 0))
		a.VMOVUPD(idx(label, j, 8, 0), v)
		a.VBLENDVPD(l, id, v, v)
		a.VMOVUPD(v, idx(label, j, 8, 0))
		a.ADDQ(operand.Imm(4), j)
		a.CMPQ(j, cols)
		a.JLT(ref(pixels))
		a.MOVQ(a.slot("ld"), j)
		a.ADDQ(j, x)
		a.ADDQ(j, dist)
		a.ADDQ(j, label)
		a.ADDQ(operand.Imm(8), y)
		a.DECQ(rows)
		a.JNZ(ref(row))
		if three {
			a.JMP(ref("next"))
		}
	}
	a.Label("next")
	a.VPSUBQ(less, id, id)
	a.ADDQ(operand.Imm(16), window)
	a.LEAQ(mem(c, 16), centre)
	a.DECQ(a.slot("k"))
	a.JNZ(ref("centre"))
	a.VZEROUPPER()
	a.RET()
}
