package experiments

import (
	"strings"
	"testing"

	"assay/reports"
)

func TestWarningsOfNames(t *testing.T) {
	p := planOf(t, tiny, nil, "model")
	r := &reports.Run{Classes: []string{"disc", "Größe", "猫"}, Images: make([]reports.Image, 40)}
	got := strings.Join(warnings(p, r), "\n")
	if !strings.Contains(got, "figures cannot show all characters of 1 class's name: 猫;") {
		t.Errorf("got %s", got)
	}
	r.Classes = r.Classes[:2]
	if got := strings.Join(warnings(p, r), "\n"); strings.Contains(got, "characters") {
		t.Errorf("got %s", got)
	}
}

func TestWarningsCount(t *testing.T) {
	p := planOf(t, tiny, nil, "model")
	r := &reports.Run{Classes: []string{"a", "b"}, Images: make([]reports.Image, 40)}
	r.Images[3].Predicted = 1
	for _, want := range []string{"1 of 40 images is classified as something else than its label; what is explained is the label", "2 of 40 images are classified as something else than their label; what is explained is the label"} {
		if got := strings.Join(warnings(p, r), "\n"); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
		r.Images[4].Predicted = 1
	}
}
