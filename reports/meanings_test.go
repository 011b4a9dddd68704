package reports

import (
	"math"
	"strings"
	"testing"
)

// Every score of a run is explained, with its direction, and long explanations
// are broken where a page would be too narrow.
func TestMeanings(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("fewest pixels ", 12))
	r := &Run{Metrics: []Metric{
		{Metric: "completeness", Series: []Series{{Name: "delta", About: "sum of the map"}, {Name: "absolute delta", About: "|delta|", Better: -1}}},
		{Metric: "deletion", Params: []Param{{"step", "9"}}, Series: []Series{{Name: "curve", About: long, X: []float64{0, 1}, XName: "fraction of pixels deleted", Better: +1}}},
	}}
	m := r.meanings()
	want := [][]string{
		{"completeness delta", "", "sum of the map"},
		{"completeness absolute delta", "lower", "|delta|"},
		{"deletion (step=9) curve", "higher", long + " (x: fraction of pixels deleted)"},
	}
	for i, w := range want {
		for k := range w {
			if got := m.Rows[i].Cells[k].Text; got != w[k] {
				t.Errorf("row %d: got %q, want %q", i, got, w[k])
			}
		}
	}
	for format, s := range map[string]string{"text": "fewest pixels\n", "latex": `llp{0.35\linewidth}`, "html": `<span class="long">`, "csv": long + " (x:"} {
		b, err := m.Render(format)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ReplaceAll(string(b), " \n", "\n"), s) {
			t.Errorf("%s: want %q in\n%s", format, s, b)
		}
		for line := range strings.Lines(string(b)) {
			if n := len([]rune(line)); format == "text" && n > 120 {
				t.Errorf("text: a line of %d characters: %q", n, line)
			}
		}
	}
}

// What is undefined is counted wherever a mean leaves it out, and a dash that
// means not computed says so.
func TestUndefinedIsSaid(t *testing.T) {
	nan := math.NaN()
	r := &Run{
		Images:       make([]Image, 3),
		Attributions: []Attribution{{ID: "a", Method: "a"}, {ID: "b", Method: "b"}, {ID: "random", Method: "random", Control: true}},
		Metrics: []Metric{{ID: "deletion", Metric: "deletion", Series: []Series{
			{Name: "auc", Better: -1},
			{Name: "curve", X: []float64{0, 0.5, 1}, XName: "fraction"},
		}}, {ID: "only", Metric: "only", Series: []Series{{Name: "share", Better: +1}}}},
	}
	score := func(a int, auc ...float64) {
		s := Score{Attribution: a, Metric: 0, Values: make([][][]float64, 2)}
		for i, v := range auc {
			s.Images = append(s.Images, i)
			s.Values[0] = append(s.Values[0], []float64{v})
			s.Values[1] = append(s.Values[1], []float64{1, v, v})
		}
		r.Scores = append(r.Scores, s)
	}
	score(0, 1, nan, 3)
	score(1, 2, 2, 5)
	score(2, nan, 4, 7)
	r.Scores = append(r.Scores, Score{Attribution: 0, Metric: 1, Images: []int{0}, Values: [][][]float64{{{0.25}}}})

	summary := r.summary("s", "s", []int{0, 1})
	for i, want := range []float64{2, 3, 5.5} {
		if got := summary.Rows[i].Cells[2].CSV[0]; got != exact(want) {
			t.Errorf("row %d: mean %s, want %v over the images that are defined", i, got, want)
		}
	}
	notes := strings.Join(summary.Notes, "\n")
	for _, want := range []string{
		"left out of the means of deletion auc: 1 of 3 images of a and random.",
		"only share: not computed for b and random.",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("summary: want %q in\n%s", want, notes)
		}
	}
	// Of three pairs of a and random one is defined, of b and random two.
	areas := r.areas()
	if got := areas.Rows[0].Cells[3].CSV; got[0] != exact(-4) || got[2] != "1" {
		t.Errorf("a less random: got %v, want -4 of one pair", got)
	}
	if notes := strings.Join(areas.Notes, "\n"); !strings.Contains(notes, "deletion auc minus random's: 2 of 3 images of a; 1 of 3 images of b.") {
		t.Errorf("areas: the pairs left out are not told:\n%s", notes)
	}
	for _, f := range r.curveFigures() {
		if want := "its image is left out of the point: up to 1 of 3."; !strings.Contains(f.Caption, want) {
			t.Errorf("%s: want %q in %q", f.ID, want, f.Caption)
		}
	}
	// A line without gaps needs no word of it.
	if got := r.leftOut(0, []int{1}, []int{1}); got != "" {
		t.Errorf("b's curve alone: got %q", got)
	}
}
