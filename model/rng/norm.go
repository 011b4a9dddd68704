package rng

import "math"

// The ziggurat of 128 layers for the standard normal density: layer i is the
// rectangle of width zigX[i] whose part below zigX[i]*zigRatio[i] lies under the
// curve. zigR is where the tail begins, zigV the area of every layer.
const (
	zigLayers = 128
	zigR      = 3.442619855899
	zigV      = 9.91256303526217e-3
)

var zigX, zigRatio = ziggurat()

func ziggurat() (x [zigLayers + 1]float64, ratio [zigLayers]float64) {
	f := Exp(-0.5 * zigR * zigR)
	x[0], x[1] = zigV/f, zigR
	for i := 2; i < zigLayers; i++ {
		x[i] = math.Sqrt(-2 * Log(zigV/x[i-1]+f))
		f = Exp(-0.5 * float64(x[i]*x[i]))
	}
	for i := range ratio {
		ratio[i] = x[i+1] / x[i]
	}
	return x, ratio
}

// Norm returns a standard normal number by the ziggurat method (Marsaglia &
// Tsang, J. Statistical Software 5(8), 2000) with the layer and the position
// drawn from different bits (Doornik, "An Improved Ziggurat Method to Generate
// Normal Random Samples", 2005). Square roots are exact everywhere and exp and
// log are this package's, so every CPU gives the same bits.
func (s *Stream) Norm() float64 { return s.norm(s.src.Uint64()) }

// norm is Norm whose first bits are b.
func (s *Stream) norm(b uint64) float64 {
	for ; ; b = s.src.Uint64() {
		i := b & (zigLayers - 1)
		u := float64(int64(b)>>10) * 0x1p-53 // [-1, 1), from bits that i does not use
		x := u * zigX[i]
		if math.Abs(u) < zigRatio[i] {
			return x
		}
		if i == 0 {
			return s.tail(u < 0)
		}
		xx := float64(x * x)
		f0 := Exp(-0.5 * (float64(zigX[i]*zigX[i]) - xx))
		f1 := Exp(-0.5 * (float64(zigX[i+1]*zigX[i+1]) - xx))
		if f1+float64(s.Float64()*(f0-f1)) < 1 {
			return x
		}
	}
}

// Normals fills x with standard normal numbers, those of as many calls of Norm.
func (s *Stream) Normals(x []float32) {
	src := s.src
	for i := range x {
		b := src.Uint64()
		// 99 of 100 numbers lie within their layer, and need no call.
		l := b & (zigLayers - 1)
		if u := float64(int64(b)>>10) * 0x1p-53; math.Abs(u) < zigRatio[l] {
			x[i] = float32(u * zigX[l])
			continue
		}
		x[i] = float32(s.norm(b))
	}
}

// tail draws from beyond zigR (Marsaglia 1964).
func (s *Stream) tail(negative bool) float64 {
	for {
		x := Log(1-s.Float64()) / zigR
		y := Log(1 - s.Float64())
		if float64(-2*y) < float64(x*x) {
			continue
		}
		if negative {
			return x - zigR
		}
		return zigR - x
	}
}
