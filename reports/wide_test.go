package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg"
)

// swept is a run of one method with a grid of options and no maps.
func swept(steps, baselines int) *Run {
	r := &Run{Name: "swept", Metrics: []Metric{{ID: "completeness", Metric: "completeness", Series: []Series{{Name: "delta"}}}}}
	for i := range 3 {
		r.Images = append(r.Images, Image{Index: i})
	}
	for i := range steps {
		for k := range baselines {
			ps := []Param{{"n_steps", strconv.Itoa(5 * (i + 1))}, {"baseline", strconv.Itoa(k)}}
			a := len(r.Attributions)
			r.Attributions = append(r.Attributions, Attribution{ID: fmt.Sprintf("ig-%d-%d", i, k), Method: "integrated_gradients", Params: ps, All: append(ps[:2:2], Param{"quadrature", "gausslegendre"})})
			v := 1 / float64((i+1)*(k+1))
			r.Scores = append(r.Scores, Score{Attribution: a, Images: []int{0, 1, 2}, Values: [][][]float64{{{v}, {2 * v}, {3 * v}}}})
		}
	}
	return r
}

// No two lines of a figure look alike, however many configurations there are, and
// all figures of a metric have the same axes.
func TestConvergenceOfManyLines(t *testing.T) {
	for _, row := range []struct{ lines, figures int }{{1, 1}, {7, 1}, {8, 2}, {30, 5}} {
		r := swept(3, row.lines)
		fs := r.convergence(0)
		if len(fs) != row.figures {
			t.Errorf("%d lines: got %d figures, want %d", row.lines, len(fs), row.figures)
		}
		ids := map[string]bool{}
		for _, f := range fs {
			ids[f.ID] = true
		}
		if len(ids) != len(fs) {
			t.Errorf("%d lines: the figures are named %v", row.lines, ids)
		}
	}
}

