package reports

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"assay/model/rng"
)

// linearTicks marks about n round numbers: multiples of 1, 2 or 5 times a
// power of ten, with just the decimals they need.
func linearTicks(n int) plot.Ticker {
	return plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		if !(hi > lo) || n < 1 {
			return []plot.Tick{{Value: lo, Label: strconv.FormatFloat(lo, 'g', 3, 64)}}
		}
		e := exponent((hi - lo) / float64(n))
		m := 1
		for float64(m)*tenTo(e)*float64(n) < (hi-lo)*(1-1e-9) {
			switch m {
			case 1:
				m = 2
			case 2:
				m = 5
			default:
				m, e = 1, e+1
			}
		}
		// Multiples are counted in whole steps, so that 0.3 is not 0.30000000000000004.
		step := scale(float64(m), e)
		var ticks []plot.Tick
		for k := math.Ceil(lo/step - 1e-9); k <= math.Floor(hi/step+1e-9); k++ {
			v := scale(k*float64(m), e)
			ticks = append(ticks, plot.Tick{Value: v, Label: fixed(v, max(0, -e))})
		}
		return ticks
	})
}

func tenTo(e int) float64 { return scale(1, e) }

// logTicks marks the powers of ten between the ends, labelled; where there are
// few, 2 and 5 are labelled too, and the rest are marked.
func logTicks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := exponent(lo), exponent(hi)
	every := max(1, (last-first+5)/6)
	for e := first; e <= last; e++ {
		for m := 1; m < 10; m++ {
			v := scale(float64(m), e)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			label := ""
			switch {
			case m == 1 && (e-first)%every == 0, last-first < 2 && (m == 2 || m == 5):
				label = short(v)
			case last-first > 6:
				continue
			}
			ticks = append(ticks, plot.Tick{Value: v, Label: label})
		}
	}
	return ticks
}

// short writes a round number in as few characters as possible.
func short(v float64) string {
	if e := exponent(v); e < -3 || e > 5 {
		return strconv.FormatFloat(scale(v, -e), 'g', -1, 64) + "e" + strconv.Itoa(e)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// logScale is a logarithmic axis whose positions do not depend on the CPU, as
// math.Log's last bit does.
type logScale struct{}

// Normalize implements plot.Normalizer.
func (logScale) Normalize(lo, hi, x float64) float64 {
	if !(lo > 0) || !(hi > lo) || !(x > 0) {
		return 0
	}
	a := rng.Log(lo)
	return (rng.Log(x) - a) / (rng.Log(hi) - a)
}

// namedTicks labels whole numbers with names.
func namedTicks(x []float64, names []string) plot.ConstantTicks {
	t := make(plot.ConstantTicks, len(x))
	for i := range x {
		t[i] = plot.Tick{Value: x[i], Label: names[i]}
	}
	return t
}
