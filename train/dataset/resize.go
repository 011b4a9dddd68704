package dataset

import "math"

// golang.org/x/image/draw resamples in floating point whose last bit depends on
// whether the compiler fuses multiply and add, so the same file could give other
// bytes on another CPU. Here the weights are rounded to integers first, and
// everything after is exact. The definition is Pillow's (Resampling.BICUBIC,
// with antialiasing when shrinking), so that torchvision's
// Resize(side, BICUBIC), CenterCrop(side) on a PIL image gives the same bytes.

const resizeBits = 22 // of the weights' fraction

// resizeCrop scales the shorter side to side and cuts the middle square out.
func resizeCrop(p rgb, side int) rgb {
	h, w := side, side
	if p.h < p.w {
		w = side * p.w / p.h
	} else {
		h = side * p.h / p.w
	}
	if w != p.w {
		p = transpose(scaleColumns(transpose(p), w))
	}
	if h != p.h {
		p = scaleColumns(p, h)
	}
	// Ties go to the even number, as Python's round.
	top, left := int(math.RoundToEven(float64(h-side)/2)), int(math.RoundToEven(float64(w-side)/2))
	q := rgb{side, side, make([]byte, 0, 3*side*side)}
	for c := range 3 {
		for y := range side {
			at := (c*h+top+y)*w + left
			q.pix = append(q.pix, p.pix[at:at+side]...)
		}
	}
	return q
}

// scaleColumns resamples every column of p to h pixels.
func scaleColumns(p rgb, h int) rgb {
	q := rgb{h, p.w, make([]byte, 3*h*p.w)}
	acc := make([]int64, p.w)
	for y := range h {
		lo, weights := bicubic(p.h, h, y)
		for c := range 3 {
			for x := range acc {
				acc[x] = 1 << (resizeBits - 1) // rounds to nearest
			}
			for k, wt := range weights {
				at := (c*p.h + lo + k) * p.w
				for x, v := range p.pix[at : at+p.w] {
					acc[x] += int64(v) * wt
				}
			}
			at := (c*h + y) * p.w
			for x, v := range acc {
				q.pix[at+x] = byte(min(max(v>>resizeBits, 0), 255))
			}
		}
	}
	return q
}

// bicubic returns the first input pixel and the weights, in units of
// 2^-resizeBits, that make pixel i of an axis scaled from in to out pixels.
func bicubic(in, out, i int) (lo int, weights []int64) {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1) // a shrunk image is smoothed over the pixels it merges
	support := 2 * stretch
	center := float64((float64(i) + 0.5) * scale)
	lo = max(int(center-support+0.5), 0)
	hi := min(int(center+support+0.5), in)
	w := make([]float64, hi-lo)
	var sum float64
	for k := range w {
		w[k] = catmullRom((float64(k+lo) - center + 0.5) * (1 / stretch))
		sum += w[k]
	}
	for _, v := range w {
		f := float64(v / sum * (1 << resizeBits))
		if f < 0 {
			weights = append(weights, int64(f-0.5))
		} else {
			weights = append(weights, int64(f+0.5))
		}
	}
	return lo, weights
}

// catmullRom is the cubic kernel with a = -1/2 of Keys, "Cubic convolution
// interpolation for digital image processing", IEEE Trans. ASSP 1981.
func catmullRom(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		t := float64((a+2)*x) - (a + 3)
		return float64(float64(t*x)*x) + 1
	case x < 2:
		t := float64((x-5)*x) + 8
		return float64((float64(t*x) - 4) * a)
	}
	return 0
}

func transpose(p rgb) rgb {
	q := rgb{p.w, p.h, make([]byte, len(p.pix))}
	for c := range 3 {
		for y := range p.h {
			for x := range p.w {
				q.pix[(c*p.w+x)*p.h+y] = p.pix[(c*p.h+y)*p.w+x]
			}
		}
	}
	return q
}
