package attr

import (
	"encoding"
	"os"
	"strings"
	"testing"
)

// TestForms reads every form that the lists name, with something in the place of
// its capital letters, and looks for it in README.md.
func TestForms(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	put := strings.NewReplacer("NUMBER", "0.25", "COMPACTNESS", "5", "SIGMA", "2", "PATH", "some.npy",
		"EPS", "0.01", "LOW", "-1", "HIGH", "1", "A, B", "3, 2", "G", "0.5", "N", "4")
	baseline := func() encoding.TextUnmarshaler { return new(Baseline) }
	mask := func() encoding.TextUnmarshaler { return new(Mask) }
	rules := func() encoding.TextUnmarshaler { return new(LRPRules) }
	for _, x := range []struct {
		kind   string
		prefix string
		forms  []Form
		value  func() encoding.TextUnmarshaler
	}{
		{"baseline", "", BaselineForms, baseline},
		{"mask", "", MaskForms, mask},
		{"rule", "conv1=", LRPRuleForms, rules},
	} {
		for _, f := range x.forms {
			text := x.prefix + put.Replace(f.Text)
			v := x.value()
			if err := v.UnmarshalText([]byte(text)); err != nil {
				t.Errorf("%s %s: %v", x.kind, f.Text, err)
			}
			if b, err := v.(encoding.TextMarshaler).MarshalText(); err != nil || string(b) != text {
				t.Errorf("%s %s: %q is read as %q, %v", x.kind, f.Text, text, b, err)
			}
			word, _, _ := strings.Cut(f.Text, "(")
			word, _, _ = strings.Cut(word, ":")
			if word != "NUMBER" && !strings.Contains(string(readme), "`"+word) {
				t.Errorf("README.md says nothing of the %s %s", x.kind, f.Text)
			}
		}
	}
	// And the other way round: what the reader offers is in the list.
	for _, word := range baselineWords {
		name, _, _ := strings.Cut(word, ":")
		found := false
		for _, f := range BaselineForms {
			got, _, _ := strings.Cut(f.Text, ":")
			found = found || got == name
		}
		if !found {
			t.Errorf("BaselineForms lacks %s", word)
		}
	}
}
