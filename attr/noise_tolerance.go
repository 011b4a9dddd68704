package attr

import (
	"fmt"
	"math"
	"slices"

	"assay/model"
)

// firstSamples is the number of copies before the standard error is looked at
// for the first time: with fewer it says little.
const firstSamples = 16

// settle draws noisy copies of every image until the standard error of its map
// is at most Tolerance of the map, both in the Euclidean norm over all values,
// or until there are MaxSamples. It looks after 16 copies, 32, 64, and so on.
//
// The standard errors of mean, mean square and variance over n independent
// copies are estimated from the copies' own moments, for the variance
// asymptotically: sqrt((m4 - m2^2)/n) with the central moments m2 and m4. They
// are reported with the map, the number of copies as Steps.
func (o *NoiseTunnel) settle(e *Env, over streamer, in []Input, fx []float64, emit func(i int, a Attribution)) error {
	size := MapShape(over, e.Worker.Model().Net()).Size()
	noise := o.noiser(e)
	z := make([]float32, e.size())
	m, stderr := make([]float32, size), make([]float32, size)
	sums := make([]*noiseMoments, model.Lanes)
	for l := range sums {
		sums[l] = newNoiseMoments(o.NTType, size)
	}
	for first := 0; first < len(in); first += model.Lanes {
		block := in[first:min(first+model.Lanes, len(in))]
		open := make([]int, len(block)) // images still drawing
		for l := range block {
			open[l] = l
			sums[l].reset()
		}
		for have := 0; len(open) > 0; {
			more := min(max(firstSamples, 2*have), o.MaxSamples) - have
			err := over.stream(e, len(open)*more,
				func(k int, dst *Input) {
					src := &block[open[k/more]]
					noise(src.Index, have+k%more, z)
					dst.Index, dst.Target = src.Index, src.Target
					model.AddScaled(o.stdev(src.X), z, src.X, dst.X)
				},
				func(k int, a Attribution) { sums[open[k/more]].add(a.Map) })
			if err != nil {
				return fmt.Errorf("attr: noise_tunnel: %w", err)
			}
			have += more
			open = slices.DeleteFunc(open, func(l int) bool {
				return have == o.MaxSamples || sums[l].relativeError(m, stderr) <= o.Tolerance
			})
		}
		for l := range block {
			sums[l].relativeError(m, stderr)
			emit(first+l, Attribution{Map: m, StdErr: stderr, FX: fx[first+l], Steps: sums[l].n})
		}
	}
	return nil
}

// noiseMoments are running sums over the copies of an image.
type noiseMoments struct {
	of string      // nt_type
	n  int         // copies
	s  [][]float64 // [4][size of a map] of a, a^2, a^3, a^4; nil where not needed
}

func newNoiseMoments(ntType string, size int) *noiseMoments {
	powers := map[string][]int{"smoothgrad": {1, 2}, "smoothgrad_sq": {2, 4}, "vargrad": {1, 2, 3, 4}}
	m := &noiseMoments{of: ntType, s: make([][]float64, 4)}
	for _, p := range powers[ntType] {
		m.s[p-1] = make([]float64, size)
	}
	return m
}

func (m *noiseMoments) reset() {
	m.n = 0
	for _, s := range m.s {
		clear(s)
	}
}

func (m *noiseMoments) add(a []float32) {
	m.n++
	for p, s := range m.s {
		if s == nil {
			continue
		}
		for j, x := range a {
			v := float64(x)
			t := v
			for range p {
				t = float64(t * v)
			}
			s[j] += t
		}
	}
}

// relativeError writes map and standard error and returns the norm of the
// latter as a share of the norm of the former; 0 if both are 0.
func (m *noiseMoments) relativeError(dst, stderr []float32) float64 {
	n := float64(m.n)
	var errors, values float64
	for j := range dst {
		var v, variance float64 // of the map value
		switch m.of {
		case "smoothgrad":
			v = m.s[0][j] / n
			variance = (m.s[1][j]/n - float64(v*v)) / (n - 1)
		case "smoothgrad_sq":
			v = m.s[1][j] / n
			variance = (m.s[3][j]/n - float64(v*v)) / (n - 1)
		case "vargrad":
			mean, m2 := m.s[0][j]/n, m.s[1][j]/n
			square := float64(mean * mean)
			v = math.Max(0, m2-square)
			m4 := m.s[3][j]/n - float64(4*float64(mean*(m.s[2][j]/n))) + float64(6*float64(square*m2)) - float64(3*float64(square*square))
			variance = (m4 - float64(v*v)) / n
		}
		variance = math.Max(0, variance) // rounding can leave it a little below
		dst[j], stderr[j] = float32(v), float32(math.Sqrt(variance))
		errors += variance
		values += float64(v * v)
	}
	if errors == 0 {
		return 0
	}
	return math.Sqrt(errors / values)
}
