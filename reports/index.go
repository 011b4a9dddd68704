package reports

import "math"

// index answers what tables and figures ask of a run again and again, which takes
// a walk over all attributions or all scores each time: with some thousand
// configurations minutes.
type index struct {
	own    [][]Param                 // see Run.own
	scores map[[2]int]*Score         // by attribution and metric, see Run.score
	spans  map[stepSeries][2]float64 // see Run.span
}

// indexed returns a copy of the run with its index. The run must not change
// any more.
func (r *Run) indexed() *Run {
	x := &index{
		own:    make([][]Param, len(r.Attributions)),
		scores: make(map[[2]int]*Score, len(r.Scores)),
		spans:  map[stepSeries][2]float64{},
	}
	for _, g := range r.methods() {
		names, _ := r.varying(g)
		for _, i := range g {
			x.own[i] = r.among(i, g, names)
		}
	}
	for i := range r.Scores {
		s := &r.Scores[i]
		if at := [2]int{s.Attribution, s.Metric}; x.scores[at] == nil {
			x.scores[at] = s
		}
		for k, values := range s.Values {
			at := stepSeries{s.Metric, k}
			span, ok := x.spans[at]
			if !ok {
				span = [2]float64{math.Inf(1), math.Inf(-1)}
			}
			span[0], span[1] = widened(span[0], span[1], values)
			x.spans[at] = span
		}
	}
	c := *r
	c.index = x
	return &c
}
