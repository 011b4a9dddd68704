package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// convLanes is the number of floats of a pixel that Set.Conv knows.
const convLanes = 16

// quad is how many steps of a row Set.Conv takes at a time: what steps cost beside
// loads and multiply-adds, addresses and the count, is then a quarter. It pays
// where another thread shares the core and leaves half of its slots. Eight steps
// pay less where rows are short.
const quad = 4

// vector is a vector of a pixel of a tile.
type vector struct{ pixel, part int }

// tile is what is in registers at a time: rows[0]:rows[1] of the channels and
// some vectors of pixels.
type tile struct {
	rows    [2]int
	vectors []vector
}

// pixels are numbers of pixels to take at a time, descending, with the tiles
// that compute them. Tiles have twelve sums where they can, at least the eight
// that keep two multiply-adds a cycle of latency four busy.
type pixels struct {
	n     int
	tiles []tile
}

// convTiles lists the tiles for m channels. AVX2 has registers for 12 sums beside
// the operands, and two vectors a pixel: six channels of two pixels are two
// tiles of three channels, which have seven loads for twelve multiply-adds where
// six of one pixel have eight; four channels of three pixels are two of a pixel
// and a half.
func (s isa) convTiles(m int) []pixels {
	whole := func(n, from, to int) tile {
		t := tile{rows: [2]int{from, to}}
		for p := range n {
			for v := range convLanes / s.width {
				t.vectors = append(t.vectors, vector{p, v})
			}
		}
		return t
	}
	var all []pixels
	one := func(ns ...int) []pixels {
		for _, n := range ns {
			all = append(all, pixels{n, []tile{whole(n, 0, m)}})
		}
		return all
	}
	switch {
	case s.width == 16:
		return one(4, 2, 1)
	case m == 1:
		return one(4, 2, 1)
	case m == 2:
		return one(3, 2, 1)
	case m == 3:
		return one(2, 1)
	case m == 4:
		t := whole(3, 0, m)
		left, right := t, t
		left.vectors, right.vectors = t.vectors[:3], t.vectors[3:]
		all = append(all, pixels{3, []tile{left, right}})
	case m == 6:
		all = append(all, pixels{2, []tile{whole(2, 0, 3), whole(2, 3, 6)}})
	}
	return one(1)
}

// The fields of Window, by their place in it.
const (
	winBlocks = 8 * iota
	winRows
	winQuads
	winRest
	winXRow
	winXBlock
	winWRow
	winWBlock
	winWAhead
	winXPixel
	winOutPixel
	winOutChannel
)

// conv generates conv1 to conv6: Set.Conv for a fixed number of channels.
func conv(a *asm, s isa) {
	for m := 1; m <= 6; m++ {
		a.function(fmt.Sprintf("conv%d%s", m, s.suffix), fmt.Sprintf("is Set.Conv for m = %d.", m),
			"n int, win *int, x, w, bias, out *float32")
		c := &convRegs{m: m, width: s.width, n: a.gp("n"), win: a.gp("win"), x: a.gp("x"), w: a.gp("w"), bias: a.gp("bias"), out: a.gp("out")}
		c.pixel = c.field(a, winXPixel)
		for _, p := range s.convTiles(m) {
			take, next := a.label("take"), a.label("next")
			a.Label(take)
			a.CMPQ(c.n, operand.I32(p.n))
			a.JLT(ref(next))
			for _, t := range p.tiles {
				c.tile(a, t)
			}
			step := c.field(a, winOutPixel)
			for range p.n {
				a.ADDQ(c.pixel, c.x)
				a.ADDQ(step, c.out)
			}
			a.SUBQ(operand.I32(p.n), c.n)
			a.JMP(ref(take))
			a.Label(next)
		}
		a.VZEROUPPER()
		a.RET()
	}
}

type convRegs struct {
	m, width                       int
	n, win, x, w, bias, out, pixel reg.GPVirtual
}

