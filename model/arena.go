package model

import (
	"slices"
	"unsafe"
)

// align is the arena's grain in floats, a cache line; every buffer ends on it,
// so kernels may write a vector past a short row.
const align = 16

func roundUp(n int) int { return (n + align - 1) &^ (align - 1) }

// arena hands out ranges of one block of memory, first fit.
type arena struct {
	size int
	free [][2]int // [from, to), ascending
}

func (a *arena) take(n int) int {
	for i, f := range a.free {
		if f[1]-f[0] >= n {
			a.free[i][0] += n
			if a.free[i][0] == f[1] {
				a.free = slices.Delete(a.free, i, i+1)
			}
			return f[0]
		}
	}
	at := a.size
	a.size += n
	return at
}

func (a *arena) give(at, n int) {
	i, _ := slices.BinarySearchFunc(a.free, at, func(f [2]int, v int) int { return f[0] - v })
	a.free = slices.Insert(a.free, i, [2]int{at, at + n})
	if i+1 < len(a.free) && a.free[i][1] == a.free[i+1][0] {
		a.free[i][1] = a.free[i+1][1]
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1][1] == a.free[i][0] {
		a.free[i-1][1] = a.free[i][1]
		a.free = slices.Delete(a.free, i, i+1)
	}
}

// aligned returns n floats on a cache line, rounded up to whole lines.
func aligned(n int) buffer {
	b := make(buffer, roundUp(n)+align)
	skip := 0
	for uintptr(unsafe.Pointer(&b[skip]))%(4*align) != 0 {
		skip++
	}
	return b[skip : skip+roundUp(n) : skip+roundUp(n)]
}
