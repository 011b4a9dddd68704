package kernel

import "golang.org/x/sys/cpu"

// runs reports whether this CPU can run a level. The cpu package looks at the
// operating system too: whether it saves the wide registers.
func runs(l Level) bool {
	switch l {
	case Portable:
		return true
	case AVX2:
		return cpu.X86.HasAVX2 && cpu.X86.HasFMA
	case AVX512:
		return runs(AVX2) && cpu.X86.HasAVX512F
	}
	return false
}

// accelerated returns the table of a level that runs.
func accelerated(l Level) *Set {
	if l == AVX512 {
		return &avx512
	}
	return &avx2
}

var avx2 = Set{
	Name:                 "avx2",
	Gemm:                 gemmAVX2,
	Conv:                 convAVX2,
	Regroup:              regroupRows,
	WGrad:                wgradAVX2,
	SumRows:              sumRowsAVX2,
	Outer4:               outer4AVX2,
	Outer4SGD:            outer4SGDRows,
	Transpose:            transposeAVX2,
	Lanes16:              lanes16AVX2,
	Rows16:               rows16AVX2,
	Lanes4:               lanes4AVX2,
	Rows4:                rows4AVX2,
	ReLU:                 reluAVX2,
	ReLUGrad:             reluGradAVX2,
	ReLURescale:          reluRescaleAsm,
	Divide:               divideAVX2,
	Add:                  addAVX2,
	Mul:                  mulAVX2,
	Lerp:                 lerpAVX2,
	AddScaled:            addScaledAVX2,
	Acc64:                acc64AVX2,
	Sq64:                 sq64AVX2,
	SGD:                  sgdAVX2,
	NotFinite:            notFiniteAVX2,
	MaxPool:              maxPoolAVX2,
	MaxPoolGrad:          maxPoolGradAVX2,
	MaxPoolGrad2x2:       maxPoolGrad2x2AVX2,
	ReLUChange:           reluChangeAVX2,
	ReLUChangeRescale:    reluChangeRescaleAVX2,
	MaxPoolChange:        maxPoolChangeAVX2,
	MaxPoolChangeRescale: maxPoolChangeRescaleAVX2,
	PeakFMA:              peakFMAAVX2,
	Perturbing:           avx2Perturbing,
}

// avx512 has wide versions of what is bound by multiply-adds. The rest is
// bound by memory, or has eight lanes by definition (the reductions).
var avx512 = func() Set {
	s := avx2
	s.Name = "avx512"
	s.Gemm = gemmAVX512
	s.Conv = convAVX512
	s.Outer4 = outer4AVX512
	s.PeakFMA = peakFMAAVX512
	return s
}()