// field loads a field of Window that counts floats, in bytes.
func (c *convRegs) field(a *asm, at int) reg.GPVirtual {
	r := a.GP64()
	a.MOVQ(mem(c.win, at), r)
	a.SHLQ(operand.Imm(2), r)
	return r
}

// tile computes one tile.
func (c *convRegs) tile(a *asm, t tile) {
	acc := make([][]reg.VecVirtual, t.rows[1]-t.rows[0])
	for i := range acc {
		acc[i] = a.vecs(len(t.vectors), c.width)
	}
	load, start, store := a.label("load"), a.label("start"), a.label("store")
	a.TESTQ(c.bias, c.bias)
	a.JZ(ref(load))
	for i := range acc {
		for j := range acc[i] {
			a.VBROADCASTSS(mem(c.bias, 4*(t.rows[0]+i)), acc[i][j])
		}
	}
	a.JMP(ref(start))
	a.Label(load)
	c.outputs(a, t, func(i, j int, at operand.Mem) { a.VMOVUPS(at, acc[i][j]) })

	a.Label(start)
	rows := a.GP64()
	a.MOVQ(mem(c.win, winRows), rows)
	a.TESTQ(rows, rows)
	a.JZ(ref(store))
	x, w, blocks, third := a.GP64(), a.GP64(), a.GP64(), a.GP64()
	a.MOVQ(c.x, x)
	a.MOVQ(c.w, w)
	a.MOVQ(mem(c.win, winBlocks), blocks)
	if t.vectors[len(t.vectors)-1].pixel == 3 {
		a.LEAQ(idx(c.pixel, c.pixel, 2, 0), third)
	}
	ahead := c.field(a, winWAhead)
	block, row := a.label("block"), a.label("row")
	a.Label(block)
	a.MOVQ(mem(c.win, winRows), rows)
	a.Label(row)
	for _, group := range []struct{ field, steps int }{{winQuads, quad}, {winRest, 1}} {
		loop, done := a.label("loop"), a.label("done")
		count := a.GP64()
		a.MOVQ(mem(c.win, group.field), count)
		a.TESTQ(count, count)
		a.JZ(ref(done))
		a.Label(loop)
		if group.steps == quad && t.rows[0] == 0 && t.vectors[0] == (vector{}) {
			// The first tile that needs these weights has those to come fetched.
			for line := 0; line < 4*c.m*quad; line += 64 {
				a.PREFETCHT0(idx(w, ahead, 1, line))
			}
		}
		for u := range group.steps {
			c.step(a, t, acc, x, w, third, u)
		}
		a.ADDQ(operand.I32(4*convLanes*group.steps), x)
		a.ADDQ(operand.I32(4*c.m*group.steps), w)
		a.DECQ(count)
		a.JNZ(ref(loop))
		a.Label(done)
	}
	for _, jump := range []struct {
		x, w        int
		count       reg.GPVirtual
		again, last string
	}{{winXRow, winWRow, rows, row, a.label("rows")}, {winXBlock, winWBlock, blocks, block, store}} {
		a.DECQ(jump.count)
		a.JZ(ref(jump.last))
		a.ADDQ(c.field(a, jump.x), x)
		a.ADDQ(c.field(a, jump.w), w)
		a.JMP(ref(jump.again))
		if jump.last != store {
			a.Label(jump.last)
		}
	}

	a.Label(store)
	c.outputs(a, t, func(i, j int, at operand.Mem) { a.VMOVUPS(acc[i][j], at) })
}

