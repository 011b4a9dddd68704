package experiments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-cmp/cmp"

	"assay/model"
	"assay/reports"
)

// Manifest says what a run directory holds: the specification in full and the
// hashes of all that went in. It is written once, before the first cell.
type Manifest struct {
	Format int    `json:"format"`
	Assay  string `json:"assay"` // version; another one may compute other bits
	Name   string `json:"name"`
	Spec   string `json:"spec"` // canonical

	Dataset  string        `json:"dataset"`
	Split    string        `json:"split"`
	DataHash string        `json:"data_hash"` // of the split that is explained
	Shape    model.Shape   `json:"shape"`
	Classes  []string      `json:"classes"`
	Images   []int         `json:"images"`         // indices into the split
	Mean     []float32     `json:"mean,omitempty"` // per channel, of the normalised training images
	Files    []File        `json:"files,omitempty"`
	Net      string        `json:"net"`
	Layers   []model.Layer `json:"layers"`
	Weights  string        `json:"weights,omitempty"`      // Weights.Hash; empty where the run trains
	Model    string        `json:"model,omitempty"`        // Model.Hash; empty where the run trains
	FileSum  string        `json:"weights_file,omitempty"` // SHA-256 of the file they were read from
	Train    string        `json:"train_hash,omitempty"`   // of the splits it trains on
	Test     string        `json:"test_hash,omitempty"`
	// Reference is the hash of the training images that baselines are made of.
	Reference string `json:"reference_hash,omitempty"`

	// What follows may differ between two commands that belong to one run.
	Source  string   `json:"source"` // the specification as written
	Changes []string `json:"changes,omitempty"`
	Formats []string `json:"formats"`
	Figures []string `json:"figures"`

	Pictures []reports.Picture `json:"pictures,omitempty"` // how maps are drawn
}

// File is a file that a method reads, by its content.
type File struct {
	Name string `json:"name"`
	Sum  string `json:"sha256"`
}

// identity is the part that has to agree.
func (m Manifest) identity() Manifest {
	m.Source, m.Changes, m.Formats, m.Figures, m.Pictures = "", nil, nil, nil, nil
	return m
}

func (b *Bench) manifest() (Manifest, error) {
	s := b.Spec
	m := Manifest{
		Format: 1, Assay: Version(), Name: s.Name, Spec: s.Canonical(),
		Dataset: b.Data.Name, Split: b.Data.Split, DataHash: b.Data.Hash(), Shape: b.Data.Shape, Classes: b.Data.Classes,
		Images: b.Images, Mean: b.mean, Net: b.Net.Name, Layers: b.Net.Layers, FileSum: b.weightsSum, Reference: b.refSum,
		Source: s.Source, Changes: s.Changes, Formats: s.Report.Formats, Figures: s.Report.Figures, Pictures: s.Report.Picture,
	}
	for _, f := range sortedKeys(b.files) {
		m.Files = append(m.Files, File{f, b.files[f]})
	}
	if b.weights != nil {
		net, err := model.New(b.Net, b.weights)
		if err != nil {
			return m, err
		}
		m.Weights, m.Model = b.weights.Hash(), net.Hash()
	} else {
		m.Train, m.Test = b.train.Hash(), b.test.Hash()
	}
	return m, nil
}

// net rebuilds the network the manifest describes.
func (m *Manifest) net() (*model.Net, error) {
	n := &model.Net{Name: m.Net, Input: m.Shape, Layers: m.Layers}
	return n, n.Resolve()
}

// Claim makes dir the directory of this run, or goes on in one that is. One of
// another run is refused and left as it is.
func Claim(dir string, m Manifest) (*Store, error) {
	s := &Store{Dir: dir}
	file := filepath.Join(dir, "manifest.json")
	old, err := s.Manifest()
	if err == nil {
		return s, same(dir, *old, m)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// A directory with files of somebody else is not ours to fill.
	if es, err := os.ReadDir(dir); err == nil {
		for _, e := range es {
			if !strings.HasPrefix(e.Name(), ".") {
				return nil, inputf("experiments: %s is not empty and no run directory (it has %s, but no manifest.json): use another --out", dir, e.Name())
			}
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, full(err)
	}
	b, err := encodeManifest(m)
	if err != nil {
		return nil, err
	}
	tmp, err := writeTemp(dir, "manifest", b)
	if err != nil {
		return nil, full(err)
	}
	defer os.Remove(tmp)
	if err := place(tmp, file); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, full(err)
	}
	if err := syncDir(dir); err != nil {
		return nil, full(err)
	}
	if old, err = s.Manifest(); err != nil {
		return nil, err
	}
	return s, same(dir, *old, m)
}

func encodeManifest(m Manifest) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("experiments: manifest: %w", err)
	}
	return b.Bytes(), nil
}

// Manifest reads what the run directory holds.
func (s *Store) Manifest() (*Manifest, error) {
	file := filepath.Join(s.Dir, "manifest.json")
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("experiments: %w", err)
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, inputf("experiments: %s: not a manifest of this version of assay: %w", file, err)
	}
	if m.Format != 1 {
		return nil, inputf("experiments: %s: format %d, want 1: another version of assay wrote it", file, m.Format)
	}
	return &m, nil
}

// same refuses another run's directory and says what differs.
func same(dir string, old, m Manifest) error {
	old, m = old.identity(), m.identity()
	if cmp.Equal(old, m) {
		return nil
	}
	var why []string
	if old.Spec != m.Spec {
		why = append(why, "the specification differs (- the directory's, + yours):\n"+lineDiff(old.Spec, m.Spec))
	}
	for _, f := range []struct{ what, old, new string }{
		{"assay's version", old.Assay, m.Assay},
		{"the images (hash of the " + m.Split + " split)", old.DataHash, m.DataHash},
		{"the choice of images", fmt.Sprint(old.Images), fmt.Sprint(m.Images)},
		{"the weights", old.Weights, m.Weights},
		{"the weights' file", old.FileSum, m.FileSum},
		{"the training images", old.Train, m.Train},
		{"the test images", old.Test, m.Test},
		{"the training images of baselines", old.Reference, m.Reference},
		{"a file that a method reads", fmt.Sprint(old.Files), fmt.Sprint(m.Files)},
		{"the network", fmt.Sprint(old.Layers), fmt.Sprint(m.Layers)},
	} {
		if f.old != f.new && len(why) < 4 {
			why = append(why, fmt.Sprintf("%s: %.80s there, %.80s here", f.what, f.old, f.new))
		}
	}
	return inputf("experiments: %s belongs to another run and stays as it is; use another --out. %s", dir, strings.Join(why, "\n"))
}

// lineDiff lists the lines that only one of the two has, at most a dozen.
func lineDiff(a, b string) string {
	count := map[string]int{}
	for l := range strings.Lines(a) {
		count[l]++
	}
	for l := range strings.Lines(b) {
		count[l]--
	}
	var out []string
	pick := func(text, sign string, want int) {
		seen := map[string]bool{}
		for l := range strings.Lines(text) {
			if count[l]*want > 0 && !seen[l] {
				seen[l] = true
				out = append(out, "  "+sign+" "+strings.TrimSpace(l))
			}
		}
	}
	pick(a, "-", 1)
	pick(b, "+", -1)
	if len(out) == 0 {
		return "  the same lines in another order"
	}
	if len(out) > 12 {
		out = append(out[:12], fmt.Sprintf("  and %d more lines", len(out)-12))
	}
	return strings.Join(out, "\n")
}
