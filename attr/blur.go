package attr

import (
	"assay/model"
	"assay/model/rng"
)

// blurrer convolves images with a Gaussian. The image is mirrored at its
// borders (d c b a | a b c d | d c b a), so no colour from outside creeps in
// and a very wide Gaussian leaves the mean colour of each channel. The kernel
// is sampled at whole pixels, cut off at 4 sigma and sums to 1, all as in
// scipy.ndimage.gaussian_filter with its defaults. Its weights are float64 until
// the tails are folded back, and float32 from there on.
type blurrer struct {
	shape      model.Shape
	rows, cols []float64 // [H,H] and [W,W]: one axis of the convolution as a matrix
	kernel     []float64 // one half of the Gaussian
	folded     []float64 // its weights by distance modulo the period of the mirrors
	mix        *model.Separable
}

func newBlurrer(s model.Shape) *blurrer {
	b := &blurrer{
		shape: s, rows: make([]float64, s.H*s.H), folded: make([]float64, 2*max(s.H, s.W)),
		mix: model.NewSeparable(s),
	}
	b.cols = b.rows
	if s.W != s.H {
		b.cols = make([]float64, s.W*s.W)
	}
	return b
}

// maxBlurSigma bounds the reach of a kernel: at 4 sigma beyond any image that
// fits in memory, all is mean colour.
const maxBlurSigma = 1000

// sigma sets the standard deviation of the Gaussian in pixels; 0 blurs nothing.
func (b *blurrer) sigma(sigma float64) {
	b.kernel = gaussian(sigma, b.kernel[:0])
	mirrored(b.kernel, b.shape.H, b.folded, b.rows)
	if b.shape.W != b.shape.H {
		mirrored(b.kernel, b.shape.W, b.folded, b.cols)
	}
	b.mix.Set(b.rows, b.cols)
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
// kernel's tails folded back at the borders. The mirrored image repeats itself
// after 2n, so the kernel is folded to that length first, in work.
func mirrored(kernel []float64, n int, work, m []float64) {
	period := work[:2*n]
	clear(period)
	for d := 1 - len(kernel); d < len(kernel); d++ {
		at := d % (2 * n)
		if at < 0 {
			at += 2 * n
		}
		period[at] += kernel[max(d, -d)]
	}
	for i := range n {
		row := m[i*n : (i+1)*n]
		for j := range row {
			// Input j lies at j and, mirrored, at -1-j.
			at := j - i
			if at < 0 {
				at += 2 * n
			}
			row[j] = period[at] + period[2*n-1-i-j]
		}
	}
}

// blur writes the blurred x into dst, both [C*H*W]; they may be the same.
func (b *blurrer) blur(dst, x []float32) { b.mix.Apply(x, dst) }
