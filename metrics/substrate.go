package metrics

import (
	"assay/model"
	"assay/model/rng"
)

// substrates are what a pixel is replaced by:
//
//	zero  0 after normalisation (mid-grey where mean and std are 0.5)
//	blur  the image under an 11x11 Gaussian blur, sigma 5 pixels
//	mean  the training images' mean colour
var substrates = []string{"zero", "blur", "mean"}

// substrate writes into dst [C*H*W] what replaces the pixels of x. The mean is
// one value per channel.
func substrate(dst []float32, name string, x []float32, shape model.Shape, mean []float32) {
	switch name {
	case "zero":
		clear(dst)
	case "blur":
		blur(dst, x, shape)
	case "mean":
		area := shape.H * shape.W
		for i := range dst {
			dst[i] = mean[i/area]
		}
	}
}

const (
	blurSide  = 11 // pixels
	blurSigma = 5  // pixels
)

// blurKernel is RISE's: what scipy.ndimage.gaussian_filter makes of a delta in
// the middle of an 11x11 array. SciPy cuts the Gaussian off at 4 sigma, far
// outside the array, and mirrors the array at its borders, so the tails are
// folded back into the kernel: it is flatter than a truncated Gaussian and sums
// to 1. The square kernel is the outer product of this one with itself.
var blurKernel = func() (k [blurSide]float64) {
	const reach, mid = 4 * blurSigma, blurSide / 2
	total := 0.0
	for d := -reach; d <= reach; d++ {
		total += rng.Exp(-float64(d*d) / (2 * blurSigma * blurSigma))
	}
	for i := range k {
		for d := -reach; d <= reach; d++ {
			// The mirrored array has the period 2*side; its second half runs
			// backwards.
			at := ((i+d)%(2*blurSide) + 2*blurSide) % (2 * blurSide)
			if at >= blurSide {
				at = 2*blurSide - 1 - at
			}
			if at == mid {
				k[i] += rng.Exp(-float64(d*d)/(2*blurSigma*blurSigma)) / total
			}
		}
	}
	return k
}()

// blur convolves every channel with the Gaussian; beyond the border there are
// zeros. Sums run in float64, over the rows first.
func blur(dst, x []float32, shape model.Shape) {
	h, w := shape.H, shape.W
	in, rows, out := make([]float64, w), make([]float64, h*w), make([]float64, w)
	for c := range shape.C {
		channel := x[c*h*w : (c+1)*h*w]
		clear(rows)
		for r := range h {
			for q, v := range channel[r*w : (r+1)*w] {
				in[q] = float64(v)
			}
			row := rows[r*w : (r+1)*w]
			for j, k := range blurKernel {
				d := j - blurSide/2 // row[q] takes in[q+d]
				lo, hi := max(0, -d), min(w, w-d)
				if lo < hi {
					addScaled(row[lo:hi], k, in[lo+d:hi+d])
				}
			}
		}
		for r := range h {
			clear(out)
			for j, k := range blurKernel {
				if y := r + j - blurSide/2; y >= 0 && y < h {
					addScaled(out, k, rows[y*w:(y+1)*w])
				}
			}
			for q, v := range out {
				dst[(c*h+r)*w+q] = float32(v)
			}
		}
	}
}

// addScaled adds k times x to dst, each product rounded by itself.
func addScaled(dst []float64, k float64, x []float64) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += float64(k * x[i])
	}
}
