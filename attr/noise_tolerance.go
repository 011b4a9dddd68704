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
// The standard errors are those of noiseMoments; the number of copies is reported
// as Steps.
func (o *NoiseTunnel) settle(e *Env, over streamer, in []Input, fx []float64, emit func(i int, a Attribution)) error {
	size := MapShape(over, e.Worker.Model().Net()).Size()
	noise := o.noiser(e)
	z := make([]float32, e.size())
	m, stderr := make([]float32, size), make([]float32, size)
	sums := make([]*noiseMoments, model.Lanes)
	for l := range sums {
		sums[l] = newNoiseMoments(size, o.NTType)
	}
	for first := 0; first < len(in); first += model.Lanes {
		block := in[first:min(first+model.Lanes, len(in))]
		open := make([]int, len(block)) // images still drawing
		doubt := make([]Doubt, len(block))
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
				func(k int, a Attribution) {
					sums[open[k/more]].add(a.Map)
					doubt[open[k/more]] |= a.Doubt
				})
			if err != nil {
				return fmt.Errorf("attr: noise_tunnel: %w", err)
			}
			have += more
			open = slices.DeleteFunc(open, func(l int) bool {
				sums[l].read(o.NTType, m, stderr)
				near := share(stderr, m) <= o.Tolerance
				if !near && have == o.MaxSamples {
					doubt[l] |= SamplesShort
				}
				return near || have == o.MaxSamples
			})
		}
		for l := range block {
			sums[l].read(o.NTType, m, stderr)
			emit(first+l, Attribution{Map: m, StdErr: stderr, FX: fx[first+l], Doubt: doubt[l], Steps: sums[l].n})
		}
	}
	return nil
}

// share returns the Euclidean norm of x over that of y, 0 where x is 0.
func share(x, y []float32) float64 {
	var above, below float64
	for j, v := range x {
		above += float64(float64(v) * float64(v))
		below += float64(float64(y[j]) * float64(y[j]))
	}
	if above == 0 {
		return 0
	}
	return math.Sqrt(above / below)
}
