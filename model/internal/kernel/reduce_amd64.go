package kernel

// wgradTiles are the sums that fit the registers together, by rows of
// gradients and by taps, each less one.
var wgradTiles = [4][4]func(rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool){
	{wgrad1x1AVX2, wgrad1x2AVX2, wgrad1x3AVX2, wgrad1x4AVX2},
	{wgrad2x1AVX2, wgrad2x2AVX2, wgrad2x3AVX2, wgrad2x4AVX2},
	{wgrad3x1AVX2, wgrad3x2AVX2, wgrad3x3AVX2, wgrad3x4AVX2},
	{wgrad4x1AVX2, wgrad4x2AVX2, wgrad4x3AVX2},
}

// wgradCost is what tiles of mt rows and tt taps cost, in multiply-adds: a tile
// has the latency of eight at least.
func wgradCost(m, t, mt, tt int) int {
	tile := func(a, b int) int {
		if a*b == 0 {
			return 0
		}
		return max(a*b, 8) + 1
	}
	return (m/mt)*((t/tt)*tile(mt, tt)+tile(mt, t%tt)) + (t/tt)*tile(m%mt, tt) + tile(m%mt, t%tt)
}

func wgradAVX2(m, t, rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool) {
	if n == 0 {
		rows = 0
	}
	mt, tt := 3, 4
	if wgradCost(m, t, 4, 3) < wgradCost(m, t, 3, 4) {
		mt, tt = 4, 3
	}
	offs := table(off, t)
	for i := 0; i < m; i += mt {
		tiles := &wgradTiles[min(m-i, mt)-1]
		for q := 0; q < t; q += tt {
			tiles[min(t-q, tt)-1](rows, n, at(dy, i*dyChan), dyRow, dyChan, x, xRow, &offs[q], at(out, i*outChan+q), outChan, add)
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
