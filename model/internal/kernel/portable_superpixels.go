package kernel

import "unsafe"

func lab64Go(n int, x *float32, plane int, c *Colours, lab *float64) {
	if n == 0 {
		return
	}
	out := unsafe.Slice(lab, 2*plane+n)
	for j := range n {
		var light, f [3]float64
		for i := range light {
			v := float64(float64(row(x, i*plane, n)[j])*c.Scale[i]) + c.Shift[i]
			if !(v > 0) { // NaN too
				v = 0
			}
			light[i] = c.Gamma.of(min(v, c.Gamma.Top))
		}
		for i := range f {
			m := c.Matrix[3*i:]
			f[i] = c.Root.of(float64(m[0]*light[0]) + float64(m[1]*light[1]) + float64(m[2]*light[2]))
		}
		for i, v := range [3]float64{float64(f[1]*c.Lab[0]) + c.Lab[1], (f[0] - f[1]) * c.Lab[2], (f[1] - f[2]) * c.Lab[3]} {
			out[i*plane+j] = (float64(v) + c.Grain) - c.Grain
		}
	}
}

func nearest64Go(k, chans int, x *float64, plane, ld int, centre *float64, window *int32, place *float64, weight float64, dist *float64, label *int64, _ *float64) {
	for id := range k {
		at := unsafe.Slice((*float64)(unsafe.Add(unsafe.Pointer(centre), 8*id*(chans+2))), chans+2)
		w := unsafe.Slice((*int32)(unsafe.Add(unsafe.Pointer(window), 16*id)), 4)
		top, rows, left, cols := int(w[0]), int(w[1]), int(w[2]), int(w[3])
		end := (top+rows-1)*ld + left + cols
		ys, xs := row64(place, top+rows)[top:], row64(place, left+cols)[left:]
		colour, ds, ls := row64(x, (chans-1)*plane+end), row64(dist, end), unsafe.Slice(label, end)
		for r, y := range ys {
			dy := float64((y - at[chans]) * (y - at[chans]))
			for j, x := range xs {
				dx := float64((x - at[chans+1]) * (x - at[chans+1]))
				d := float64(weight * (dx + dy))
				i := (top+r)*ld + left + j
				for c := range chans {
					v := colour[c*plane+i] - at[c]
					d += float64(v * v)
				}
				if d < ds[i] {
					ds[i], ls[i] = d, int64(id)
				}
			}
		}
	}
}
