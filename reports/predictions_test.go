package reports

import (
	"strings"
	"testing"
)

// What is explained is said where a reader would take it for something else: not
// the label, or the difference of two classes.
func TestExplainedClass(t *testing.T) {
	r := &Run{
		C: 1, H: 1, W: 1, Classes: []string{"cat", "dog", "ship"},
		Images: []Image{
			{Index: 0, Label: 0, Predicted: 0, Probability: 0.5, Target: 0, Pixels: []byte{0}},
			{Index: 1, Label: 0, Predicted: 1, Probability: 0.5, Target: 1, Pixels: []byte{0}},
			{Index: 2, Label: 0, Predicted: 0, Probability: 0.5, Target: 0, Minus: 1, Contrast: true, Pixels: []byte{0}},
			{Index: 3, Label: 1, Predicted: 1, Probability: 0.5, Target: 2, Minus: 0, Contrast: true, Pixels: []byte{0}},
		},
	}
	want := []struct{ cell, title string }{
		{"cat", "image 0: label cat, predicted cat (0.500)"},
		{"dog", "image 1: label cat, predicted dog (0.500), explained dog"},
		{"cat - dog", "image 2: label cat, predicted cat (0.500), explained cat - dog"},
		{"ship - cat", "image 3: label dog, predicted dog (0.500), explained ship - cat"},
	}
	p := r.predictions()
	for i, w := range want {
		if got := r.describe(i); got != w.title {
			t.Errorf("image %d: title %q, want %q", i, got, w.title)
		}
		if got := p.Rows[i].Cells[5].plain(); got != w.cell {
			t.Errorf("image %d: explained %q, want %q", i, got, w.cell)
		}
	}
	if !strings.Contains(p.Caption, "or of two classes the difference") {
		t.Errorf("the caption %q does not say what a difference is", p.Caption)
	}
	r.Images = r.Images[:2]
	if c := r.predictions().Caption; strings.Contains(c, "difference") {
		t.Errorf("the caption %q speaks of differences where there are none", c)
	}
}
