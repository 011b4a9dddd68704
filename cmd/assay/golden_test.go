package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/model"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/run")

// kept lists what testdata/golden holds of the small run's report; SHA256SUMS
// stands for all the rest.
var kept = []string{"SHA256SUMS", "report.md", "tables/summary.txt", "tables/summary.tex", "tables/scores.csv", "figures/sheet.png", "figures/deletion-step=128.png"}

// TestGoldenRun runs testdata/run/small.yaml on every instruction set of this
// CPU, from specification to report: all must give the bytes kept in testdata.
func TestGoldenRun(t *testing.T) {
	if testing.Short() {
		t.Skip("runs on every instruction set, the portable one slowly")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "assay")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	golden := filepath.Join(root, "testdata/golden/run")
	for i, level := range model.Kernels() {
		dir := filepath.Join(t.TempDir(), level)
		c := exec.Command(bin, "run", filepath.Join(root, "testdata/run/small.yaml"), "--out", dir, "--quiet")
		c.Env = append(os.Environ(), "ROOT="+root, "ASSAY_KERNEL="+level)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", level, err, out)
		}
		for _, name := range kept {
			got, err := os.ReadFile(filepath.Join(dir, "report", name))
			if err != nil {
				t.Fatalf("%s: %v", level, err)
			}
			file := filepath.Join(golden, name)
			if *update && i == 0 {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %s differs from testdata/golden/run/%s%s", level, name, name, firstDifference(string(got), string(want)))
			}
		}
	}
}

// firstDifference shows the first line that differs, of text.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] && len(g[i])+len(w[i]) < 2000 {
			return "\ngot  " + g[i] + "\nwant " + w[i]
		}
	}
	return ""
}
