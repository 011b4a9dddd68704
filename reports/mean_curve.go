package reports

import "math"

// meanCurve averages a series over images, step by step. ok is false where the
// metric was not computed for the attribution or is undefined throughout.
func (r *Run) meanCurve(attribution, metric, series int) (c curve, ok bool) {
	if r.score(attribution, metric) == nil {
		return c, false
	}
	c.x = r.Metrics[metric].Series[series].X
	for k := range c.x {
		e := Estimated(r.column(attribution, metric, series, k))
		c.y, c.half = append(c.y, e.Mean), append(c.half, e.Half)
		ok = ok || e.N > 0
	}
	c.lo, c.hi = r.span(metric, series)
	return c, ok
}

// span returns the smallest and the largest value of a series on any image, of
// any attribution. A band is cut off there: no mean of probabilities exceeds 1,
// though Student's interval of a few of them may.
func (r *Run) span(metric, series int) (lo, hi float64) {
	if r.index != nil {
		s := r.index.spans[stepSeries{metric, series}]
		return s[0], s[1]
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range r.Scores {
		if s.Metric != metric {
			continue
		}
		lo, hi = widened(lo, hi, s.Values[series])
	}
	return lo, hi
}

// widened makes a range hold the values, as far as they are defined.
func widened(lo, hi float64, values [][]float64) (float64, float64) {
	for _, image := range values {
		for _, v := range image {
			if !math.IsNaN(v) {
				lo, hi = math.Min(lo, v), math.Max(hi, v)
			}
		}
	}
	return lo, hi
}

// leftOut is what a figure's caption says where lines are means of fewer images
// at some points than at others, since a value is undefined; "" if none is.
func (r *Run) leftOut(metric int, series, attributions []int) string {
	most, values := 0, 0
	for _, i := range attributions {
		for _, s := range series {
			if c, ok := r.meanCurve(i, metric, s); ok {
				for k := range c.x {
					e := Estimated(r.column(i, metric, s, k))
					if e.Absent > most {
						most, values = e.Absent, e.N+e.Absent
					}
				}
			}
		}
	}
	if most == 0 {
		return ""
	}
	return " Where a value is undefined its image is left out of the point: up to " + itoa(most) + " of " + itoa(values) + "."
}
