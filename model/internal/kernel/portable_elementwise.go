package kernel

import "math"

// relu is the larger of x and 0; -0 and NaN give +0.
func relu(x float32) float32 {
	if x > 0 {
		return x
	}
	return 0
}

func reluGo(n int, x, out *float32) {
	o := row(out, 0, n)
	for j, v := range row(x, 0, n) {
		o[j] = relu(v)
	}
}

func reluGradGo(n int, x, g, out *float32) {
	gs, o := row(g, 0, n), row(out, 0, n)
	for j, v := range row(x, 0, n) {
		if v > 0 {
			o[j] = gs[j]
		} else {
			o[j] = 0
		}
	}
}

func reluRescaleGo(n int, x, xr, g, out *float32) {
	rs, gs, o := row(xr, 0, n), row(g, 0, n), row(out, 0, n)
	for j, v := range row(x, 0, n) {
		d := v - rs[j]
		switch {
		case d > rescaleFloor || d < -rescaleFloor:
			o[j] = gs[j] * ((relu(v) - relu(rs[j])) / d)
		case v > 0:
			o[j] = gs[j]
		default:
			o[j] = 0
		}
	}
}

func addGo(n int, a, b, out *float32) {
	bs, o := row(b, 0, n), row(out, 0, n)
	for j, v := range row(a, 0, n) {
		o[j] = v + bs[j]
	}
}

func mulGo(n int, a, b, out *float32) {
	bs, o := row(b, 0, n), row(out, 0, n)
	for j, v := range row(a, 0, n) {
		o[j] = v * bs[j]
	}
}

func divideGo(n int, z, g, out *float32, scale, eps float32) {
	gs, o := row(g, 0, n), row(out, 0, n)
	for j, v := range row(z, 0, n) {
		d := v + eps
		if v < 0 {
			d = v - eps
		}
		if d == 0 {
			o[j] = 0
		} else {
			o[j] = scale * gs[j] / d
		}
	}
}

func lerpGo(n int, alpha float32, x, b, out *float32) {
	bs, o := row(b, 0, n), row(out, 0, n)
	for j, v := range row(x, 0, n) {
		o[j] = FMA(alpha, v-bs[j], bs[j])
	}
}

func addScaledGo(n int, s float32, z, x, out *float32) {
	zs, o := row(z, 0, n), row(out, 0, n)
	for j, v := range row(x, 0, n) {
		o[j] = FMA(s, zs[j], v)
	}
}

func acc64Go(n int, w float64, g *float32, acc *float64) {
	a := row64(acc, n)
	for j, v := range row(g, 0, n) {
		a[j] += float64(w * float64(v))
	}
}

func sq64Go(n int, g *float32, acc *float64) {
	a := row64(acc, n)
	for j, v := range row(g, 0, n) {
		a[j] += float64(float64(v) * float64(v))
	}
}

func sgdGo(n int, w, v, g *float32, lr, mu, wd float32) {
	vs, gs := row(v, 0, n), row(g, 0, n)
	ws := row(w, 0, n)
	for j := range ws {
		vs[j] = FMA(mu, vs[j], FMA(wd, ws[j], gs[j]))
		ws[j] = FMA(-lr, vs[j], ws[j])
	}
}

func notFiniteGo(n int, x *float32) bool {
	const exponent = 0x7f800000
	for _, v := range row(x, 0, n) {
		if math.Float32bits(v)&exponent == exponent {
			return true
		}
	}
	return false
}
