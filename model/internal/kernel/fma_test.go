package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactFMA computes x*y+z without rounding and rounds once.
func exactFMA(x, y, z float32) float32 {
	a, b, c := float64(x), float64(y), float64(z)
	short := a*b + c
	if math.IsInf(short, 0) || short != short || short == 0 {
		return float32(short) // infinities, NaN and zeros follow the IEEE rules in any width
	}
	const enough = 700 // bits from 2^-298 to 2^257, and more
	p := new(big.Float).SetPrec(enough).SetFloat64(a)
	p.Mul(p, new(big.Float).SetPrec(enough).SetFloat64(b))
	p.Add(p, new(big.Float).SetPrec(enough).SetFloat64(c))
	f, _ := p.Float32()
	return f
}

func checkFMA(t *testing.T, x, y, z float32) {
	t.Helper()
	want := exactFMA(x, y, z)
	if got := FMA(x, y, z); !same(got, want) {
		t.Errorf("FMA(%x, %x, %x) = %x, want %x", x, y, z, got, want)
	}
	if got := fmaOdd(x, y, z); !same(got, want) {
		t.Errorf("fmaOdd(%x, %x, %x) = %x, want %x", x, y, z, got, want)
	}
	xs, zs, k := [4]float32{x, x, x, x}, [4]float32{z, z, z, z}, int32(0)
	for _, l := range Levels() {
		got := zs
		For(l).Gemm(1, 4, 1, &k, &xs[0], &y, nil, &got[0], 4)
		if !same(got[0], want) || !same(got[3], want) {
			t.Errorf("%v: fma(%x, %x, %x) = %x, want %x", l, x, y, z, got, want)
		}
	}
}

func TestFMARoundsOnce(t *testing.T) {
	for _, x := range specials {
		for _, y := range specials {
			for _, z := range specials {
				checkFMA(t, x, y, z)
			}
		}
	}
	checkFMA(t, float32(math.Inf(1)), 0, 1)
	checkFMA(t, float32(math.Inf(1)), 1, float32(math.Inf(-1)))
	checkFMA(t, 1, 1, float32(math.NaN()))
}

// Where a rounding of the float64 sum lands on the middle between two float32,
// rounding it again goes the wrong way.
func TestFMAHardCases(t *testing.T) {
	for _, c := range []struct{ x, y, z float32 }{
		{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-60},
		{1 + 0x1p-12, 1 + 0x1p-12, -0x1p-60},
		{0x1p-30, 0x1p-30, 1 + 0x1p-23},
		{0x1p-75, 0x1p-75, 0x1.8p-148},
		{0x1.000002p-75, 0x1.fffffep-76, 0x1p-149},
		{0x1.fffffep63, 0x1p64, 0x1p103},
		{0x1.fffffep63, 0x1p64, 0x1.fffffep102},
	} {
		for _, sign := range []float32{1, -1} {
			checkFMA(t, sign*c.x, c.y, c.z)
			checkFMA(t, c.x, c.y, sign*c.z)
		}
	}
	double := func(x, y, z float32) float32 { return float32(math.FMA(float64(x), float64(y), float64(z))) }
	if double(1+0x1p-12, 1+0x1p-12, 0x1p-60) == exactFMA(1+0x1p-12, 1+0x1p-12, 0x1p-60) {
		t.Error("the first case is not hard: rounding twice gives the right answer")
	}
}

func TestFMARandom(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 20000 {
		x, y := math.Float32frombits(r.Uint32()), math.Float32frombits(r.Uint32())
		checkFMA(t, x, y, math.Float32frombits(r.Uint32()))
		// An addend near the product, or near the middle of its last place.
		x = float32(math.Ldexp(float64(x), -math.Ilogb(float64(x))))
		y = float32(math.Ldexp(1+float64(r.IntN(1<<13))*0x1p-12, r.IntN(280)-150))
		p := float64(x) * float64(y)
		checkFMA(t, x, y, -float32(p))
		checkFMA(t, x, y, float32(math.Ldexp(p, r.IntN(120)-60)))
		checkFMA(t, x, y, float32(math.Copysign(math.Ldexp(1, math.Ilogb(p)+r.IntN(100)-50), r.Float64()-0.5)))
	}
}

func FuzzFMA(f *testing.F) {
	f.Add(math.Float32bits(1+0x1p-12), math.Float32bits(1+0x1p-12), math.Float32bits(0x1p-60))
	f.Add(uint32(1), uint32(1), uint32(0x80000000))
	f.Fuzz(func(t *testing.T, x, y, z uint32) {
		checkFMA(t, math.Float32frombits(x), math.Float32frombits(y), math.Float32frombits(z))
	})
}
