package kernel

import (
	"math"
	"math/bits"
	"unsafe"
)

// words is table for bit sets.
func words(p *uint32, f int32) uint32 {
	return *(*uint32)(unsafe.Add(unsafe.Pointer(p), 4*int(f)))
}

func select16Go(n int, of *int32, present *uint32, x, b, out *float32, keep int) {
	first := bits.Len(uint(keep))
	xs, bs := row(x, 0, n), row(b, 0, n)
	for j, f := range table(of, n) {
		on := words(present, f)
		to := row(out, 16*j, 16)
		for l := first; l < len(to); l++ {
			if on>>l&1 == 1 {
				to[l] = xs[j]
			} else {
				to[l] = bs[j]
			}
		}
	}
}

func fade16Go(n int, of *int32, share, d, b, out *float32, keep int) {
	first := bits.Len(uint(keep))
	ds, bs := row(d, 0, n), row(b, 0, n)
	for j, f := range table(of, n) {
		s, to := row(share, 16*int(f), 16), row(out, 16*j, 16)
		for l := first; l < len(to); l++ {
			to[l] = float32(s[l]*ds[j]) + bs[j]
		}
	}
}

func mixGo(rows, n int, s *float32, lo, hi *int32, x, out *float32) {
	los, his := table(lo, rows), table(hi, rows)
	for r, share := range row(s, 0, rows) {
		high, o := row(x, int(his[r]), n), row(out, r*n, n)
		for j, v := range row(x, int(los[r]), n) {
			o[j] = v + float32(share*(high[j]-v))
		}
	}
}

func moments64Go(n, rows int, w *float64, x *float32, ld int, sum, sq *float64) {
	s, q := row64(sum, n), row64(sq, n)
	for r, weight := range row64(w, rows) {
		for j, v := range row(x, r*ld, n) {
			s[j] += float64(weight * float64(v))
			q[j] += float64(float64(weight*weight) * float64(v*v))
		}
	}
}

func sumRows64Go(n, rows int, at *int32, x *float64, ld int, out *float64) {
	o := row64(out, n)
	for _, r := range table(at, rows) {
		from := unsafe.Slice((*float64)(unsafe.Add(unsafe.Pointer(x), 8*int(r)*ld)), n)
		for j, v := range from {
			o[j] += v
		}
	}
}

func cube64Go(n int, g *float32, acc *float64) {
	a := row64(acc, n)
	for j, v := range row(g, 0, n) {
		x := float64(v)
		a[j] += float64(float64(x*x) * x)
	}
}

func fourth64Go(n int, g *float32, acc *float64) {
	a := row64(acc, n)
	for j, v := range row(g, 0, n) {
		x := float64(v)
		a[j] += float64(float64(float64(x*x)*x) * x)
	}
}

func meanError64Go(n int, count float64, sum, sq *float64, mean, stderr *float32) {
	s, q, to, e := row64(sum, n), row64(sq, n), row(mean, 0, n), row(stderr, 0, n)
	for j := range to {
		m := s[j] / count
		to[j] = float32(m)
		e[j] = float32(math.Sqrt(max(0, (q[j]/count-float64(m*m))/(count-1))))
	}
}
