package rng

import (
	"math"
	"math/big"
	"testing"
)

func TestExpLogWithinAnUlp(t *testing.T) {
	s := New(1, "test")
	ulp := func(a, b float64) float64 {
		return math.Abs(a-b) / (math.Nextafter(math.Abs(b), math.Inf(1)) - math.Abs(b))
	}
	for range 200000 {
		x := (s.Float64()*2 - 1) * 40
		if d := ulp(Exp(x), math.Exp(x)); d > 2 {
			t.Fatalf("Exp(%v) = %v, want %v: %v ulp", x, Exp(x), math.Exp(x), d)
		}
		y := Exp(x)
		if d := ulp(Log(y), math.Log(y)); d > 2 {
			t.Fatalf("Log(%v) = %v, want %v: %v ulp", y, Log(y), math.Log(y), d)
		}
	}
	for _, x := range []float64{math.Inf(1), math.Inf(-1), 0, 710, -746, 709.7} {
		if Exp(x) != math.Exp(x) && ulp(Exp(x), math.Exp(x)) > 2 {
			t.Errorf("Exp(%v) = %v, want %v", x, Exp(x), math.Exp(x))
		}
	}
	if !math.IsNaN(Exp(math.NaN())) || !math.IsNaN(Log(-1)) || !math.IsInf(Log(0), -1) {
		t.Error("special values")
	}
	if e := Exp(1); new(big.Float).SetFloat64(e).Cmp(big.NewFloat(math.E)) != 0 {
		t.Errorf("Exp(1) = %v, want %v", e, math.E)
	}
}

func TestNorm(t *testing.T) {
	s := New(0, "noise", 3, 4)
	var m, v, k float64
	const n = 4_000_000
	// Quantiles of the normal distribution and the probability above them.
	tails := map[float64]float64{-2: 0.97724987, 0: 0.5, 0.5: 0.30853754, 1: 0.15865525, 2: 0.02275013, 3: 0.001349898, 3.442619855899: 0.000288, 4: 0.00003167}
	above := map[float64]float64{}
	for range n {
		x := s.Norm()
		for q := range tails {
			if x > q {
				above[q]++
			}
		}
		m += x
		v += x * x
		k += x * x * x * x
	}
	m, v, k = m/n, v/n, k/n
	if math.Abs(m) > 0.003 || math.Abs(v-1) > 0.004 || math.Abs(k-3) > 0.02 {
		t.Fatalf("mean %v, variance %v, fourth moment %v; want 0, 1, 3", m, v, k)
	}
	for q, p := range tails {
		if got, sd := above[q]/n, math.Sqrt(p*(1-p)/n); math.Abs(got-p) > 4.5*sd {
			t.Errorf("above %v: %v of the draws, want %v +- %.1g", q, got, p, sd)
		}
	}
}

func TestStreamsAreNamed(t *testing.T) {
	a, b := New(1, "noise", 5, 0), New(1, "noise", 5, 1)
	c, d := New(1, "noise", 5, 0), New(1, "noise", 50)
	x := a.Uint64()
	if x == b.Uint64() || x == d.Uint64() {
		t.Error("streams of other names give the same draw")
	}
	if x != c.Uint64() {
		t.Error("the same name gives another draw")
	}
	// The value is part of every stored result: it must never change.
	g := New(0, "golden", 1, 2)
	if u, n := g.Uint64(), g.Norm(); u != 1582707180759026881 || n != -0.3097224391174633 {
		t.Errorf("the stream (0, golden, 1, 2) starts with %v, %v", u, n)
	}
}

func TestPermIsUniform(t *testing.T) {
	count := map[[3]int]int{}
	for i := range 60000 {
		p := New(9, "perm", i).Perm(3)
		count[[3]int{p[0], p[1], p[2]}]++
	}
	if len(count) != 6 {
		t.Fatalf("%d of 6 permutations", len(count))
	}
	for p, c := range count {
		if math.Abs(float64(c)-10000) > 400 {
			t.Errorf("%v came %d times, want about 10000", p, c)
		}
	}
}

func BenchmarkNormals(b *testing.B) {
	s := New(1, "noise", 3)
	x := make([]float32, 3072)
	for b.Loop() {
		s.Normals(x)
	}
}

// Many at a time are the same numbers, and leave the stream at the same place.
func TestNormalsAreCallsOfNorm(t *testing.T) {
	a, b := New(3, "normals"), New(3, "normals")
	x := make([]float32, 20000) // some hundreds outside their layer, a few of the tail
	a.Normals(x)
	for i, got := range x {
		if want := float32(b.Norm()); got != want {
			t.Fatalf("number %d is %v, want %v", i, got, want)
		}
	}
	if got, want := a.Uint64(), b.Uint64(); got != want {
		t.Errorf("then comes %d, want %d", got, want)
	}
}