// step is one multiply-add of every sum, u steps from x and w. The shorter of
// the two lists of operands is kept in registers.
func (c *convRegs) step(a *asm, t tile, acc [][]reg.VecVirtual, x, w, third reg.GPVirtual, u int) {
	input := func(j int) operand.Mem {
		v := t.vectors[j]
		disp := 4 * (convLanes*u + c.width*v.part)
		switch v.pixel {
		case 0:
			return mem(x, disp)
		case 3:
			return idx(x, third, 1, disp)
		}
		return idx(x, c.pixel, uint8(v.pixel), disp)
	}
	weight := func(i int) operand.Mem { return mem(w, 4*(c.m*u+t.rows[0]+i)) }
	m, n := len(acc), len(t.vectors)
	if m < n {
		ws, xv := a.vecs(m, c.width), a.vec(c.width)
		for i := range ws {
			a.VBROADCASTSS(weight(i), ws[i])
		}
		for j := range n {
			a.VMOVUPS(input(j), xv)
			for i := range m {
				a.VFMADD231PS(xv, ws[i], acc[i][j])
			}
		}
		return
	}
	xs, wv := a.vecs(n, c.width), a.vec(c.width)
	for j := range xs {
		a.VMOVUPS(input(j), xs[j])
	}
	for i := range m {
		a.VBROADCASTSS(weight(i), wv)
		for j := range n {
			a.VFMADD231PS(xs[j], wv, acc[i][j])
		}
	}
}

// outputs visits the places of a tile's sums.
func (c *convRegs) outputs(a *asm, t tile, visit func(i, j int, at operand.Mem)) {
	q, pixel, channel := a.GP64(), c.field(a, winOutPixel), c.field(a, winOutChannel)
	third := a.GP64()
	if t.vectors[len(t.vectors)-1].pixel == 3 {
		a.LEAQ(idx(pixel, pixel, 2, 0), third)
	}
	a.MOVQ(c.out, q)
	for range t.rows[0] {
		a.ADDQ(channel, q)
	}
	for i := range t.rows[1] - t.rows[0] {
		for j, v := range t.vectors {
			disp := 4 * c.width * v.part
			switch v.pixel {
			case 0:
				visit(i, j, mem(q, disp))
			case 3:
				visit(i, j, idx(q, third, 1, disp))
			default:
				visit(i, j, idx(q, pixel, uint8(v.pixel), disp))
			}
		}
		if i+1 < t.rows[1]-t.rows[0] {
			a.ADDQ(channel, q)
		}
	}
}

// regroup generates Set.Regroup: four channels at a time, then one.
func regroup(a *asm, s isa) {
	a.function("regroup"+s.suffix, "is Set.Regroup.", "n, m int, src *float32, srcN, srcM int, dst *float32, dstN, dstM int")
	n, m, src, dst := a.gp("n"), a.gp("m"), a.gp("src"), a.gp("dst")
	srcN, srcM, dstN, dstM := a.bytes("srcN"), a.bytes("srcM"), a.bytes("dstN"), a.bytes("dstM")
	for _, channels := range []int{4, 1} {
		take, loop, next := a.label("take"), a.label("loop"), a.label("next")
		a.Label(take)
		a.CMPQ(m, operand.I32(channels))
		a.JLT(ref(next))
		from, to, count := a.GP64(), a.GP64(), a.GP64()
		a.MOVQ(src, from)
		a.MOVQ(dst, to)
		a.MOVQ(n, count)
		src3, dst3 := a.GP64(), a.GP64()
		a.LEAQ(idx(srcM, srcM, 2, 0), src3)
		a.LEAQ(idx(dstM, dstM, 2, 0), dst3)
		a.Label(loop)
		for i := range channels {
			for _, half := range []int{0, 32} {
				at := func(base, one, three reg.Register) operand.Mem {
					return []operand.Mem{mem(base, half), idx(base, one, 1, half), idx(base, one, 2, half), idx(base, three, 1, half)}[i]
				}
				v := a.vec(8)
				a.VMOVUPS(at(from, srcM, src3), v)
				a.VMOVUPS(v, at(to, dstM, dst3))
			}
		}
		a.ADDQ(srcN, from)
		a.ADDQ(dstN, to)
		a.DECQ(count)
		a.JNZ(ref(loop))
		for range channels {
			a.ADDQ(srcM, src)
			a.ADDQ(dstM, dst)
		}
		a.SUBQ(operand.I32(channels), m)
		a.JMP(ref(take))
		a.Label(next)
	}
	a.VZEROUPPER()
	a.RET()
}
