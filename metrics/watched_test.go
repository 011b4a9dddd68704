package metrics

import (
	"strings"
	"testing"

	"assay/model"
)

// By default curves are of the class that the map argues for, not of the one the
// network prefers, and say so.
func TestTheExplainedClassIsWatched(t *testing.T) {
	misclassified := Case{Label: 3, Predicted: 8, Target: model.Target{Class: 3, Minus: -1}}
	contrast := Case{Label: 8, Predicted: 8, Target: model.Target{Class: 3, Minus: 5}}
	for _, r := range []struct {
		target       string
		label, first model.Target
		about        string
	}{
		{"explained", model.Target{Class: 3, Minus: -1}, model.Target{Class: 3, Minus: -1}, "probability of the explained class (of a difference its first)"},
		{"predicted", model.Target{Class: 8, Minus: -1}, model.Target{Class: 8, Minus: -1}, "probability of the predicted class"},
		{"difference", model.Target{Class: 3, Minus: -1}, model.Target{Class: 3, Minus: 5}, "probability of the explained class (less that of the second where a difference is explained)"},
	} {
		if got := watchedTarget(r.target, &misclassified); got != r.label {
			t.Errorf("%s of a misclassified image: got %+v, want %+v", r.target, got, r.label)
		}
		if got := watchedTarget(r.target, &contrast); got != r.first {
			t.Errorf("%s of a difference: got %+v, want %+v", r.target, got, r.first)
		}
		if got := watchedAbout(r.target, "probability"); got != r.about {
			t.Errorf("%s: got %q, want %q", r.target, got, r.about)
		}
	}
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deletion", "insertion", "effective_complexity"} {
		for _, s := range Metrics[name].New().Series(n) {
			if !strings.HasSuffix(s.About, "probability of the explained class (of a difference its first)") {
				t.Errorf("%s %s is described as %q", name, s.Name, s.About)
			}
		}
	}
}
