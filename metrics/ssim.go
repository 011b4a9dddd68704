package metrics

import (
	"math"

	"assay/model/rng"
)

// SSIM returns the mean structural similarity of two images given row by row,
// width pixels a row, whose values span dataRange (1 for [0,1]).
//
// Wang, Bovik, Sheikh & Simoncelli, "Image Quality Assessment: From Error
// Visibility to Structural Similarity", IEEE TIP 13 (2004), with the paper's
// window (11x11 Gaussian, sigma 1.5), K1 = 0.01, K2 = 0.03 and no correction for
// the sample size: what scikit-image's structural_similarity gives for
// gaussian_weights=True, sigma=1.5, use_sample_covariance=False. The mean is
// over the windows that lie within the image.
//
// It is NaN, undefined, where the image is under 11 pixels high or wide. It
// panics where the images do not have the same number of whole rows.
func SSIM(a, b []float64, width int, dataRange float64) float64 {
	if len(a) != len(b) || width < 1 || len(a)%width != 0 {
		panic("metrics: SSIM of images of different or broken shapes")
	}
	return newMoments(a, width).ssim(newMoments(b, width), dataRange)
}

const ssimSide = 11 // pixels

// ssimKernel is the Gaussian of sigma 1.5 pixels, normalised to sum to 1.
var ssimKernel = func() (k [ssimSide]float64) {
	sum := 0.0
	for i := range k {
		d := float64(i - ssimSide/2)
		k[i] = rng.Exp(-d * d / (2 * 1.5 * 1.5))
		sum += k[i]
	}
	for i := range k {
		k[i] /= sum
	}
	return k
}()

// moments is an image with the mean and the variance of each of its windows,
// kept so that an image which is compared with many is filtered once.
type moments struct {
	x              []float64
	width          int
	mean, variance []float64 // nil where no window fits
}

func newMoments(x []float64, width int) moments {
	m := moments{x: x, width: width}
	square := make([]float64, len(x))
	for i, v := range x {
		square[i] = float64(v * v)
	}
	m.mean, m.variance = windows(x, width), windows(square, width)
	for i, v := range m.mean {
		m.variance[i] -= float64(v * v)
	}
	return m
}

func (m moments) ssim(o moments, dataRange float64) float64 {
	if len(m.mean) == 0 || len(o.mean) == 0 {
		return math.NaN()
	}
	product := make([]float64, len(m.x))
	for i, v := range m.x {
		product[i] = float64(v * o.x[i])
	}
	k1, k2 := 0.01*dataRange, 0.03*dataRange
	c1, c2 := float64(k1*k1), float64(k2*k2)
	sum := 0.0
	for i, p := range windows(product, m.width) {
		u, v := m.mean[i], o.mean[i]
		uv := float64(u * v)
		covariance := p - uv
		above := float64((float64(2*uv) + c1) * (float64(2*covariance) + c2))
		below := float64((float64(u*u) + float64(v*v) + c1) * (m.variance[i] + o.variance[i] + c2))
		sum += above / below
	}
	return sum / float64(len(m.mean))
}

// windows returns the weighted mean of every window that lies within the
// image, along the columns first.
func windows(x []float64, width int) []float64 {
	height := len(x) / width
	h, w := height-ssimSide+1, width-ssimSide+1
	if h < 1 || w < 1 {
		return nil
	}
	rows := make([]float64, h*width)
	for r := range h {
		row := rows[r*width : (r+1)*width]
		for j, k := range ssimKernel {
			addScaled(row, k, x[(r+j)*width:(r+j+1)*width])
		}
	}
	out := make([]float64, h*w)
	for r := range h {
		row := out[r*w : (r+1)*w]
		for j, k := range ssimKernel {
			addScaled(row, k, rows[r*width+j:r*width+j+w])
		}
	}
	return out
}
