package kernel

func gemmAVX2(m, n, k int, off *int32, x, w, bias, out *float32, om int) {
	switch m {
	case 1:
		gemm1AVX2(n, k, off, x, w, bias, out, om)
	case 2:
		gemm2AVX2(n, k, off, x, w, bias, out, om)
	case 3:
		gemm3AVX2(n, k, off, x, w, bias, out, om)
	case 4:
		gemm4AVX2(n, k, off, x, w, bias, out, om)
	case 5:
		gemm5AVX2(n, k, off, x, w, bias, out, om)
	case 6:
		gemm6AVX2(n, k, off, x, w, bias, out, om)
	default:
		checkRows(m)
	}
}

func gemmAVX512(m, n, k int, off *int32, x, w, bias, out *float32, om int) {
	switch m {
	case 1:
		gemm1AVX512(n, k, off, x, w, bias, out, om)
	case 2:
		gemm2AVX512(n, k, off, x, w, bias, out, om)
	case 3:
		gemm3AVX512(n, k, off, x, w, bias, out, om)
	case 4:
		gemm4AVX512(n, k, off, x, w, bias, out, om)
	case 5:
		gemm5AVX512(n, k, off, x, w, bias, out, om)
	case 6:
		gemm6AVX512(n, k, off, x, w, bias, out, om)
	default:
		checkRows(m)
	}
}

func outer4AVX2(o, k int, g, xt *float32, ldx int, out *float32, ldo int, add bool) {
	i := 0
	for ; i+2 <= o; i += 2 {
		outer4x2AVX2(k, at(g, 4*i), xt, ldx, at(out, i*ldo), ldo, add)
	}
	if i < o {
		outer4x1AVX2(k, at(g, 4*i), xt, ldx, at(out, i*ldo), ldo, add)
	}
}

func outer4SGDRows(o, k int, g, xt *float32, ldx int, w, v *float32, ldo int, lr, mu, wd float32) {
	for i := range o {
		outer4SGDAVX2(k, at(g, 4*i), xt, ldx, at(w, i*ldo), at(v, i*ldo), lr, mu, wd)
	}
}

func outer4AVX512(o, k int, g, xt *float32, ldx int, out *float32, ldo int, add bool) {
	i := 0
	for ; i+2 <= o; i += 2 {
		outer4x2AVX512(k, at(g, 4*i), xt, ldx, at(out, i*ldo), ldo, add)
	}
	if i < o {
		outer4x1AVX512(k, at(g, 4*i), xt, ldx, at(out, i*ldo), ldo, add)
	}
}

func peakFMAAVX2(n int) int {
	if n <= 0 {
		return 0
	}
	peakAVX2(n)
	return 2 * peakChains * 8 * n
}

func peakFMAAVX512(n int) int {
	if n <= 0 {
		return 0
	}
	peakAVX512(n)
	return 2 * peakChains * 16 * n
}
