package reports

import (
	"slices"
	"strings"
	"testing"
)

// What ranks nothing, is measured by itself or is defined on few images wins no
// column, and the notes name it by what tells it apart.
func TestBarred(t *testing.T) {
	r := &Run{
		Images: make([]Image, 4),
		Attributions: []Attribution{
			{Method: "integrated_gradients", All: []Param{{"quadrature", "gausslegendre"}}},
			{Method: "integrated_gradients", All: []Param{{"quadrature", "exact"}}},
			{Method: "lime", All: []Param{{"alpha", "0.01"}}, Constant: []bool{true, false, false, false}},
			{Method: "lime", All: []Param{{"alpha", "10"}}, Constant: []bool{true, true, true, true}},
			{Method: "lime", All: []Param{{"alpha", "1"}}},
			{Method: "random", Control: true},
		},
		Metrics: []Metric{{Metric: "path_error"}, {Metric: "deletion"}},
	}
	rows := []int{0, 1, 2, 3, 4, 5}
	es := []Estimate{{N: 4}, {N: 4}, {N: 3}, {N: 4}, {N: 1}, {N: 4}}
	for m, want := range [][]bool{{false, true, false, true, true, true}, {false, false, false, true, true, true}} {
		if got := r.barred(rows, m, es); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", r.Metrics[m].Metric, got, want)
		}
	}
	r.Scores = []Score{{Attribution: 1, Metric: 0}}
	got := strings.Join(r.outside(rows, []int{0, 1}), "\n")
	want := "The path_error of integrated_gradients (quadrature=exact) is 0 by definition: it is the yardstick and not compared.\n" +
		"The map has one value everywhere, so that it ranks nothing, on 1 of 4 images of lime (alpha=0.01).\n" +
		"The map has one value everywhere, so that it ranks nothing, on 4 of 4 images of lime (alpha=10), whose means are not compared."
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	notes := r.notes([]absence{{"auc", 2, 4, 2}, {"auc", 4, 4, 3}, {"auc", 4, 4, 0}, {"auc", 4, 4, 1}})
	want = "Undefined (—) and left out of the means of auc: 2 of 4 images of lime (alpha=0.01); 4 of 4 images of lime (alpha=10) and integrated_gradients (2 configurations)."
	if len(notes) != 1 || notes[0] != want {
		t.Errorf("got %q, want %q", notes, want)
	}
}

// Numbers are swept in the order of their size, words in that of the run.
func TestSweepsAscend(t *testing.T) {
	if got, want := ascending([]string{"20", "100", "50"}), []string{"20", "50", "100"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := ascending([]string{"zero", "5", "black"}), []string{"zero", "5", "black"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
