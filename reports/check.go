package reports

import (
	"errors"
	"fmt"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

// check reports what makes a Run unfit to be drawn: indices and lengths that
// contradict each other. Everything after it may index freely.
func (r *Run) check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("reports: "+format, args...))
	}
	size := r.C * r.H * r.W
	for i, im := range r.Images {
		if im.Pixels != nil && (len(im.Pixels) != size || size == 0) {
			bad("image %d has %d bytes of pixels, want %d (%d x %d x %d)", i, len(im.Pixels), size, r.C, r.H, r.W)
		}
	}
	ids := map[string]bool{}
	for _, a := range r.Attributions {
		if ids[a.ID] || a.ID == "" {
			bad("attribution %q: its ID is empty or taken, want a unique one", a.ID)
		}
		ids[a.ID] = true
		if a.Maps != nil && len(a.Maps) != len(r.Images) {
			bad("attribution %s has %d maps, want one per image, %d", a.ID, len(a.Maps), len(r.Images))
		}
		if a.Steps != nil && len(a.Steps) != len(r.Images) {
			bad("attribution %s has the steps of %d images, want %d", a.ID, len(a.Steps), len(r.Images))
		}
		if a.StdErr != nil && len(a.StdErr) != len(r.Images) {
			bad("attribution %s has the standard errors of %d images, want %d", a.ID, len(a.StdErr), len(r.Images))
		}
		for i, m := range a.Maps {
			if s := a.shape(r); m != nil && (len(m) != s.C*s.H*s.W || len(m) == 0) {
				bad("attribution %s: the map of image %d has %d values, want %d (%v)", a.ID, i, len(m), s.C*s.H*s.W, s)
			}
		}
	}
	for _, m := range r.Metrics {
		for _, s := range m.Series {
			if s.Ticks != nil && len(s.Ticks) != len(s.X) {
				bad("metric %s, series %s has %d tick names, want %d", m.ID, s.Name, len(s.Ticks), len(s.X))
			}
		}
	}
	for i, s := range r.Scores {
		if s.Attribution < 0 || s.Attribution >= len(r.Attributions) || s.Metric < 0 || s.Metric >= len(r.Metrics) {
			bad("score %d is of attribution %d and metric %d, want below %d and %d", i, s.Attribution, s.Metric, len(r.Attributions), len(r.Metrics))
			continue
		}
		m := r.Metrics[s.Metric]
		where := r.Attributions[s.Attribution].ID + " on " + m.ID
		for _, k := range s.Images {
			if k < 0 || k >= len(r.Images) {
				bad("score of %s names image %d, want below %d", where, k, len(r.Images))
			}
		}
		if len(s.Values) != len(m.Series) {
			bad("score of %s has %d series, want %d", where, len(s.Values), len(m.Series))
			continue
		}
		for k, v := range s.Values {
			if len(v) != len(s.Images) {
				bad("score of %s, series %s has %d images, want %d", where, m.Series[k].Name, len(v), len(s.Images))
			}
			for _, x := range v {
				if len(x) != m.Series[k].length() {
					bad("score of %s, series %s has %d values for an image, want %d", where, m.Series[k].Name, len(x), m.Series[k].length())
					break
				}
			}
		}
	}
	if t := r.Training; t != nil {
		for i, row := range t.Confusion {
			if len(row) != len(t.Confusion) {
				bad("row %d of the confusion matrix has %d entries, want %d", i, len(row), len(t.Confusion))
			}
		}
	}
	for _, f := range r.Formats {
		if tableFormats[f] == "" {
			bad("table format %q, want text, markdown, csv, latex or html", f)
		}
	}
	for _, p := range r.Pictures {
		if err := p.Check(); err != nil {
			bad("picture: %w", err)
		}
	}
	for _, f := range r.Figures {
		if f != "png" && f != "svg" && f != "pdf" {
			bad("figure format %q, want png, svg or pdf", f)
		}
	}
	return errors.Join(errs...)
}

// length returns how many values a series has per image.
func (s *Series) length() int { return max(1, len(s.X)) }

// curve reports whether the series is a curve over numbers.
func (s *Series) curve() bool { return len(s.X) > 1 && s.Ticks == nil }

// steps reports whether the series runs over named steps, such as layers.
func (s *Series) steps() bool { return len(s.X) > 1 && s.Ticks != nil }
