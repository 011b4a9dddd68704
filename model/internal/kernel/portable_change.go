package kernel

// moved is the change of ReLU from r by d.
func moved(d, r float32) float32 {
	low := float32(0)
	if r < 0 {
		low = r
	}
	least := 0 - relu(r)
	if c := d + low; c > least {
		return c
	}
	return least
}

func reluChangeGo(n int, d, r, out *float32) {
	rs, o := row(r, 0, n), row(out, 0, n)
	for j, v := range row(d, 0, n) {
		o[j] = moved(v, rs[j])
	}
}

func reluChangeRescaleGo(n int, d, r, g, out *float32) {
	rs, gs, o := row(r, 0, n), row(g, 0, n), row(out, 0, n)
	for j, v := range row(d, 0, n) {
		switch {
		case v != 0:
			o[j] = gs[j] * (moved(v, rs[j]) / v)
		case rs[j] > 0:
			o[j] = gs[j]
		default:
			o[j] = 0
		}
	}
}

func maxPoolChangeGo(nOut, lanes, taps int, off *int32, d, r *float32, step int, yr *float32, floor float32, out *float32) {
	checkLanes(lanes)
	offs := table(off, taps)
	for p := range nOut {
		y, yrs := row(out, p*lanes, lanes), row(yr, p*lanes, lanes)
		for l := range y {
			top, best := yrs[l], floor-yrs[l]
			for _, o := range offs {
				i := int(o) + p*step + l
				if v := *at(r, i) - top + *at(d, i); v > best {
					best = v
				}
			}
			y[l] = best
		}
	}
}

func maxPoolChangeRescaleGo(nOut, lanes, taps int, off *int32, d, r *float32, step int, c, yr, g *float32, offDx *int32, dx *float32, stepDx int) {
	checkLanes(lanes)
	offs, offsDx := table(off, taps), table(offDx, taps)
	for p := range nOut {
		yrs, gs := row(yr, p*lanes, lanes), row(g, p*lanes, lanes)
		for l, v := range row(c, p*lanes, lanes) {
			for t, o := range offs {
				i := int(o) + p*step + l
				dt, rt := *at(d, i), *at(r, i)
				if v > 0 && rt-yrs[l]+dt == v || v < 0 && rt == yrs[l] {
					*at(dx, int(offsDx[t])+p*stepDx+l) += float32(gs[l] * (v / dt))
					break
				}
			}
		}
	}
}
