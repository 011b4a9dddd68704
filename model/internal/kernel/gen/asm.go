package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set to generate for.
type isa struct {
	suffix string // of the functions' names
	width  int    // floats in the widest vector
	regs   int    // vector registers
}

var (
	avx2   = isa{"AVX2", 8, 16}
	avx512 = isa{"AVX512", 16, 32}
)

// asm is avo's context with what these kernels share.
type asm struct {
	*build.Context
	labels int
}

func newAsm() *asm {
	a := &asm{Context: build.NewContext()}
	a.ConstraintExpr("amd64")
	return a
}

// function starts func name(params); params are "n int, x *float32, ...".
func (a *asm) function(name, doc, params string) {
	a.Function(name)
	a.Attributes(attr.NOSPLIT)
	a.Doc(name + " " + doc)
	a.Pragma("noescape")
	a.SignatureExpr("func(" + params + ")")
	a.labels = 0
}

// label returns a name that is new in the function.
func (a *asm) label(what string) string {
	a.labels++
	return fmt.Sprintf("%s%d", what, a.labels)
}

// ref is a jump's target.
func ref(label string) operand.LabelRef { return operand.LabelRef(label) }

// gp loads an integer or pointer parameter.
func (a *asm) gp(param string) reg.GPVirtual {
	r := a.GP64()
	a.Load(a.Param(param), r)
	return r
}

// gps loads several, named with spaces between.
func (a *asm) gps(params string) []reg.GPVirtual {
	var rs []reg.GPVirtual
	for _, p := range strings.Fields(params) {
		rs = append(rs, a.gp(p))
	}
	return rs
}

// bytes loads a parameter that counts floats, and scales it to bytes.
func (a *asm) bytes(param string) reg.GPVirtual {
	r := a.gp(param)
	a.SHLQ(operand.Imm(2), r)
	return r
}

// flag loads a bool parameter as 0 or 1.
func (a *asm) flag(param string) reg.GPVirtual {
	r := a.GP64()
	a.MOVBQZX(a.slot(param), r)
	return r
}

// slot is a parameter's place in memory, to be used without a register.
func (a *asm) slot(param string) operand.Mem {
	b, err := a.Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// vec is a new vector register of width floats.
func (a *asm) vec(width int) reg.VecVirtual {
	switch width {
	case 4:
		return a.XMM()
	case 8:
		return a.YMM()
	case 16:
		return a.ZMM()
	}
	panic("gen: no vector of this width")
}

// vecs are n new vector registers.
func (a *asm) vecs(n, width int) []reg.VecVirtual {
	v := make([]reg.VecVirtual, n)
	for i := range v {
		v[i] = a.vec(width)
	}
	return v
}

// zero clears a vector register.
func (a *asm) zero(v reg.VecVirtual, width int) {
	if width == 16 {
		a.VPXORD(v, v, v)
	} else {
		a.VXORPS(v, v, v)
	}
}

// splat fills a vector with a float32 parameter.
func (a *asm) splat(param string, width int) reg.VecVirtual {
	v := a.vec(width)
	a.VBROADCASTSS(a.slot(param), v)
	return v
}

// splatBits fills a vector with a constant, given by its bits.
func (a *asm) splatBits(bits uint32, width int) reg.VecVirtual {
	r, x, v := a.GP32(), a.XMM(), a.vec(width)
	a.MOVL(operand.U32(bits), r)
	a.VMOVD(r, x)
	a.VBROADCASTSS(x, v)
	return v
}

// mem is the operand disp(base).
func mem(base reg.Register, disp int) operand.Mem {
	return operand.Mem{Base: base, Disp: disp}
}

// idx is the operand disp(base)(index*scale).
func idx(base, index reg.Register, scale uint8, disp int) operand.Mem {
	return operand.Mem{Base: base, Index: index, Scale: scale, Disp: disp}
}
