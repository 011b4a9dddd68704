package attr

import (
	"fmt"
	"math"
)

// Doubt is a set of reasons why a map is doubtful though its numbers are finite;
// 0 where there is none.
type Doubt uint8

// The reasons, of lime all so far.
const (
	// FewEffective: the kernel weighs so many samples by nothing that fewer are
	// left, in effect, than the fit has coefficients.
	FewEffective Doubt = 1 << iota
	// NothingKept: the penalty of the lasso leaves no feature a score.
	NothingKept
)

// doubts says what each reason means for the reader, in the order of the bits.
var doubts = []string{
	"the kernel leaves fewer samples, in effect, than the fit has coefficients: the scores say little and have no standard error; raise kernel_width or n_samples",
	"the lasso keeps no feature and the map is 0: lower alpha",
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
