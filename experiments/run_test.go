package experiments

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tiny is a run of two blocks of images on a network that is barely one.
const tiny = `
name: tiny
seed: 5
data: {dataset: shapes, images: "0:40", n_train: 40, n_test: 40}
model:
  layers:
    - {kind: conv2d, out: 3, kernel: 5, stride: 3}
    - {kind: relu}
    - {kind: max_pool2d, kernel: 2}
    - {kind: flatten}
    - {kind: linear, out: 10}
  train: {epochs: 2, lr: 0.01}
attributions:
  - method: saliency
  - method: integrated_gradients
    n_steps: [3, 5]
  - method: deep_lift
  - method: noise_tunnel
    over: {method: saliency}
    nt_samples: [2, 5]
    stdevs: [0.1, 0.3]
metrics:
  - metric: completeness
  - metric: deletion
    step: 256
    substrate: mean
  - metric: parameter_randomization
    mode: cascading
    max_images: 35
    only: [saliency, noise_tunnel]
report: {formats: [csv], figures: [svg], pictures: 1}
`

// lines collects what a console says.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func specFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func mustRun(t *testing.T, spec, out string, o Options, set ...string) (Outcome, string) {
	t.Helper()
	var said lines
	o.Console = NewConsole(&said, false, false)
	got, err := Run(context.Background(), specFile(t, spec), out, set, o)
	if err != nil {
		t.Fatalf("Run: %v\n%s", err, said.String())
	}
	return got, said.String()
}

// files reads a directory tree, without the journals, which say who and when.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if e.IsDir() {
			if name == "events" {
				return fs.SkipDir
			}
			return nil
		}
		b, err := os.ReadFile(path)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sameFiles demands the same files; the report is left out where got has none.
