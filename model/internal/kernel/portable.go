package kernel

// portable is the plain Go level: the definition of every kernel, and the
// oracle that the assembly is compared with.
var portable = Set{
	Name:                 "portable",
	Gemm:                 gemmGo,
	Conv:                 convGo,
	Regroup:              regroupGo,
	WGrad:                wgradGo,
	SumRows:              sumRowsGo,
	Outer4:               outer4Go,
	Outer4SGD:            outer4SGDGo,
	Transpose:            transposeGo,
	Lanes16:              lanes16Go,
	Rows16:               rows16Go,
	Lanes4:               lanes4Go,
	Rows4:                rows4Go,
	ReLU:                 reluGo,
	ReLUGrad:             reluGradGo,
	ReLURescale:          reluRescaleGo,
	Divide:               divideGo,
	Add:                  addGo,
	Mul:                  mulGo,
	Lerp:                 lerpGo,
	AddScaled:            addScaledGo,
	Acc64:                acc64Go,
	Sq64:                 sq64Go,
	SGD:                  sgdGo,
	NotFinite:            notFiniteGo,
	MaxPool:              maxPoolGo,
	MaxPoolGrad:          maxPoolGradGo,
	MaxPoolGrad2x2:       maxPoolGrad2x2Go,
	ReLUChange:           reluChangeGo,
	ReLUChangeRescale:    reluChangeRescaleGo,
	MaxPoolChange:        maxPoolChangeGo,
	MaxPoolChangeRescale: maxPoolChangeRescaleGo,
	PeakFMA:              peakGo,
	Perturbing:           portablePerturbing,
}

// peakChains is the number of multiply-adds, of a vector each, in a round of the
// assembly's peak loops (see gen/peak.go).
const peakChains = 12

// peakGo runs eight emulated multiply-adds a round.
func peakGo(n int) int {
	acc := [8]float32{1, 1, 1, 1, 1, 1, 1, 1}
	for range n {
		for l := range acc {
			acc[l] = FMA(acc[l], 0.5, 0.5)
		}
	}
	if acc[0] != 1 {
		panic("kernel: 1*0.5+0.5 is not 1")
	}
	return 2 * len(acc) * n
}
