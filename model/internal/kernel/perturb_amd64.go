package kernel

// laneBits tell the lanes of a bit set apart.
var laneBits = [16]uint32{1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15}

var avx2Perturbing = Perturbing{
	Select16: func(n int, of *int32, present *uint32, x, b, out *float32, keep int) {
		if n > 0 {
			select16AVX2(n, of, present, x, b, out, keep, &laneBits[0])
		}
	},
	Fade16: func(n int, of *int32, share, d, b, out *float32, keep int) {
		if n > 0 {
			fade16AVX2(n, of, share, d, b, out, keep, &laneBits[0])
		}
	},
	Mix: mixAVX2,
	Moments64: func(n, rows int, w *float64, x *float32, ld int, sum, sq *float64) {
		if rows > 0 {
			moments64AVX2(n, rows, w, x, ld, sum, sq)
		}
	},
	SumRows64: sumRows64AVX2,
	Group64:   group64AVX2,
	Nearest64: func(rows, cols, chans int, x *float64, plane, ld int, centre, dy, dx *float64, weight float64, id int, dist *float64, label *int64) {
		if rows > 0 && cols > 0 {
			nearest64AVX2(rows, cols, chans, x, plane, ld, centre, dy, dx, weight, id, dist, label)
		}
	},
}