// A report of some thousand configurations is a matter of seconds.
func TestManyConfigurations(t *testing.T) {
	r := swept(60, 50)
	r.Formats, r.Figures = []string{"csv"}, []string{}
	started := time.Now()
	written(t, r)
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// The index says what the walk over the run does.
func TestIndex(t *testing.T) {
	r := sparse()
	x := r.indexed()
	for i := range r.Attributions {
		if got, want := fmt.Sprint(x.own(i)), fmt.Sprint(r.own(i)); got != want {
			t.Errorf("own(%d): got %s, want %s", i, got, want)
		}
		for m := range r.Metrics {
			if got, want := x.score(i, m), r.score(i, m); got != want {
				t.Errorf("score(%d, %d): got %p, want %p", i, m, got, want)
			}
		}
	}
	for m := range r.Metrics {
		for s := range r.Metrics[m].Series {
			lo, hi := r.span(m, s)
			if a, b := x.span(m, s); a != lo || b != hi {
				t.Errorf("span(%d, %d): got %v, %v, want %v, %v", m, s, a, b, lo, hi)
			}
		}
	}
}

// Names of layers as long as users like leave a figure its plots.
func TestLongLayerNames(t *testing.T) {
	r := sparse()
	short := r.depthFigures()[0].h
	for m := range r.Metrics {
		for s := range r.Metrics[m].Series {
			if x := &r.Metrics[m].Series[s]; x.Ticks != nil {
				x.Ticks = append([]string{}, x.Ticks...)
				x.Ticks[1] = strings.Repeat("a_long_name_", 10)
			}
		}
	}
	f := r.depthFigures()[0]
	for _, name := range spaced([]string{"fc1", strings.Repeat("a_long_name_", 10)}, sans(tickSize)) {
		if w := sans(tickSize).Width(name); w > 1.1*vg.Inch {
			t.Errorf("the label %q is %v wide, more than an inch", name, w)
		}
	}
	if f.h > short+2*vg.Inch {
		t.Errorf("the figure is %v high, with short names %v", f.h, short)
	}
}

// A band ends where no image has a value: no probability exceeds 1.
func TestBandsStayInRange(t *testing.T) {
	r := sparse()
	for i := range r.Scores {
		if s := &r.Scores[i]; r.Metrics[s.Metric].Metric == "deletion" {
			for _, image := range s.Values[1] {
				for k := range image {
					image[k] = float64(k % 2)
				}
			}
		}
	}
	s := &r.Metrics[1].Series[1]
	c, ok := r.meanCurve(1, 1, 1)
	if !ok || c.lo != 0 || c.hi != 1 {
		t.Fatalf("got a curve between %v and %v, want 0 and 1", c.lo, c.hi)
	}
	c.half[0], c.half[1] = 0.4, 0.4
	p := curvePlot("", s, []curve{c}, 2*vg.Inch, 3*vg.Inch, 5)
	if p.Y.Min != 0 || p.Y.Max != 1 {
		t.Errorf("the axis runs from %v to %v, want 0 to 1", p.Y.Min, p.Y.Max)
	}
}

// All the bands of a plot together leave its lines to be seen.
func TestBandShade(t *testing.T) {
	for _, row := range []struct {
		n    int
		want uint8
	}{{0, 45}, {1, 45}, {4, 45}, {6, 30}, {9, 20}, {100, 14}} {
		if got := bandShade(row.n); got != row.want {
			t.Errorf("%d bands: got %d, want %d", row.n, got, row.want)
		}
	}
}

// A long heading takes as many lines as it needs, since the options that differ
// may stand anywhere in it.
func TestHeadingsInLines(t *testing.T) {
	style := sans(contactType)
	for _, row := range []struct {
		text string
		room vg.Length
		want string
	}{
		{"a=1, b=2", 100, "a=1, b=2"},
		{"n_steps=5, quadrature=gausslegendre, baseline=zero", 150, "n_steps=5, quadrature=gausslegendre,|baseline=zero"},
		{"n_steps=5, quadrature=riemann_left, baseline=uniform", 70, "n_steps=5,|quadrature=riemann_|left, baseline=uniform"},
		{"integrated_gradients", 45, "integrated_|gradients"},
		{"unbreakable", 10, "unbreakable"},
	} {
		if got := strings.Join(lined(row.text, style, row.room), "|"); got != row.want {
			t.Errorf("%s in %v: got %s, want %s", row.text, row.room, got, row.want)
		}
	}
}

// A run of one image has no interval, and says so; and what is said of it is said
// of one.
func TestOneImage(t *testing.T) {
	r := swept(1, 2)
	r.Images = r.Images[:1]
	for i := range r.Scores {
		r.Scores[i].Images, r.Scores[i].Values = []int{0}, [][][]float64{{{0.5}}}
	}
	for i := range r.Images {
		r.Images[i].Label = i + 1 // predicted as 0
	}
	s := r.summaries()[0]
	if !strings.Contains(s.Caption, "n = 1 image, which has no interval") {
		t.Errorf("got %s", s.Caption)
	}
	if got := s.Rows[0].Cells[2].plain(); got != "0.500" {
		t.Errorf("got %s, want no interval", got)
	}
	if h := r.headline(); !strings.Contains(h, "1 image explained by") || !strings.HasSuffix(h, "The network predicts the image wrongly.") {
		t.Errorf("got %s", h)
	}
}

// What looks like a large error of relevance propagation is explained beside it.
func TestRelevanceIsExplained(t *testing.T) {
	r := swept(1, 2)
	has := func() bool {
		for _, n := range append(r.completeness(0).Notes, r.summaries()[0].Notes...) {
			if strings.Contains(n, "The delta of lrp is no numerical error") {
				return true
			}
		}
		return false
	}
	if has() {
		t.Error("said of a run without relevance propagation")
	}
	r.Attributions[1].Method = "lrp"
	if !has() {
		t.Error("not said")
	}
	r.Scores[1].Values = [][][]float64{{{math.NaN()}, {math.NaN()}, {math.NaN()}}}
	if has() {
		t.Error("said where no delta is defined")
	}
}
