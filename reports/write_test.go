package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/reports")

const goldens = "../testdata/golden/reports"

// small is a run that has everything a report can show, in few bytes.
func small() *Run {
	r := synthetic(6, 2, 12, []string{"10", "50"}, []string{"5", "25"}, []string{"0.1", "0.2"})
	r.Training = trained(r)
	return r
}

// sparse has all of that, too, in fewer rows and pictures: for the tests that
// write reports of their own, which drawing makes dear.
func sparse() *Run {
	r := synthetic(3, 1, 12, []string{"10", "50"}, []string{"5"}, []string{"0.1", "0.2"})
	r.Training = trained(r)
	return r
}

// files reads a directory tree.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func written(t *testing.T, r *Run) map[string][]byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "report")
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

// subject is the run whose report is written once for the tests that only read
// it: small; under -short, when the race detector draws at a tenth of the speed,
// sparse with the figures that no dots are computed for.
func subject() *Run {
	if testing.Short() {
		r := sparse()
		r.Figures = []string{"svg", "pdf"}
		return r
	}
	return small()
}

var once map[string][]byte

func read(t *testing.T) map[string][]byte {
	t.Helper()
	if once == nil {
		once = written(t, subject())
	}
	return once
}

// Two reports of one run are the same bytes in every file and every format.
func TestWriteSameBytes(t *testing.T) {
	var a, b map[string][]byte
	if testing.Short() {
		a, b = read(t), written(t, subject())
	} else {
		a, b = written(t, sparse()), written(t, sparse())
	}
	if len(a) != len(b) {
		t.Errorf("got %d and %d files", len(a), len(b))
	}
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs between two reports of the same run", name)
		}
	}
}

// Tables, pages and PNG figures are kept byte for byte. The other figures and
// the scores are kept as their hashes, in SHA256SUMS.
func TestGolden(t *testing.T) {
	if testing.Short() {
		t.Skip("draws every figure in every format")
	}
	got := maps.Clone(read(t))
	kept := func(name string) bool {
		return strings.HasSuffix(name, ".png") || strings.HasPrefix(name, "tables/") && name != "tables/scores.csv" || name == "report.md" || name == sums
	}
	if *update {
		if err := os.RemoveAll(goldens); err != nil {
			t.Fatal(err)
		}
		for name, data := range got {
			if !kept(name) {
				continue
			}
			path := filepath.Join(goldens, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	want := files(t, goldens)
	if fuses(1+0x1p-27, 1-0x1p-27, -1) {
		t.Log("this build fuses multiply-add: the drawing libraries place lines an ulp elsewhere, so figures are not compared")
		for name := range want {
			if strings.HasSuffix(name, ".png") || name == sums {
				delete(want, name)
				delete(got, name)
			}
		}
	}
	for name := range got {
		if kept(name) && want[name] == nil {
			t.Errorf("%s: no golden; go test ./reports -update writes it", name)
		}
	}
	for name, w := range want {
		g, ok := got[name]
		switch {
		case !ok:
			t.Errorf("%s: not written any more", name)
		case bytes.Equal(g, w):
		case strings.HasSuffix(name, ".png") && samePixels(g, w):
			t.Errorf("%s: the same picture, encoded in other bytes (another release of Go?)", name)
		case strings.HasSuffix(name, ".png"):
			t.Errorf("%s: another picture", name)
		default:
			t.Errorf("%s: got\n%s\nwant\n%s", name, g, w)
		}
	}
}

// fuses reports whether the compiler makes one instruction of a product and a
// sum, as it does on arm64 and with GOAMD64=v3: 1 - 2^-54 is lost in rounding
// the product, and kept without.
//
//go:noinline
func fuses(a, b, c float64) bool { return a*b+c != 0 }

func samePixels(a, b []byte) bool {
	p, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		return false
	}
	q, err := png.Decode(bytes.NewReader(b))
	if err != nil || p.Bounds() != q.Bounds() {
		return false
	}
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			if p.At(x, y) != q.At(x, y) {
				return false
			}
		}
	}
	return true
}

