package reports

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
)

func labels(ts []plot.Tick) string {
	var s []string
	for _, t := range ts {
		if t.Label != "" {
			s = append(s, t.Label)
		}
	}
	return strings.Join(s, " ")
}

func TestLinearTicks(t *testing.T) {
	for _, c := range []struct {
		name   string
		lo, hi float64
		n      int
		want   string
	}{
		{"unit interval", 0, 1, 5, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{"halves", 0, 1, 2, "0.0 0.5 1.0"},
		{"negative", -0.3, 1, 5, "0.0 0.5 1.0"},
		{"large", 0, 9000, 5, "0 2000 4000 6000 8000"},
		{"small", 0, 0.003, 3, "0.000 0.001 0.002 0.003"},
		{"nothing between", 2, 2, 5, "2"},
		{"undefined", math.NaN(), 1, 5, "NaN"},
	} {
		if got := labels(linearTicks(c.n).Ticks(c.lo, c.hi)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		name   string
		lo, hi float64
		want   string
	}{
		{"decades", 0.001, 10, "0.001 0.01 0.1 1 10"},
		{"one decade", 9, 210, "10 100"},
		{"within", 1, 20, "1 2 5 10 20"},
		{"tiny", 1e-7, 1e-5, "1e-7 1e-6 1e-5"},
		{"many", 1e-9, 1e3, "1e-9 1e-7 1e-5 0.001 0.1 10 1000"},
	} {
		if got := labels(logTicks(c.lo, c.hi)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLogScale(t *testing.T) {
	if got := (logScale{}).Normalize(1, 100, 10); math.Abs(got-0.5) > 1e-15 {
		t.Errorf("10 between 1 and 100: got %v, want 0.5", got)
	}
}
