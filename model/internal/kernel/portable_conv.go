package kernel

func convGo(m, n int, win *Window, x, w, bias, out *float32) {
	checkRows(m)
	for p := range n {
		for i := range m {
			acc := row(out, i*win.OutChannel+p*win.OutPixel, pixelFloats)
			if bias != nil {
				b := *at(bias, i)
				for l := range acc {
					acc[l] = b
				}
			}
			win.steps(m, func(xs, ws int) {
				fmaRow(*at(w, ws+i), row(x, xs+p*win.XPixel, pixelFloats), acc)
			})
		}
	}
}

// pixelFloats is the number of floats of a pixel in Conv.
const pixelFloats = 16

// steps visits the steps of a window by the places of x and w of m channels.
func (win *Window) steps(m int, visit func(x, w int)) {
	if win.Rows == 0 {
		return
	}
	x, w := 0, 0
	for b := range win.Blocks {
		if b > 0 {
			x, w = x+win.XBlock, w+win.WBlock
		}
		for r := range win.Rows {
			if r > 0 {
				x, w = x+win.XRow, w+win.WRow
			}
			for range 4*win.Quads + win.Rest {
				visit(x, w)
				x, w = x+pixelFloats, w+m
			}
		}
	}
}

func regroupGo(n, m int, src *float32, srcN, srcM int, dst *float32, dstN, dstM int) {
	for j := range n {
		for i := range m {
			copy(row(dst, j*dstN+i*dstM, pixelFloats), row(src, j*srcN+i*srcM, pixelFloats))
		}
	}
}