func TestWriteFiles(t *testing.T) {
	got := read(t)
	for line := range strings.Lines(string(got[sums])) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if h := sha256.Sum256(got[name]); hex.EncodeToString(h[:]) != sum {
			t.Errorf("%s: its line in %s is of other bytes", name, sums)
		}
	}
	page := string(got["report.html"])
	for _, s := range []string{"<script", "http-equiv", `src="http`, `href="http`, "url("} {
		if strings.Contains(page, s) {
			t.Errorf("report.html holds %q, want a page that needs nothing else", s)
		}
	}
	if !strings.Contains(page, "A comment with &lt;tags&gt; &amp; ampersands.") {
		t.Error("report.html: the specification is missing or not escaped")
	}
	for name, data := range got {
		switch filepath.Ext(name) {
		case ".svg":
			d := xml.NewDecoder(bytes.NewReader(data))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Errorf("%s: %v", name, err)
					break
				}
			}
		case ".csv":
			if _, err := csv.NewReader(bytes.NewReader(data)).ReadAll(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case ".pdf":
			if !bytes.HasPrefix(data, []byte("%PDF-")) || !bytes.Contains(data, []byte("D:20000101")) {
				t.Errorf("%s: not a PDF with a fixed date", name)
			}
		}
	}
}

// Every number of the run is in scores.csv, with every digit.
func TestScores(t *testing.T) {
	r := subject()
	rows, err := csv.NewReader(bytes.NewReader(read(t)["tables/scores.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	for _, s := range r.Scores {
		for _, series := range s.Values {
			for _, v := range series {
				want += len(v)
			}
		}
	}
	if len(rows) != want {
		t.Errorf("got %d rows, want %d", len(rows), want)
	}
	s := r.score(1, 1) // saliency on deletion
	for _, row := range rows {
		if row[0] == "saliency" && row[2] == "deletion" && row[3] == "curve" && row[4] == "0.5" && row[5] == "2" {
			if w := exact(s.Values[1][2][8]); row[6] != w {
				t.Errorf("deletion curve of image 2 at 0.5: got %s, want %s", row[6], w)
			}
			return
		}
	}
	t.Error("the deletion curve of image 3 at 0.5 is missing")
}

func TestWriteReplaces(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	r := sparse()
	r.Figures, r.Formats = []string{"svg"}, []string{"text"}
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.Training = nil
	r.Figures = []string{"pdf"}
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)
	if string(got["notes.txt"]) != "mine" {
		t.Error("a file beside the report is lost")
	}
	for _, name := range []string{"figures/training.pdf", "figures/deletion.svg", "tables/training.txt", "tables/summary.md"} {
		if got[name] != nil {
			t.Errorf("%s is left over from the former report", name)
		}
	}
	if got["figures/deletion.pdf"] == nil || !strings.Contains(string(got["report.md"]), "figures/deletion.pdf") {
		t.Error("figures/deletion.pdf is missing, or report.md does not name it")
	}
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("got %d entries beside the report (%v), want none", len(left)-1, err)
	}
}

// Several processes may write a report of one run at the same time, as shards do
// that end together: each succeeds, and what stays is whole.
func TestWriteTogether(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	r := sparse()
	r.Formats, r.Figures = []string{"csv"}, []string{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				if err := Write(dir, r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := written(t, r)
	got := files(t, dir)
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s is missing or differs", name)
		}
	}
	beside, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(beside) != 1 || len(got) != len(want) {
		t.Errorf("left behind: %v, %d files, want %d, %v", beside, len(got), len(want), err)
	}
}

func TestWriteRefuses(t *testing.T) {
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(other, small()); err == nil || !strings.Contains(err.Error(), "want a new or empty directory") {
		t.Errorf("a directory of other files: got %v", err)
	}
	for _, c := range []struct {
		name  string
		spoil func(r *Run)
		want  string
	}{
		{"format", func(r *Run) { r.Formats = []string{"word"} }, `table format "word"`},
		{"figure format", func(r *Run) { r.Figures = []string{"gif"} }, `figure format "gif"`},
		{"picture", func(r *Run) { r.Pictures = []Picture{{Method: "cubist"}} }, `picture: method is "cubist", want heat_map`},
		{"map", func(r *Run) { r.Attributions[0].Maps[0] = make([]float32, 5) }, "has 5 values, want 432"},
		{"pixels", func(r *Run) { r.Images[0].Pixels = make([]byte, 7) }, "has 7 bytes of pixels, want 432"},
		{"score", func(r *Run) { r.Scores[0].Values[0][0] = nil }, "has 0 values for an image, want 1"},
		{"index", func(r *Run) { r.Scores[0].Metric = 99 }, "metric 99"},
		{"duplicate", func(r *Run) { r.Attributions[1].ID = r.Attributions[0].ID }, "empty or taken"},
	} {
		r := small()
		c.spoil(r)
		dir := filepath.Join(t.TempDir(), "report")
		err := Write(dir, r)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a report was written all the same", c.name)
		}
	}
}

