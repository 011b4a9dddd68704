package experiments

import (
	"strings"
	"testing"

	"assay/reports"
)

// A network that gives all images one class is warned of, whoever trained it.
func TestUnlearned(t *testing.T) {
	for _, c := range []struct {
		name     string
		training *reports.Training
		want     string // "" for no warning
	}{
		{"loaded", nil, ""},
		{"learnt", &reports.Training{Confusion: [][]int{{3, 1}, {0, 4}}}, ""},
		{"dead", &reports.Training{Confusion: [][]int{{0, 4}, {0, 4}}}, "classified as dog"},
		{"one label", &reports.Training{Confusion: [][]int{{2, 2}, {0, 0}}}, ""},
		{"no images", &reports.Training{Confusion: [][]int{{0, 0}, {0, 0}}}, ""},
	} {
		got := strings.Join(unlearned(&reports.Run{Classes: []string{"cat", "dog"}, Training: c.training}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDecodePictures(t *testing.T) {
	p, err := DecodePictures("[{method: heat_map}, {cmap: RdBu_r}]", "--picture")
	if err != nil || len(p) != 2 || p[0].Method != "heat_map" || p[1].Cmap != "RdBu_r" {
		t.Errorf("got %+v and error %v", p, err)
	}
	for value, want := range map[string]string{
		"{cmap: jet}":  `--picture:1:8: cmap is "jet"`,
		"{":            "not YAML",
		"heat_map":     `--picture:1:1: picture is "heat_map", want a mapping`,
		"{scale: our}": `scale is "our", want own or shared`,
	} {
		if _, err := DecodePictures(value, "--picture"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
	}
}
