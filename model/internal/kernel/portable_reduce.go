package kernel

// lanes8 are the eight partial sums of a reduction.
type lanes8 [8]float32

// sum folds the lanes by the fixed tree: upper half onto lower, twice, then
// the last two.
func (l *lanes8) sum() float32 {
	return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

func store(out *float32, s float32, add bool) {
	if add {
		s = *out + s
	}
	*out = s
}

func wgradGo(m, t, rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool) {
	offs := table(off, t)
	for i := range m {
		for q, o := range offs {
			var acc lanes8
			for r := range rows {
				d, v := row(dy, i*dyChan+r*dyRow, n), row(x, int(o)+r*xRow, n)
				for j := range d {
					acc[j%8] = FMA(d[j], v[j], acc[j%8])
				}
				if n%8 != 0 {
					for l := 4; l < 8; l++ {
						acc[l] = FMA(0, 0, acc[l])
					}
				}
			}
			store(at(out, i*outChan+q), acc.sum(), add)
		}
	}
}

func sumRowsGo(m, rows, n int, dy *float32, dyRow, dyChan int, out *float32, add bool) {
	for i := range m {
		var acc lanes8
		for r := range rows {
			for j, d := range row(dy, i*dyChan+r*dyRow, n) {
				acc[j%8] += d
			}
		}
		store(at(out, i), acc.sum(), add)
	}
}