// An empty list of formats means none of them, where nil means all.
func TestWriteNone(t *testing.T) {
	r := small()
	r.Formats, r.Figures = []string{}, []string{}
	got := written(t, r)
	for name := range got {
		if strings.HasPrefix(name, "figures/") || strings.HasPrefix(name, "tables/") && name != "tables/scores.csv" {
			t.Errorf("%s is written all the same", name)
		}
	}
	if page := string(got["report.html"]); strings.Contains(page, "<img") || !strings.Contains(page, "<table") {
		t.Error("report.html: want tables and no figures")
	}
	if strings.Contains(string(got["report.md"]), "](figures/") {
		t.Error("report.md names a figure")
	}
}

// A training alone is no run that explained nothing.
func TestWriteTraining(t *testing.T) {
	r := small()
	r = &Run{Name: "tutorial on shapes", Spec: "seed: 0\n", Canonical: "seed: 0\n", Classes: r.Classes, Training: r.Training, Figures: []string{"svg"}}
	got := string(written(t, r)["report.md"])
	for _, not := range []string{"explained", "0 images", "0 methods", "As written", "for this run"} {
		if strings.Contains(got, not) {
			t.Errorf("report.md says %q of a training", not)
		}
	}
	if want := "A network trained for 5 epochs; it reaches 61.3 % on the test split."; !strings.Contains(got, want) {
		t.Errorf("report.md does not say %q", want)
	}
}

// Runs with little in them give little reports, not panics.
func TestWriteSparse(t *testing.T) {
	for i, c := range []struct {
		name  string
		strip func(r *Run)
	}{
		{"empty", func(r *Run) { *r = Run{Name: "empty"} }},
		{"no pictures", func(r *Run) {
			for i := range r.Images {
				r.Images[i].Pixels = nil
			}
			for i := range r.Attributions {
				r.Attributions[i].Maps = nil
			}
		}},
		{"no metrics", func(r *Run) { r.Metrics, r.Scores = nil, nil }},
		{"controls only", func(r *Run) {
			for i := range r.Attributions {
				r.Attributions[i].Control = true
			}
		}},
		{"no controls", func(r *Run) {
			for i := range r.Attributions {
				r.Attributions[i].Control = false
			}
		}},
		{"one image", func(r *Run) { *r = *synthetic(1, 1, 8, []string{"10", "20"}, []string{"5"}, []string{"0.1"}) }},
		{"nothing defined", func(r *Run) {
			for _, s := range r.Scores {
				for _, series := range s.Values {
					for _, v := range series {
						for k := range v {
							v[k] = math.NaN()
						}
					}
				}
			}
		}},
		{"infinite", func(r *Run) { r.Scores[0].Values[0][0][0] = math.Inf(1); r.Scores[5].Values[1][0][0] = math.Inf(-1) }},
		{"one of many scores", func(r *Run) { r.Scores = r.Scores[:1] }},
		{"grey, not square", func(r *Run) {
			r.C, r.H, r.W = 1, 8, 54
		}},
		{"no classes", func(r *Run) { r.Classes = nil }},
		{"captum's colours", func(r *Run) {
			p := DefaultPicture()
			p.Colors = "captum"
			r.Pictures = []Picture{p}
		}},
		{"empty training", func(r *Run) { r.Training = &Training{} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && i > 2 {
				t.Skip("the first cases show the race detector what there is to see")
			}
			r := sparse()
			r.Figures = []string{"svg"}
			c.strip(r)
			got := written(t, r)
			if got["report.html"] == nil || got["report.md"] == nil {
				t.Error("a page is missing")
			}
			if strings.Contains(string(got["report.md"]), "NaN") {
				t.Error("report.md holds a NaN")
			}
		})
	}
}
