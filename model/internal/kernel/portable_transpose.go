package kernel

func transposeGo(r, c int, src *float32, lds int, dst *float32, ldd int) {
	for i := range r {
		for j, v := range row(src, i*lds, c) {
			*at(dst, j*ldd+i) = v
		}
	}
}

func lanes16Go(rows int, src *float32, ld int, dst *float32) {
	transposeGo(16, rows, src, ld, dst, 16)
}

func rows16Go(rows int, src, dst *float32, ld int) {
	transposeGo(rows, 16, src, 16, dst, ld)
}

func lanes4Go(rows int, src *float32, ld int, dst *float32) {
	transposeGo(4, rows, src, ld, dst, 4)
}

func rows4Go(rows int, src, dst *float32, ld int) {
	transposeGo(rows, 4, src, 4, dst, ld)
}
