package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, r := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"zero", "Zero", 0},
		{"blurr", "blur", 1},
		{"ab", "ba", 1},
		{"kitten", "sitting", 3},
		{"bilinaer", "bilinear", 1},
		{"ca", "abc", 3}, // no character is in two mistakes
		{"weiß", "weiss", 2},
	} {
		if got := Distance(r.a, r.b); got != r.want {
			t.Errorf("%q to %q: got %d, want %d", r.a, r.b, got, r.want)
		}
		if got := Distance(r.b, r.a); got != r.want {
			t.Errorf("%q to %q: got %d, want %d", r.b, r.a, got, r.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"", "conv1", "conv2", "relu1", "zero"}
	for _, r := range []struct{ got, want string }{
		{"conf2", "conv2"},
		{"conv3", "conv1"},
		{"ZERO", "zero"},
		{"zeor", "zero"},
		{"xyz", ""},
		{"", ""},
	} {
		if got := Nearest(r.got, known); got != r.want {
			t.Errorf("%q: got %q, want %q", r.got, got, r.want)
		}
	}
}
