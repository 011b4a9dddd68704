package kernel

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPickTakesTheBestOrTheNamedLevel(t *testing.T) {
	levels := Levels()
	t.Setenv(Environment, "")
	if got, err := Pick(); err != nil || got != levels[len(levels)-1] {
		t.Errorf("Pick() = %v, %v; want %v", got, err, levels[len(levels)-1])
	}
	for _, l := range []Level{Portable, AVX2, AVX512} {
		t.Setenv(Environment, l.String())
		got, err := Pick()
		if slices.Contains(levels, l) {
			if err != nil || got != l {
				t.Errorf("%v: Pick() = %v, %v", l, got, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), "cannot run") {
			t.Errorf("%v: Pick() = %v, %v; want an error, this CPU cannot run it", l, got, err)
		}
	}
	t.Setenv(Environment, "avx1024")
	if _, err := Pick(); err == nil || !strings.Contains(err.Error(), `"avx1024"`) {
		t.Errorf("Pick() error %v, want one that names avx1024", err)
	}
}

func TestSetsAreComplete(t *testing.T) {
	for _, l := range Levels() {
		s := reflect.ValueOf(For(l)).Elem()
		for i := range s.NumField() {
			if s.Field(i).IsZero() {
				t.Errorf("%v: %s is not set", l, s.Type().Field(i).Name)
			}
		}
		if got := For(l).Name; got != l.String() {
			t.Errorf("%v: name %q", l, got)
		}
		if got := For(l).PeakFMA(10); got <= 0 || got%20 != 0 {
			t.Errorf("%v: PeakFMA(10) = %d, want a positive multiple of 20", l, got)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("For an unknown level did not panic")
		}
	}()
	For(Level(9))
}

func TestKernelsDoNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	c, p := newGemmCase(r, 6, 64, 9, true, tame), newPoolCase(r, 4, 16, 4, 0, tame)
	out := newBuffer(r, 6*9, tame)
	for _, l := range Levels() {
		s := For(l)
		if n := testing.AllocsPerRun(10, func() {
			s.Gemm(c.m, c.n, c.k, &c.off[0], c.x.p(), c.w.p(), c.bias.p(), c.out.p(), c.om)
			s.WGrad(6, 9, 1, 64, c.out.p(), 64, 64, c.x.p(), 0, &c.off[0], out.p(), 9, false)
			s.Transpose(9, 6, c.w.p(), 6, out.p(), 9)
			s.MaxPool(p.nOut, p.lanes, p.taps, &p.off[0], p.x.p(), p.step, 0, p.y.p())
			s.MaxPoolGrad(p.nOut, p.lanes, p.taps, &p.off[0], p.x.p(), p.step, 0, p.y.p(), p.g.p(), &p.offDx[0], p.dx.p(), p.stepDx)
		}); n != 0 {
			t.Errorf("%v: %v allocations, want 0", l, n)
		}
	}
}
