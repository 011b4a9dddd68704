package reports

import (
	"slices"
	"strings"
	"testing"
)

// scored is a run of two attributions and metrics with so many numbers each.
func scored(families []string, numbers int) *Run {
	r := &Run{Images: make([]Image, 1), Attributions: []Attribution{{ID: "a", Method: "a"}, {ID: "b", Method: "b"}}}
	for m, f := range families {
		metric := Metric{ID: f + itoa(m), Metric: f + itoa(m), Family: f}
		for n := range numbers {
			metric.Series = append(metric.Series, Series{Name: "number " + itoa(n), Better: 1})
		}
		metric.Series = append(metric.Series, Series{Name: "curve", X: []float64{0, 1}})
		r.Metrics = append(r.Metrics, metric)
		for a := range r.Attributions {
			s := Score{Attribution: a, Metric: m, Images: []int{0}}
			for n := range numbers {
				s.Values = append(s.Values, [][]float64{{float64(a + n)}})
			}
			r.Scores = append(r.Scores, Score{Attribution: a, Metric: m, Images: s.Images, Values: append(s.Values, [][]float64{{0, 1}})})
		}
	}
	return r
}

// Scores stand in one table as long as it can be read; else each family of
// metrics has its own, in the order of the run.
func TestSummariesAreNotTooWide(t *testing.T) {
	for _, c := range []struct {
		name     string
		families []string
		numbers  int
		want     []string // table: columns of scores
	}{
		{"nothing scored", nil, 0, nil},
		{"curves alone", []string{"x"}, 0, nil},
		{"few", []string{"x", "y", "x", "x", "z", "y", "x"}, 1, []string{"summary: x0 y1 x2 x3 z4 y5 x6"}},
		{"many", []string{"x", "y", "x", "", "y", "x", "z", "x"}, 1, []string{"summary-x: x0 x2 x5 x7", "summary-y: y1 y4", "summary-other: 3", "summary-z: z6"}},
		{"many of one family", []string{"x", "x"}, 4, []string{"summary: x0 x0 x0 x0 x1 x1 x1 x1"}},
	} {
		var got []string
		for _, tab := range scored(c.families, c.numbers).summaries() {
			if tab == nil {
				continue
			}
			s := tab.ID + ":"
			for _, col := range tab.Columns[2:] {
				s += " " + strings.Fields(col.Name)[0]
			}
			for _, row := range tab.Rows {
				if len(row.Cells) != len(tab.Columns) {
					t.Errorf("%s: %s has a row of %d cells under %d columns", c.name, tab.ID, len(row.Cells), len(tab.Columns))
				}
			}
			got = append(got, s)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHeadingsBreak(t *testing.T) {
	for _, c := range []struct {
		heading string
		want    []string
	}{
		{"deletion auc ↓", []string{"deletion auc ↓"}},
		{"deletion (substrate=mean) auc", []string{"deletion", "(substrate=mean)", "auc"}},
		{"pointing_game accuracy ↑", []string{"pointing_game", "accuracy ↑"}},
		{"attribution_localisation ratio ↑", []string{"attribution_", "localisation", "ratio ↑"}},
		{"relevance_rank_accuracy share ↑", []string{"relevance_rank_", "accuracy share ↑"}},
		{"averyveryverylongword and_one_that_is_much_longer_than_two_lines", []string{"averyveryverylongword", "and_one_that_is_", "much_longer_", "than_two_lines"}},
	} {
		if got := headingLines(c.heading); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.heading, got, c.want)
		}
	}
	if got, want := breakable("attribution_localisation pointing_game", "<wbr>"), "attribution_<wbr>localisation pointing_game"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
