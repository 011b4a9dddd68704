package kernel

func gemmGo(m, n, k int, off *int32, x, w, bias, out *float32, om int) {
	checkRows(m)
	offs, ws := table(off, k), row(w, 0, k*m)
	for i := range m {
		acc := row(out, i*om, n)
		if bias != nil {
			b := *at(bias, i)
			for j := range acc {
				acc[j] = b
			}
		}
		for t, o := range offs {
			fmaRow(ws[t*m+i], row(x, int(o), n), acc)
		}
	}
}

func checkRows(m int) {
	if m < 1 || m > maxRows {
		panic("kernel: Gemm and Conv take 1 to 6 rows")
	}
}

func outer4Go(o, k int, g, xt *float32, ldx int, out *float32, ldo int, add bool) {
	for i := range o {
		acc, gi := row(out, i*ldo, k), row(g, i*4, 4)
		if !add {
			clear(acc)
		}
		for s, gs := range gi {
			fmaRow(gs, row(xt, s*ldx, k), acc)
		}
	}
}

func outer4SGDGo(o, k int, g, xt *float32, ldx int, w, v *float32, ldo int, lr, mu, wd float32) {
	acc := make([]float32, k)
	for i := range o {
		clear(acc)
		for s, gs := range row(g, i*4, 4) {
			fmaRow(gs, row(xt, s*ldx, k), acc)
		}
		if k > 0 {
			sgdGo(k, at(w, i*ldo), at(v, i*ldo), &acc[0], lr, mu, wd)
		}
	}
}
