package main

import (
	"fmt"
	"math"
)

// peakChains is how many independent multiply-adds a round of peak has: more
// than any core's latency times throughput.
const peakChains = 12

// peak generates the loop behind Set.PeakFMA.
func peak(a *asm, s isa) {
	a.function("peak"+s.suffix, fmt.Sprintf("runs n >= 1 rounds of %d multiply-adds of %d floats.", peakChains, s.width), "n int")
	n := a.gp("n")
	half := a.splatBits(math.Float32bits(0.5), s.width)
	acc := a.vecs(peakChains, s.width)
	for i := range acc {
		a.zero(acc[i], s.width)
	}
	a.Label("loop")
	for i := range acc {
		a.VFMADD231PS(half, half, acc[i])
	}
	a.DECQ(n)
	a.JNZ(ref("loop"))
	a.VZEROUPPER()
	a.RET()
}
