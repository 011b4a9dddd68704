// Package kernel holds the inner loops of the engine, once as plain Go (the
// portable twin, which defines every result) and once as generated assembly
// for AVX2+FMA and AVX-512.
//
// # Same bits
//
// All levels give the same bits. An output element of Gemm or Outer4 is one
// chain of float32 fused multiply-adds in a fixed order, whatever the tile or
// the lane it is computed in; a reduction (WGrad, SumRows) is eight such
// chains and a fixed tree; everything else rounds each operation by itself.
// The portable twin emulates the fused multiply-add exactly (see [FMA]). The
// one thing left open is which NaN a NaN is: sign and payload differ between
// levels, so callers that store results refuse NaN first (see Set.NotFinite).
//
// # Conventions
//
// Vectors are n contiguous float32, n a multiple of 4 unless said otherwise;
// no alignment is asked for. All strides, steps and offset tables count
// floats, and may be negative. Outputs must not overlap inputs, except that
// elementwise kernels may work in place (out equal to an input). A length of
// zero is allowed and touches nothing, so its pointers may be nil. Sizes are
// the caller's duty: nothing is checked against the memory behind a pointer.
package kernel

import (
	"fmt"
	"os"
	"strings"
)

//go:generate go -C gen run . -dir ..

// Level names an instruction set the kernels exist for, slowest first.
type Level int

// The levels. Portable runs everywhere.
const (
	Portable Level = iota
	AVX2           // AVX2 and FMA3
	AVX512         // AVX-512 F, on top of AVX2
)

// Environment is the variable that forces a level: portable, avx2 or avx512.
const Environment = "ASSAY_KERNEL"

var levelNames = [...]string{Portable: "portable", AVX2: "avx2", AVX512: "avx512"}

// String returns the level's name as ASSAY_KERNEL spells it.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// Levels returns the levels that this CPU and operating system can run,
// slowest first; Portable is always among them.
func Levels() []Level {
	levels := []Level{Portable}
	for l := Portable + 1; int(l) < len(levelNames); l++ {
		if runs(l) {
			levels = append(levels, l)
		}
	}
	return levels
}

// Pick returns the level to use: the one named by the environment variable
// ASSAY_KERNEL, or the fastest this CPU can run if that is unset or empty. It
// is an error if the name is unknown or the CPU cannot run that level.
func Pick() (Level, error) {
	levels := Levels()
	name := os.Getenv(Environment)
	if name == "" {
		return levels[len(levels)-1], nil
	}
	for _, l := range levels {
		if l.String() == name {
			return l, nil
		}
	}
	can := make([]string, len(levels))
	for i, l := range levels {
		can[i] = l.String()
	}
	for _, known := range levelNames {
		if known == name {
			return 0, fmt.Errorf("kernel: %s=%s: this CPU cannot run it, it can run %s",
				Environment, name, strings.Join(can, ", "))
		}
	}
	return 0, fmt.Errorf("kernel: %s=%q is unknown, want one of %s",
		Environment, name, strings.Join(levelNames[:], ", "))
}

// For returns the kernels of a level, the same table at every call; it is
// shared and must not be changed. It panics if this CPU cannot run the level,
// so ask Pick or Levels first.
func For(l Level) *Set {
	if l == Portable {
		return &portable
	}
	if !runs(l) {
		panic("kernel: this CPU cannot run level " + l.String())
	}
	return accelerated(l)
}
