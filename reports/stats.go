package reports

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is what a table cell says of one number per image.
type Estimate struct {
	Mean   float64 // over the images where the number is defined; NaN if there are none
	Half   float64 // half-width of the 95 % interval of the mean; NaN below two images
	Median float64 // NaN if there are no values
	Max    float64 // NaN if there are no values
	N      int     // images where the number is defined
	Absent int     // images where it is not (NaN)
}

// Estimated summarises one value per image. NaN marks an image where the value
// is undefined: such images are counted, never averaged.
//
// The interval is Student's: mean ± t(0.975, n-1) s/√n, which takes the images
// as independent draws and their mean as normal. It speaks of other images of
// the same kind, not of other networks or seeds.
func Estimated(values []float64) Estimate {
	v := make([]float64, 0, len(values))
	for _, x := range values {
		if !math.IsNaN(x) {
			v = append(v, x)
		}
	}
	e := Estimate{Mean: math.NaN(), Half: math.NaN(), Median: math.NaN(), Max: math.NaN(), N: len(v), Absent: len(values) - len(v)}
	if len(v) == 0 {
		return e
	}
	e.Mean = mean(v)
	e.Max = slices.Max(v)
	if len(v) > 1 {
		ss := 0.0
		for _, x := range v {
			d := x - e.Mean
			ss += float64(d * d)
		}
		n := float64(len(v))
		e.Half = studentT(len(v)-1) * math.Sqrt(ss/(n-1)/n)
	}
	slices.Sort(v)
	e.Median = median(v)
	return e
}

// mean adds in the order given, so that it has the same bits everywhere. The
// second pass over the residuals takes back most of the rounding of the first.
func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	m := sum / float64(len(v))
	if math.IsInf(m, 0) {
		return m
	}
	rest := 0.0
	for _, x := range v {
		rest += x - m
	}
	return m + rest/float64(len(v))
}

// median takes sorted values.
func median(v []float64) float64 {
	k := len(v) / 2
	if len(v)%2 == 1 {
		return v[k]
	}
	return v[k-1]/2 + v[k]/2
}

// studentT returns the 0.975 quantile of Student's t with the given degrees of
// freedom. The library's quantile uses math.Exp and math.Log, whose last bit
// differs between CPUs; ten digits are the same on all of them.
func studentT(dof int) float64 {
	q := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(dof)}.Quantile(0.975)
	r, err := strconv.ParseFloat(strconv.FormatFloat(q, 'g', 10, 64), 64)
	if err != nil {
		panic("reports: rounding a quantile: " + err.Error())
	}
	return r
}
