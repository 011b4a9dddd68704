package attr

import (
	"fmt"
	"math"
	"slices"
)

// Doubt is a set of reasons why a map is doubtful though its numbers are finite;
// 0 where there is none.
type Doubt uint8

// The reasons.
const (
	// FewEffective: the kernel weighs so many samples by nothing that fewer are
	// left, in effect, than the fit has coefficients.
	FewEffective Doubt = 1 << iota
	// NothingKept: the penalty of the lasso leaves no feature a score.
	NothingKept
	// StepsShort: max_steps was reached before the tolerance was.
	StepsShort
	// SamplesShort: max_samples was reached before the tolerance was.
	SamplesShort
	// OneValue: all values of the map are the same. Methods need not say it:
	// Doubts looks.
	OneValue
)

// doubts says what each reason means for the reader, in the order of the bits.
var doubts = []string{
	"the kernel leaves fewer samples, in effect, than the fit has coefficients: the scores say little and have no standard error; raise kernel_width or n_samples",
	"the lasso keeps no feature of the map, or of that of a noisy copy: lower alpha",
	"max_steps came before the tolerance, so the map misses F(x)-F(baseline) by more than was asked: raise max_steps",
	"max_samples came before the tolerance, so the map's standard error is larger than was asked: raise max_samples",
	"the map has the same value everywhere: it ranks nothing, and what its scores say of the method is nothing",
}

// Doubts returns the reasons that the method gives, and OneValue where the map's
// values show it. It is asked while Map is valid.
func (a *Attribution) Doubts() Doubt {
	if len(a.Map) < 2 || slices.ContainsFunc(a.Map, func(v float32) bool { return v != a.Map[0] }) {
		return a.Doubt
	}
	return a.Doubt | OneValue
}

// Tell words the doubts of a number of maps, one sentence for each reason with
// the count of maps that it concerns, as in "for 2 of 16 images the lasso keeps
// ..."; nil where there is none.
func Tell(of []Doubt) []string {
	var out []string
	for bit, why := range doubts {
		n := 0
		for _, d := range of {
			n += int(d >> bit & 1)
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("for %d of %d images %s", n, len(of), why))
		}
	}
	return out
}

// Finite reports the first number of the map, or of its standard errors, that is
// NaN or infinite. Whoever keeps an attribution asks first: means would hide it.
func (a *Attribution) Finite() error {
	for _, part := range []struct {
		name   string
		values []float32
	}{{"the map", a.Map}, {"the map's standard error", a.StdErr}} {
		for j, v := range part.values {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%s is %v at value %d, want finite numbers", part.name, v, j)
			}
		}
	}
	return nil
}
