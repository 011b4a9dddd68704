package kernel

// wgradTiles are the sums that fit the registers together, by rows of
// gradients and by taps, each less one.
var wgradTiles = [3][4]func(rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool){
	{wgrad1x1AVX2, wgrad1x2AVX2, wgrad1x3AVX2, wgrad1x4AVX2},
	{wgrad2x1AVX2, wgrad2x2AVX2, wgrad2x3AVX2, wgrad2x4AVX2},
	{wgrad3x1AVX2, wgrad3x2AVX2, wgrad3x3AVX2, wgrad3x4AVX2},
}

func wgradAVX2(m, t, rows, n int, dy *float32, dyRow, dyChan int, x *float32, xRow int, off *int32, out *float32, outChan int, add bool) {
	if n == 0 {
		rows = 0
	}
	offs := table(off, t)
	for i := 0; i < m; i += len(wgradTiles) {
		tiles := &wgradTiles[min(m-i, len(wgradTiles))-1]
		for q := 0; q < t; q += len(tiles) {
			tiles[min(t-q, len(tiles))-1](rows, n, at(dy, i*dyChan), dyRow, dyChan, x, xRow, &offs[q], at(out, i*outChan+q), outChan, add)
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
