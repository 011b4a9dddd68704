package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const doubtful = `
name: doubtful
data: {dataset: shapes, images: "0:34", n_train: 20, n_test: 40}
model: {net: tutorial, weights: default}
attributions:
  - method: lime
    mask: cells:2
    n_samples: 20
    alpha: [0.0001, 1000]
  - method: lime
    mask: cells:2
    n_samples: 20
    kernel: euclidean
    kernel_width: 0.01
report: {formats: [markdown], figures: []}
`

// What methods doubt in their own maps is stored with them and told in the
// report, whatever the block, and by a run that finds the maps computed too.
func TestDoubtsReachTheReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for _, when := range []string{"computed", "found"} {
		mustRun(t, doubtful, dir, Options{Workers: 1})
		b, err := os.ReadFile(filepath.Join(dir, "report", "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		got := string(b)
		for _, want := range []string{
			"alpha=1000: for 34 of 34 images the lasso keeps no feature of the map, or of that of a noisy copy: lower alpha",
			"for 34 of 34 images the kernel leaves fewer samples, in effect, than the fit has coefficients",
		} {
			if n := strings.Count(got, want); n != 1 {
				t.Errorf("%s: %q is there %d times, want once:\n%s", when, want, n, got)
			}
		}
		if strings.Contains(got, "alpha=0.0001: for") {
			t.Errorf("%s: a warning of maps that are none to doubt:\n%s", when, got)
		}
	}
}
