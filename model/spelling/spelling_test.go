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

func TestMistakesOfWordsInAnotherOrder(t *testing.T) {
	for _, r := range []struct {
		a, b string
		want int
	}{
		{"max_sensitivity", "sensitivity_max", 1},
		{"Max-Sensitivity", "sensitivity_max", 1},
		{"max_sensitivty", "sensitivity_max", 2},
		{"gradients_integrated", "integrated_gradients", 1},
		{"saliency", "saliency", 0},
		{"grad_cam", "grad_cma", 1}, // in the same order it is one letter
		{"deep_lift", "lift", 5},    // a word too many is no other order
	} {
		if got := Mistakes(r.a, r.b); got != r.want {
			t.Errorf("%q to %q: got %d, want %d", r.a, r.b, got, r.want)
		}
		if got := Mistakes(r.b, r.a); got != r.want {
			t.Errorf("%q to %q: got %d, want %d", r.b, r.a, got, r.want)
		}
	}
	if got := Nearest("max_sensitivity", []string{"sparseness", "sensitivity_max"}); got != "sensitivity_max" {
		t.Errorf("max_sensitivity: got %q, want sensitivity_max", got)
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
