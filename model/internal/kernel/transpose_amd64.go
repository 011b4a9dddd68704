package kernel

// transposeAVX2 takes bands of 8 rows, then of 4, in assembly, and the rows and
// columns that are left over in Go.
func transposeAVX2(r, c int, src *float32, lds int, dst *float32, ldd int) {
	i, j := 0, c&^3
	if j > 0 {
		if r8 := r &^ 7; r8 > 0 {
			transpose8AVX2(r8, j, src, lds, dst, ldd)
			i = r8
		}
		if r-i >= 4 {
			transpose4AVX2(4, j, at(src, i*lds), lds, at(dst, i), ldd)
			i += 4
		}
		if i < r {
			transposeGo(r-i, j, at(src, i*lds), lds, at(dst, i), ldd)
		}
	}
	if j < c {
		transposeGo(r, c-j, at(src, j), lds, at(dst, j*ldd), ldd)
	}
}

func lanes16AVX2(rows int, src *float32, ld int, dst *float32) {
	transposeAVX2(16, rows, src, ld, dst, 16)
}

func rows16AVX2(rows int, src, dst *float32, ld int) {
	transposeAVX2(rows, 16, src, 16, dst, ld)
}

func lanes4AVX2(rows int, src *float32, ld int, dst *float32) {
	transposeAVX2(4, rows, src, ld, dst, 4)
}

func rows4AVX2(rows int, src, dst *float32, ld int) {
	transposeAVX2(rows, 4, src, 4, dst, ld)
}