func sameFiles(t *testing.T, what, want, got string) {
	t.Helper()
	w, g := files(t, want), files(t, got)
	if !exists(filepath.Join(got, "report")) {
		maps.DeleteFunc(w, func(name, _ string) bool { return strings.HasPrefix(name, "report/") })
	}
	for _, name := range sortedKeys(w) {
		if have, ok := g[name]; !ok {
			t.Errorf("%s: %s is missing", what, name)
		} else if have != w[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
	for _, name := range sortedKeys(g) {
		if _, ok := w[name]; !ok {
			t.Errorf("%s: %s is there too", what, name)
		}
	}
}

func TestRunIsTheSameHoweverItIsDone(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	first, said := mustRun(t, tiny, whole, Options{Workers: 1})
	if first.Found != 0 || first.Computed != first.Cells || first.Cells == 0 {
		t.Fatalf("first run: %+v, want all cells computed\n%s", first, said)
	}

	t.Run("a second run computes nothing", func(t *testing.T) {
		before := files(t, whole)
		again, said := mustRun(t, tiny, whole, Options{Workers: 2, NoReport: true})
		if again.Computed != 0 || again.Found != first.Cells || !strings.Contains(said, "nothing to compute") || !strings.Contains(said, "trained already") {
			t.Errorf("got %+v\n%s", again, said)
		}
		after := files(t, whole)
		for name := range before {
			if before[name] != after[name] {
				t.Errorf("%s changed", name)
			}
		}
	})
	t.Run("three workers", func(t *testing.T) {
		out := filepath.Join(dir, "workers")
		mustRun(t, tiny, out, Options{Workers: 3, NoReport: true})
		sameFiles(t, "workers", whole, out)
	})
	t.Run("three shards in any order", func(t *testing.T) {
		out := filepath.Join(dir, "shards")
		for _, i := range []int{2, 0, 1} {
			_, said := mustRun(t, tiny, out, Options{Workers: 2, Shard: Shard{i, 3}})
			if wrote := strings.Contains(said, "report written"); wrote != (i == 1) {
				t.Errorf("shard %d: report written is %v\n%s", i, wrote, said)
			}
		}
		sameFiles(t, "shards", whole, out)
	})
	t.Run("interrupted again and again", func(t *testing.T) {
		out := filepath.Join(dir, "interrupted")
		interruptions := 0
		for n := 1; ; n += 7 {
			ctx, cancel := context.WithCancel(context.Background())
			stop := make(chan struct{})
			go func() { // cancels once n more cells are there
				start := -1
				for {
					select {
					case <-stop:
						return
					case <-time.After(time.Millisecond):
					}
					keys, _ := (&Store{out}).Keys()
					if start < 0 {
						start = len(keys)
					}
					if len(keys) >= start+n {
						cancel()
						return
					}
				}
			}()
			began := time.Now()
			_, err := Run(ctx, specFile(t, tiny), out, nil, Options{Workers: 2, NoReport: true, Console: NewConsole(&lines{}, false, true)})
			close(stop)
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			interruptions++
			if time.Since(began) > 30*time.Second {
				t.Fatal("an interrupted run took half a minute")
			}
		}
		if interruptions == 0 {
			t.Skip("the run was too quick to interrupt")
		}
		sameFiles(t, "interrupted", whole, out)
	})
	t.Run("a damaged cell is set aside and computed again", func(t *testing.T) {
		out := filepath.Join(dir, "damaged")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		s := &Store{out}
		keys, err := s.Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []string{keys[3], keys[len(keys)/2]} {
			b, err := os.ReadFile(s.cell(k))
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/2] ^= 0x10
			if err := os.WriteFile(s.cell(k), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		v, err := Verify(context.Background(), out, 0, nil, Options{Console: NewConsole(&lines{}, false, true)})
		if err == nil || len(v.Corrupt) != 2 {
			t.Errorf("Verify: got %d corrupt, %v, want 2 and an error", len(v.Corrupt), err)
		}
		_, said := mustRun(t, tiny, out, Options{NoReport: true})
		if n := strings.Count(said, "is corrupt"); n != 2 {
			t.Errorf("told of %d corrupt cells, want 2:\n%s", n, said)
		}
		if quarantined(t, s) != 2 {
			t.Errorf("%d files in quarantine, want 2", quarantined(t, s))
		}
		if err := os.RemoveAll(filepath.Join(out, "quarantine")); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "repaired", whole, out)
	})
	t.Run("damaged weights are trained again", func(t *testing.T) {
		out := filepath.Join(dir, "weights")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		ws, _ := filepath.Glob(filepath.Join(out, "model", "*.safetensors"))
		if len(ws) != 1 {
			t.Fatalf("weights: %v, want one file", ws)
		}
		b, err := os.ReadFile(ws[0])
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-2] ^= 1
		if err := os.WriteFile(ws[0], b, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(context.Background(), out, 1, nil, Options{Console: NewConsole(&lines{}, false, true)}); err == nil || !strings.Contains(err.Error(), "trained weights") {
			t.Errorf("Verify: got %v, want the trained weights", err)
		}
		if n := quarantined(t, &Store{out}); n != 0 {
			t.Errorf("Verify moved %d files", n)
		}
		_, said := mustRun(t, tiny, out, Options{NoReport: true})
		if !strings.Contains(said, "will be trained again") {
			t.Errorf("said nothing of it:\n%s", said)
		}
		if err := os.RemoveAll(filepath.Join(out, "quarantine")); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "trained again", whole, out)
	})
	t.Run("another result for a cell is a violation", func(t *testing.T) {
		s := &Store{whole}
		v, err := Verify(context.Background(), whole, 4, nil, Options{Console: NewConsole(&lines{}, false, true)})
		if err != nil || v.Recomputed == 0 || len(v.Differs) != 0 || v.Foreign != 0 {
			t.Fatalf("Verify of a good run: %+v, %v", v, err)
		}
		out := filepath.Join(dir, "forged")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		forged := &Store{out}
		keys, err := s.Keys()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys { // whole cells with another payload
			b, err := s.read(k)
			if err != nil {
				t.Fatal(err)
			}
			if a, err := readRecord(b); err != nil || a["weights"] != nil {
				continue
			}
			b = bytes.Clone(b)
			b[len(b)-1] ^= 1
			os.Remove(forged.cell(k))
			if _, err := forged.Put(k, b); err != nil {
				t.Fatal(err)
			}
		}
		v, err = Verify(context.Background(), out, 2, nil, Options{Console: NewConsole(&lines{}, false, true)})
		if !errors.Is(err, ErrDiffers) || len(v.Differs) != v.Recomputed {
			t.Errorf("Verify of a forged run: %+v, %v, want ErrDiffers for every recomputed cell", v, err)
		}
	})
	t.Run("another specification is refused", func(t *testing.T) {
		before := files(t, whole)
		for _, set := range []string{"seed=6", "data.images=0:20", "attributions.0.abs=false", "model.train.lr=0.02"} {
			_, err := Run(context.Background(), specFile(t, tiny), whole, []string{set}, Options{Console: NewConsole(&lines{}, false, true)})
			var input *InputError
			if !errors.As(err, &input) || !strings.Contains(err.Error(), "belongs to another run") || !strings.Contains(err.Error(), "\n  + ") {
				t.Errorf("%s: got %v, want a refusal with a diff", set, err)
			}
		}
		after := files(t, whole)
		if len(before) != len(after) {
			t.Errorf("%d files before, %d after", len(before), len(after))
		}
		for name := range before {
			if before[name] != after[name] {
				t.Errorf("%s changed", name)
			}
		}
	})
	t.Run("configurations that share work have the cells they have alone", func(t *testing.T) {
		out := filepath.Join(dir, "alone")
		alone := strings.Replace(tiny, "nt_samples: [2, 5]\n    stdevs: [0.1, 0.3]", "nt_samples: 2\n    stdevs: 0.3", 1)
		alone = strings.Replace(alone, "n_steps: [3, 5]", "n_steps: 5", 1)
		mustRun(t, alone, out, Options{NoReport: true})
		common, want := 0, files(t, whole)
		for name, b := range files(t, out) {
			if strings.HasPrefix(name, "cells/") {
				common++
				if want[name] != b {
					t.Errorf("%s is missing or differs", name)
				}
			}
		}
		if common == 0 {
			t.Error("no cell in common")
		}
	})
	t.Run("report from the store alone", func(t *testing.T) {
		out := filepath.Join(dir, "moved")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(out, "report")); err != nil {
			t.Fatal(err)
		}
		if _, err := Report(out, nil, nil); err != nil {
			t.Fatal(err)
		}
		sameFiles(t, "report", whole, out)
		keys, _ := (&Store{out}).Keys()
		for _, k := range keys {
			if b, _ := (&Store{out}).read(k); !bytes.Contains(b, []byte("weights")) {
				os.Remove((&Store{out}).cell(k))
				break
			}
		}
		if _, err := Report(out, nil, nil); err == nil || !strings.Contains(err.Error(), "are missing; run the specification again") {
			t.Errorf("report of an incomplete store: got %v", err)
		}
	})
}

