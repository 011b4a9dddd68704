package attr

import (
	"assay/model"
	"assay/model/rng"
)

// blurrer convolves images with a Gaussian. The image is mirrored at its
// borders (d c b a | a b c d | d c b a), so no colour from outside creeps in
// and a very wide Gaussian leaves the mean colour of each channel. The kernel
// is sampled at whole pixels, cut off at 4 sigma and sums to 1, all as in
// scipy.ndimage.gaussian_filter with its defaults.
type blurrer struct {
	shape      model.Shape
	rows, cols []float64 // [H,H] and [W,W]: one axis of the convolution as a matrix
	a, b       []float32 // [C*H*W]
	acc        []float64 // of a row
	kernel     []float64 // one half of the Gaussian
}

func newBlurrer(s model.Shape) *blurrer {
	n := s.Size()
	return &blurrer{
		shape: s, rows: make([]float64, s.H*s.H), cols: make([]float64, s.W*s.W),
		a: make([]float32, n), b: make([]float32, n), acc: make([]float64, max(s.H, s.W)),
	}
}

// maxBlurSigma bounds the reach of a kernel: at 4 sigma beyond any image that
// fits in memory, all is mean colour.
const maxBlurSigma = 1000

// sigma sets the standard deviation of the Gaussian in pixels; 0 blurs nothing.
func (b *blurrer) sigma(sigma float64) {
	b.kernel = gaussian(sigma, b.kernel[:0])
	mirrored(b.kernel, b.shape.H, b.rows)
	mirrored(b.kernel, b.shape.W, b.cols)
}

// gaussian appends the weights at distance 0, 1, ... to kernel. With those on
// the other side they sum to 1.
func gaussian(sigma float64, kernel []float64) []float64 {
	kernel = append(kernel, 1)
	total := 1.0
	for d := 1; d <= int(float64(4*sigma)+0.5); d++ {
		w := rng.Exp(-float64(d*d) / float64(2*float64(sigma*sigma)))
		kernel = append(kernel, w)
		total += 2 * w
	}
	for d := range kernel {
		kernel[d] /= total
	}
	return kernel
}

// mirrored fills m [n,n] with the weights that output i gives to input j, the
// kernel's tails folded back at the borders.
func mirrored(kernel []float64, n int, m []float64) {
	clear(m)
	for i := range n {
		row := m[i*n : (i+1)*n]
		for d := 1 - len(kernel); d < len(kernel); d++ {
			j := (i + d) % (2 * n)
			if j < 0 {
				j += 2 * n
			}
			if j >= n {
				j = 2*n - 1 - j
			}
			row[j] += kernel[max(d, -d)]
		}
	}
}

// blur writes the blurred x into dst, both [C*H*W]; they may be the same. Sums
// run in float64, over the columns first; what is between the two is float32.
func (b *blurrer) blur(dst, x []float32) {
	s := b.shape
	for c := range s.C {
		at := c * s.H * s.W
		b.axis(b.rows, s.H, s.W, x[at:at+s.H*s.W], b.a[at:])
		flip(b.a[at:], b.b[at:], s.H, s.W)
		b.axis(b.cols, s.W, s.H, b.b[at:at+s.H*s.W], b.a[at:])
		flip(b.a[at:], dst[at:], s.W, s.H)
	}
}

// axis multiplies the rows of x [n,width] by m [n,n].
func (b *blurrer) axis(m []float64, n, width int, x, dst []float32) {
	acc := b.acc[:width]
	for i := range n {
		clear(acc)
		for j, w := range m[i*n : (i+1)*n] {
			if w != 0 {
				model.Accumulate(w, x[j*width:(j+1)*width], acc)
			}
		}
		for k, v := range acc {
			dst[i*width+k] = float32(v)
		}
	}
}

// flip transposes src [h,w] into dst [w,h].
func flip(src, dst []float32, h, w int) {
	for r := range h {
		for c := range w {
			dst[c*h+r] = src[r*w+c]
		}
	}
}
