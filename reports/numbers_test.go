package reports

import (
	"math"
	"testing"
)

func TestEstimateText(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name         string
		mean, half   float64
		plain, latex string
	}{
		{"two digits of the half-width", 0.024312, 0.0031415, "0.0243 ± 0.0031", `0|.0243 $\pm$ 0.0031`},
		{"whole numbers", 314.15, 27.1, "314 ± 27", `314| $\pm$ 27`},
		{"hundreds are not rounded away", 3141.5, 271, "3142 ± 271", `3142| $\pm$ 271`},
		{"no half-width", 0.55321, nan, "0.553", "0|.553"},
		{"zero half-width", 0.5, 0, "0.500 ± 0.000", `0|.500 $\pm$ 0.000`},
		{"undefined", nan, nan, "—", "---|"},
		{"zero", 0, nan, "0", "0|"},
		{"negative", -1.234, 0.5, "-1.23 ± 0.50", `$-$1|.23 $\pm$ 0.50`},
		{"no negative zero", -0.0001, 0.5, "0.00 ± 0.50", `0|.00 $\pm$ 0.50`},
		{"small", 2.41e-6, 3.3e-7, "(2.41 ± 0.33)×10⁻⁶", `(2|.41 $\pm$ 0.33)$\times10^{-6}$`},
		{"small alone", 2.413e-6, nan, "2.41×10⁻⁶", `2|.41$\times10^{-6}$`},
		{"large", 1.5e7, 2e6, "(1.50 ± 0.20)×10⁷", `(1|.50 $\pm$ 0.20)$\times10^{7}$`},
		{"small beside a large half-width", 1e-9, 0.2, "0.00 ± 0.20", `0|.00 $\pm$ 0.20`},
		{"infinite", math.Inf(1), nan, "+∞", `$\infty$|`},
		{"rounded up to the next digit", 0.9996, nan, "1.00", "1|.00"},
		{"half-width rounded up", 0.5, 0.0996, "0.50 ± 0.10", `0|.50 $\pm$ 0.10`},
		{"rounded up to the next power of ten", 9.996e-5, nan, "1.00×10⁻⁴", `1|.00$\times10^{-4}$`},
		{"rounded up to a power that is read in full", 9.996e-4, nan, "0.00100", "0|.00100"},
		{"half-width rounded up to the next power", 2e-6, 9.97e-6, "(0.2 ± 1.0)×10⁻⁵", `(0|.2 $\pm$ 1.0)$\times10^{-5}$`},
		{"infinite half-width", 0.25, math.Inf(1), "0.250 ± ∞", `0|.250 $\pm$ $\infty$`},
		{"tight interval", 100.123456, 1e-7, "100.12 ± 0.00", `100|.12 $\pm$ 0.00`},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := estimate(c.mean, c.half)
			if got := n.plain(); got != c.plain {
				t.Errorf("plain: got %q, want %q", got, c.plain)
			}
			whole, rest := n.latex()
			if got := whole + "|" + rest; got != c.latex {
				t.Errorf("latex: got %q, want %q", got, c.latex)
			}
		})
	}
}

func TestExponent(t *testing.T) {
	for x, want := range map[float64]int{1: 0, 9.99: 0, 10: 1, 314: 2, 0.0027: -3, 0: 0, 1000: 3, 0.001: -3} {
		if got := exponent(x); got != want {
			t.Errorf("exponent(%v): got %d, want %d", x, got, want)
		}
	}
}
