package kernel

func maxPoolChangeAVX2(nOut, lanes, taps int, off *int32, d, r *float32, step int, yr *float32, floor float32, out *float32) {
	switch lanes {
	case 16:
		maxPoolChange16AVX2(nOut, taps, off, d, r, step, yr, floor, out)
	case 4:
		maxPoolChange4AVX2(nOut, taps, off, d, r, step, yr, floor, out)
	default:
		checkLanes(lanes)
	}
}

func maxPoolChangeRescaleAVX2(nOut, lanes, taps int, off *int32, d, r *float32, step int, c, yr, g *float32, offDx *int32, dx *float32, stepDx int) {
	switch lanes {
	case 16:
		maxPoolChangeRescale16AVX2(nOut, taps, off, d, r, step, c, yr, g, offDx, dx, stepDx)
	case 4:
		maxPoolChangeRescale4AVX2(nOut, taps, off, d, r, step, c, yr, g, offDx, dx, stepDx)
	default:
		checkLanes(lanes)
	}
}
