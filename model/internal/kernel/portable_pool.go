package kernel

import "math"

// checkLanes guards the layouts the assembly exists for.
func checkLanes(lanes int) {
	if lanes != 4 && lanes != 16 {
		panic("kernel: pooling takes 4 or 16 lanes")
	}
}

func maxPoolGo(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, out *float32) {
	checkLanes(lanes)
	offs := table(off, taps)
	for p := range nOut {
		y := row(out, p*lanes, lanes)
		for l := range y {
			y[l] = floor
		}
		for _, o := range offs {
			for l, v := range row(x, int(o)+p*step, lanes) {
				if v > y[l] {
					y[l] = v
				}
			}
		}
	}
}

func maxPoolGradGo(nOut, lanes, taps int, off *int32, x *float32, step int, floor float32, y, g *float32, offDx *int32, dx *float32, stepDx int) {
	checkLanes(lanes)
	offs, offsDx := table(off, taps), table(offDx, taps)
	all := math.IsInf(float64(floor), -1)
	for p := range nOut {
		gs := row(g, p*lanes, lanes)
		for l, v := range row(y, p*lanes, lanes) {
			if !all && !(v > floor) {
				continue
			}
			for t, o := range offs {
				if *at(x, int(o)+p*step+l) == v {
					*at(dx, int(offsDx[t])+p*stepDx+l) += gs[l]
					break
				}
			}
		}
	}
}

func maxPoolGrad2x2Go(nOut, lanes int, x *float32, step int, floor float32, y, g, dx *float32) {
	checkLanes(lanes)
	all := math.IsInf(float64(floor), -1)
	for p := range nOut {
		gs := row(g, p*lanes, lanes)
		for l, v := range row(y, p*lanes, lanes) {
			live := all || v > floor
			for t := range 4 {
				at := (2*p+t%2)*lanes + t/2*step + l
				d := row(dx, at, 1)
				d[0] = 0
				if live && row(x, at, 1)[0] == v {
					d[0], live = gs[l]+0, false
				}
			}
		}
	}
}
