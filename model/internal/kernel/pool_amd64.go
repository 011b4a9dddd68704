package kernel

func maxPoolAVX2(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, out *float32) {
	switch {
	case lanes == 16 && taps == 4:
		maxPool16x4AVX2(nOut, off, x, step, floor, out)
	case lanes == 16:
		maxPool16AVX2(nOut, taps, off, x, step, floor, out)
	case lanes == 4 && taps == 4:
		maxPool4x4AVX2(nOut, off, x, step, floor, out)
	case lanes == 4:
		maxPool4AVX2(nOut, taps, off, x, step, floor, out)
	default:
		checkLanes(lanes)
	}
}

func maxPoolGradAVX2(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, y, g *float32, offDx *int32, dx *float32, stepDx int) {
	switch lanes {
	case 16:
		maxPoolGrad16AVX2(nOut, taps, off, x, step, floor, y, g, offDx, dx, stepDx)
	case 4:
		maxPoolGrad4AVX2(nOut, taps, off, x, step, floor, y, g, offDx, dx, stepDx)
	default:
		checkLanes(lanes)
	}
}

func maxPoolGrad2x2AVX2(nOut, lanes int, x *float32, row int, floor float32, y, g, dx *float32) {
	switch lanes {
	case 16:
		maxPoolGrad2x2x16AVX2(nOut, x, row, floor, y, g, dx)
	case 4:
		maxPoolGrad2x2x4AVX2(nOut, x, row, floor, y, g, dx)
	default:
		checkLanes(lanes)
	}
}
