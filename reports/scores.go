package reports

import (
	"encoding/csv"
	"fmt"
	"io"
)

// writeScores writes every number of the run, one a line: attribution (its
// method), params (all that differ from the defaults or are swept), metric,
// series, x (abscissa or the name of the step; empty for a single number),
// image (index in the data set) and value (every digit; empty where it is
// undefined). What methods say of their own numerics comes last, as metric
// sampling.
func (r *Run) writeScores(w io.Writer) error {
	c := csv.NewWriter(w)
	line := []string{"attribution", "params", "metric", "series", "x", "image", "value"}
	if err := c.Write(line); err != nil {
		return fmt.Errorf("reports: scores: %w", err)
	}
	for _, i := range r.order() {
		line[0], line[1] = r.Attributions[i].Method, params(r.Attributions[i].Params)
		for m := range r.Metrics {
			s := r.score(i, m)
			if s == nil {
				continue
			}
			line[2] = r.Metrics[m].ID
			for k := range r.Metrics[m].Series {
				series := &r.Metrics[m].Series[k]
				line[3] = series.Name
				for n, im := range s.Images {
					line[5] = itoa(r.Images[im].Index)
					for j, v := range s.Values[k][n] {
						switch {
						case series.Ticks != nil:
							line[4] = series.Ticks[j]
						case series.X != nil:
							line[4] = exact(series.X[j])
						default:
							line[4] = ""
						}
						line[6] = exact(v)
						if err := c.Write(line); err != nil {
							return fmt.Errorf("reports: scores: %w", err)
						}
					}
				}
			}
		}
	}
	if err := r.writeSampling(c); err != nil {
		return fmt.Errorf("reports: scores: %w", err)
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("reports: scores: %w", err)
	}
	return nil
}
