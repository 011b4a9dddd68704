package kernel

// The most gradient rows and taps whose sums fit the registers.
const (
	wgradRows = 2
	wgradTaps = 5
)

func wgradAVX2(m, t, rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool) {
	if n == 0 {
		rows = 0
	}
	for i := 0; i < m; i += wgradRows {
		d, pair := at(dy, i*dyChan), i+1 < m
		for q := 0; q < t; q += wgradTaps {
			o := &table(off, t)[q]
			s := at(out, i*outChan+q)
			if pair {
				switch t - q {
				case 1:
					wgrad2x1AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
				case 2:
					wgrad2x2AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
				case 3:
					wgrad2x3AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
				case 4:
					wgrad2x4AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
				default:
					wgrad2x5AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
				}
				continue
			}
			switch t - q {
			case 1:
				wgrad1x1AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
			case 2:
				wgrad1x2AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
			case 3:
				wgrad1x3AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
			case 4:
				wgrad1x4AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
			default:
				wgrad1x5AVX2(rows, n, d, dyRow, dyChan, x, xRow, o, s, outChan, add)
			}
		}
	}
}

func sumRowsAVX2(m, rows, n int, dy *float32, dyRow, dyChan int, out *float32, add bool) {
	if n == 0 {
		rows = 0
	}
	for i := 0; i < m; {
		d, s := at(dy, i*dyChan), at(out, i)
		switch left := m - i; {
		case left >= 4:
			sumRows4AVX2(rows, n, d, dyRow, dyChan, s, add)
			i += 4
		case left >= 2:
			sumRows2AVX2(rows, n, d, dyRow, dyChan, s, add)
			i += 2
		default:
			sumRows1AVX2(rows, n, d, dyRow, dyChan, s, add)
			i++
		}
	}
}
