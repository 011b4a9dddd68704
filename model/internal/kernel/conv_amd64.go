package kernel

import "unsafe"

func convAVX2(m, n int, win *Window, x, w, bias, out *float32) {
	f := (*int)(unsafe.Pointer(win))
	switch m {
	case 1:
		conv1AVX2(n, f, x, w, bias, out)
	case 2:
		conv2AVX2(n, f, x, w, bias, out)
	case 3:
		conv3AVX2(n, f, x, w, bias, out)
	case 4:
		conv4AVX2(n, f, x, w, bias, out)
	case 5:
		conv5AVX2(n, f, x, w, bias, out)
	case 6:
		conv6AVX2(n, f, x, w, bias, out)
	default:
		checkRows(m)
	}
}

func convAVX512(m, n int, win *Window, x, w, bias, out *float32) {
	f := (*int)(unsafe.Pointer(win))
	switch m {
	case 1:
		conv1AVX512(n, f, x, w, bias, out)
	case 2:
		conv2AVX512(n, f, x, w, bias, out)
	case 3:
		conv3AVX512(n, f, x, w, bias, out)
	case 4:
		conv4AVX512(n, f, x, w, bias, out)
	case 5:
		conv5AVX512(n, f, x, w, bias, out)
	case 6:
		conv6AVX512(n, f, x, w, bias, out)
	default:
		checkRows(m)
	}
}

func regroupRows(n, m int, src *float32, srcN, srcM int, dst *float32, dstN, dstM int) {
	if n > 0 {
		regroupAVX2(n, m, src, srcN, srcM, dst, dstN, dstM)
	}
}
