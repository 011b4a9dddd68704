package kernel

import "math"

// laneBits tell the lanes of a bit set apart.
var laneBits = [16]uint32{1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15}

// tails take what is behind the end of a row infinitely far.
var tails = func() (t [4][4]float64) {
	for r := 1; r < 4; r++ {
		for j := r; j < 4; j++ {
			t[r][j] = math.Inf(1)
		}
	}
	return t
}()

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
	Cube64:    cube64AVX2,
	Fourth64:  fourth64AVX2,
	MeanError64: func(n int, count float64, sum, sq *float64, mean, stderr *float32) {
		meanError64AVX2(n, count, count-1, sum, sq, mean, stderr)
	},
	Lab64: func(n int, x *float32, plane int, c *Colours, lab *float64) {
		if n > 0 {
			lab64AVX2(n, x, plane, &c.Scale[0], lab)
		}
	},
	Nearest64: func(k, chans int, x *float64, plane, ld int, centre *float64, window *int32, place *float64, weight float64, dist *float64, label *int64, room *float64) {
		if k > 0 {
			nearest64AVX2(k, chans, x, plane, ld, centre, window, place, weight, dist, label, &tails[0][0], room)
		}
	},
}