func TestClaimRefusesForeignDirectories(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Run(context.Background(), specFile(t, tiny), dir, nil, Options{Console: NewConsole(&lines{}, false, true)})
	if err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("got %v, want a refusal that names what is there", err)
	}
	if es, _ := os.ReadDir(dir); len(es) != 1 {
		t.Errorf("%d files, want the one", len(es))
	}
}

// TestPrepareFindsAll shows that what needs data and network to be seen comes
// out together with what does not.
func TestPrepareFindsAll(t *testing.T) {
	s, _ := Parse("spec.yaml", `name: x
sede: 1
data: {dataset: shapes, images: "0:4000", n_train: 20, n_test: 20}
model: {net: tutorial, weights: nowhere.pt}
target: zebra
attributions:
  - method: integrated_gradients
    n_steps: [0, 10]
    quadrature: gauslegendre
  - {method: noise_tunnel, nt_samples: 0, over: {method: integrated_gradients, n_steps: -1}}
metrics:
  - {metric: deletion, step: 0, only: [saliency]}
`, nil)
	_, err := s.Prepare()
	if err == nil {
		t.Fatal("no error")
	}
	var got []string
	for l := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(l, "spec.yaml:") {
			got = append(got, l)
		}
	}
	for _, want := range []string{
		`spec.yaml:2:1: unknown key "sede"`, `spec.yaml:3:33: `, `spec.yaml:4:33: `, `spec.yaml:5:9: target is "zebra"`,
		`spec.yaml:8:15: n_steps is 0`, `spec.yaml:9:17: quadrature is "gauslegendre"`,
		`spec.yaml:10:40: nt_samples is 0`, `spec.yaml:10:89: n_steps is -1`,
		`spec.yaml:12:30: step is 0`, `spec.yaml:12:39: only names saliency`,
	} {
		if !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, want) }) {
			t.Errorf("no fault begins %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestConsoleLines(t *testing.T) {
	var said lines
	c := NewConsole(&said, false, true)
	c.Log.Info("hidden")
	c.Log.Warn("shown", slog.Int("n", 1))
	if got := said.String(); strings.Contains(got, "hidden") || !strings.Contains(got, "level=WARN msg=shown n=1") {
		t.Errorf("got %q", got)
	}
}

func TestRemaining(t *testing.T) {
	// A tenth of ten thousand million passes in an hour.
	if got, want := remaining(time.Hour, 1e9, 1e10), 9*time.Hour; (got - want).Abs() > time.Second {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseShard(t *testing.T) {
	for _, row := range []struct {
		text string
		want Shard
		bad  bool
	}{
		{"0/1", Shard{0, 1}, false},
		{"3/4", Shard{3, 4}, false},
		{"4/4", Shard{}, true},
		{"-1/4", Shard{}, true},
		{"1", Shard{}, true},
		{"a/b", Shard{}, true},
	} {
		got, err := ParseShard(row.text)
		if got != row.want || (err != nil) != row.bad {
			t.Errorf("%s: got %v, %v", row.text, got, err)
		}
	}
}

func TestLayerFaultsNameTheirLayer(t *testing.T) {
	s, err := Parse("spec.yaml", `name: x
data: {dataset: shapes, n_train: 20, n_test: 20}
model:
  layers:
    - {kind: conv2d, out: 3, kernel: 99}
    - {kind: relu, out: 3}
  train: {}
attributions: [{method: saliency}]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Prepare()
	want := `spec.yaml:5:7: layer 1 (conv1): kernel is 99, want 1 to 64
      - {kind: conv2d, out: 3, kernel: 99}
        ^
spec.yaml:6:7: layer 2 (relu1): relu takes no out
      - {kind: relu, out: 3}
        ^
2 errors`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
