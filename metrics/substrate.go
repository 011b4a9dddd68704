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
// zeros. Sums run in float64, along the rows first.
func blur(dst, x []float32, shape model.Shape) {
	const mid = blurSide / 2
	h, w := shape.H, shape.W
	rows := make([]float64, h*w)
	for c := range shape.C {
		in, out := x[c*h*w:(c+1)*h*w], dst[c*h*w:(c+1)*h*w]
		for r := range h {
			for q := range w {
				s := 0.0
				for j := max(0, q-mid); j <= min(w-1, q+mid); j++ {
					s += float64(blurKernel[j-q+mid] * float64(in[r*w+j]))
				}
				rows[r*w+q] = s
			}
		}
		for r := range h {
			for q := range w {
				s := 0.0
				for j := max(0, r-mid); j <= min(h-1, r+mid); j++ {
					s += float64(blurKernel[j-r+mid] * rows[j*w+q])
				}
				out[r*w+q] = float32(s)
			}
		}
	}
}
