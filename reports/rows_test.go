package reports

import (
	"slices"
	"testing"
)

// nested is a sweep over two methods inside another: each has options that the
// other has not.
func nested() *Run {
	ig := func(steps, stdevs string) Attribution {
		return Attribution{
			Method: "noise_tunnel",
			Params: []Param{{"over.method", "integrated_gradients"}, {"over.n_steps", steps}, {"over.baseline", "white"}, {"nt_samples", "9"}, {"stdevs", stdevs}},
			All:    []Param{{"over.method", "integrated_gradients"}, {"over.n_steps", steps}, {"over.baseline", "white"}, {"over.compat", ""}, {"nt_samples", "9"}, {"stdevs", stdevs}},
		}
	}
	saliency := func(stdevs string) Attribution {
		return Attribution{
			Method: "noise_tunnel",
			Params: []Param{{"over.method", "saliency"}, {"nt_samples", "9"}, {"stdevs", stdevs}},
			All:    []Param{{"over.method", "saliency"}, {"over.abs", "true"}, {"nt_samples", "9"}, {"stdevs", stdevs}},
		}
	}
	return &Run{Attributions: []Attribution{ig("5", "0.1"), ig("5", "0.2"), saliency("0.1"), saliency("0.2")}}
}

// An option that only some configurations have does not vary because the others
// lack it, and is told in the rows that have it.
func TestOptionsThatSomeLack(t *testing.T) {
	r := nested()
	for i, want := range []string{
		"over.method=integrated_gradients, over.n_steps=5, over.baseline=white, stdevs=0.1",
		"over.method=integrated_gradients, over.n_steps=5, over.baseline=white, stdevs=0.2",
		"over.method=saliency, stdevs=0.1",
		"over.method=saliency, stdevs=0.2",
	} {
		if got := params(r.own(i)); got != want {
			t.Errorf("row %d: got %s, want %s", i, got, want)
		}
	}
	if got, want := r.common([]int{0, 1, 2, 3}), []string{"Every noise_tunnel row has nt_samples=9."}; !slices.Equal(got, want) {
		t.Errorf("notes: got %q, want %q", got, want)
	}
	sw := r.sweep([]int{0, 1, 2, 3})
	if sw.line != "over.method" || len(sw.panels) != 2 || sw.panels[0].name != "stdevs=0.1" || !slices.Equal(sw.panels[1].rows, []int{1, 3}) {
		t.Errorf("sweep: got %+v, want a line a method and a panel for each stdevs", sw)
	}
	// Where the line is an option that some lack, these have a line, too.
	for i := range 2 {
		for _, ps := range [][]Param{r.Attributions[i].All, r.Attributions[i].Params} {
			ps[1].Value = []string{"5", "10"}[i]
		}
	}
	extra := r.Attributions[1]
	extra.All = slices.Clone(extra.All)
	extra.All[1].Value = "20"
	r.Attributions = append(r.Attributions, extra)
	sw = r.sweep([]int{0, 1, 2, 3, 4})
	if want := []string{"5", "10", "20", ""}; sw.line != "over.n_steps" || !slices.Equal(sw.values, want) {
		t.Fatalf("sweep: got lines of %s at %q, want over.n_steps at %q", sw.line, sw.values, want)
	}
	shown := map[int]bool{}
	for _, p := range sw.panels {
		for _, a := range p.rows {
			shown[a] = a >= 0
		}
	}
	for i := range r.Attributions {
		if !shown[i] {
			t.Errorf("row %d is in no panel: %+v", i, sw.panels)
		}
	}
}
