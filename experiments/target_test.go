package experiments

import (
	"strings"
	"testing"

	"assay/model"
)

func TestTargets(t *testing.T) {
	classes := []string{"plane", "cat", "sea-lion", "sea", "lion", "dog"}
	for _, r := range []struct {
		target string
		want   model.Target // of an image with label 1, taken for 4
		err    string
	}{
		{"label", model.Target{Class: 1, Minus: -1}, ""},
		{"predicted", model.Target{Class: 4, Minus: -1}, ""},
		{"dog", model.Target{Class: 5, Minus: -1}, ""},
		{"0", model.Target{Class: 0, Minus: -1}, ""},
		{"cat-dog", model.Target{Class: 1, Minus: 5}, ""},
		{"1-5", model.Target{Class: 1, Minus: 5}, ""},
		{"cat - dog", model.Target{Class: 1, Minus: 5}, ""},
		{"predicted-label", model.Target{Class: 4, Minus: 1}, ""},
		{"sea-lion", model.Target{Class: 2, Minus: -1}, ""},
		{"sea - lion", model.Target{Class: 3, Minus: 4}, ""},
		{"sea-lion-dog", model.Target{Class: 2, Minus: 5}, ""},
		{"cat-cat", model.Target{}, `target "cat-cat" is a class less itself, which is 0`},
		{"-1", model.Target{}, "target is class -1, want 0 to 5"},
		{"6", model.Target{}, "target is class 6, want 0 to 5"},
		{"cap", model.Target{}, `target is "cap", want label, predicted, a class, or two of them as in cat-dog; did you mean "cat"?`},
		{"cat - dug", model.Target{}, `target is "dug", want label, predicted, a class, or two of them as in cat-dog; did you mean "dog"?`},
	} {
		a, err := Target(r.target).Resolve(classes)
		if r.err != "" || err != nil {
			if err == nil || err.Error() != r.err {
				t.Errorf("%s: got error %v, want %s", r.target, err, r.err)
			}
			continue
		}
		if got := a.At(1, 4); got != r.want {
			t.Errorf("%s: got %v, want %v", r.target, got, r.want)
		}
		if a.Contrast() != (r.want.Minus >= 0) {
			t.Errorf("%s: contrast is %v", r.target, a.Contrast())
		}
	}
}

func TestTargetInYAML(t *testing.T) {
	for _, r := range []struct{ text, want, err string }{
		{"cat", "cat", ""},
		{"3", "3", ""},
		{"cat-dog", "cat-dog", ""},
		{"{class: cat, minus: dog}", "cat - dog", ""},
		{"{class: predicted, minus: 3}", "predicted - 3", ""},
		{"{class: 3}", "3", ""},
		{"{minus: dog}", "", "target has no class, as in {class: cat, minus: dog}"},
		{"{class: cat, less: dog}", "", `unknown key "less" in target`},
		{"[cat, dog]", "", "target is a list, want a single value"},
	} {
		d := newDecoder(newText("t", r.text))
		var got Target
		got.decodeNode(d, d.parse(d.file))
		err := d.err()
		switch {
		case r.err != "" && (err == nil || !strings.Contains(err.Error(), r.err)):
			t.Errorf("%s: got error %v, want %s", r.text, err, r.err)
		case r.err == "" && (err != nil || string(got) != r.want):
			t.Errorf("%s: got %q, %v, want %q", r.text, got, err, r.want)
		}
	}
}
