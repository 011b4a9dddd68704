package attr

import (
	"fmt"
	"math"

	"assay/model"
)

// noiseMoments are running sums over the noisy copies of an image, and what they
// tell. The standard errors of the mean of a and of a^2 over n independent copies
// are those of a mean,
//
//	sqrt((mean of squares - square of mean) / (n-1))
//
// with fourth powers for the squares of a^2. For the variance m2 about the copies'
// own mean it is, with the central moments m2 and m4,
//
//	sqrt(m4 (n-1)^2/n^3 - m2^2 (n-3)/(n (n-1)))
//
// which is the variance of a sample variance, mu4/n - sigma^4 (n-3)/(n (n-1)), times
// ((n-1)/n)^2 for the variance over n, with m4 for mu4 and m2 n/(n-1) for sigma^2
// (Mood, Graybill & Boes, Introduction to the Theory of Statistics, 3rd ed. 1974,
// chapter VI, theorem 2). Without the terms in 1/n that of two copies would
// always be 0.
type noiseMoments struct {
	n int          // copies
	s [4][]float64 // [size of a map] of a, a^2, a^3, a^4; nil where not needed
}

// newNoiseMoments has what the given nt_types need.
func newNoiseMoments(size int, ntTypes ...string) *noiseMoments {
	m := &noiseMoments{}
	m.need(size, ntTypes...)
	return m
}

// need adds the sums that nt_types need.
func (m *noiseMoments) need(size int, ntTypes ...string) {
	for _, t := range ntTypes {
		for _, p := range map[string][]int{"smoothgrad": {1, 2}, "smoothgrad_sq": {2, 4}, "vargrad": {1, 2, 3, 4}}[t] {
			if m.s[p-1] == nil {
				m.s[p-1] = make([]float64, size)
			}
		}
	}
}

// reset forgets all copies.
func (m *noiseMoments) reset() {
	m.n = 0
	for _, s := range m.s {
		clear(s)
	}
}

// add takes the map of a copy.
func (m *noiseMoments) add(a []float32) {
	m.n++
	if m.s[0] != nil {
		model.Accumulate(1, a, m.s[0])
	}
	if m.s[1] != nil {
		model.AccumulateSquares(a, m.s[1])
	}
	if m.s[2] != nil {
		model.AccumulateCubes(a, m.s[2])
	}
	if m.s[3] != nil {
		model.AccumulateFourths(a, m.s[3])
	}
}

// read writes the map of an nt_type and its standard error, and returns the
// latter: nil of a single copy, which tells nothing about it.
func (m *noiseMoments) read(ntType string, dst, stderr []float32) []float32 {
	var mean, squares []float64
	switch ntType {
	case "smoothgrad":
		mean, squares = m.s[0], m.s[1]
	case "smoothgrad_sq":
		mean, squares = m.s[1], m.s[3]
	case "vargrad":
		m.variance(dst, stderr)
		return stderr
	default:
		panic(fmt.Sprintf("attr: nt_type %q", ntType))
	}
	if m.n > 1 {
		model.MeanError(m.n, mean, squares, dst, stderr)
		return stderr
	}
	for j := range dst {
		dst[j] = float32(mean[j])
	}
	return nil
}

// variance writes the variance and its standard error.
func (m *noiseMoments) variance(dst, stderr []float32) {
	n := float64(m.n)
	fourth, squared := (n-1)*(n-1)/(n*n*n), (n-3)/(n*(n-1))
	s2, s3, s4 := m.s[1][:len(dst)], m.s[2][:len(dst)], m.s[3][:len(dst)]
	stderr = stderr[:len(dst)]
	for j, sum := range m.s[0][:len(dst)] {
		mean, m2 := sum/n, s2[j]/n
		square := float64(mean * mean)
		// Rounding can leave what is 0 a little below it.
		v := math.Max(0, m2-square)
		m4 := s4[j]/n - float64(4*float64(mean*(s3[j]/n))) + float64(6*float64(square*m2)) - float64(3*float64(square*square))
		dst[j] = float32(v)
		stderr[j] = float32(math.Sqrt(math.Max(0, float64(fourth*m4)-float64(squared*float64(v*v)))))
	}
}
