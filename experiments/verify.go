package experiments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"assay/model"
)

// Verified is what Verify found.
type Verified struct {
	Cells      int      // whole ones
	Missing    int      // of the plan
	Foreign    int      // that the plan does not know
	Corrupt    []string // keys whose checksum is wrong
	Recomputed int      // cells computed again
	Differs    []string // and found different
	Journals   int      // lines of journals that are not whole
}

// Err says what is wrong, nil if nothing is.
func (v Verified) Err() error {
	switch {
	case len(v.Corrupt) > 0:
		return fmt.Errorf("experiments: %s corrupt; the next run moves what is corrupt to quarantine and computes it again", count(len(v.Corrupt), "cell is", "cells are"))
	case len(v.Differs) > 0:
		return fmt.Errorf("experiments: %s: %w", count(len(v.Differs), "recomputed cell", "recomputed cells"), ErrDiffers)
	case v.Missing > 0:
		return fmt.Errorf("experiments: %s missing; run the specification again", count(v.Missing, "cell is", "cells are"))
	}
	return nil
}

// Verify checks the sum of every cell of a run directory and computes the cells
// of sample tasks again, to compare them bit by bit. Data and weights are
// looked for where the last run found them; set (data.dir=..., model.weights=...)
// says where else they are. It changes nothing in the directory.
func Verify(ctx context.Context, dir string, sample int, set []string, o Options) (Verified, error) {
	var v Verified
	s := &Store{Dir: dir}
	man, err := s.Manifest()
	if err != nil {
		return v, &InputError{err}
	}
	keys, err := s.Keys()
	if err != nil {
		return v, err
	}
	for _, k := range keys {
		if err := ctx.Err(); err != nil {
			return v, err
		}
		_, err := s.read(k)
		var bad *corruptError
		switch {
		case errors.As(err, &bad):
			v.Corrupt = append(v.Corrupt, k)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return v, fmt.Errorf("experiments: %w", err)
		case err == nil:
			v.Cells++
		}
	}
	at, broken, err := s.places()
	if err != nil {
		return v, err
	}
	v.Journals = broken
	p, _, err := s.plan(man)
	if err != nil && len(v.Corrupt) > 0 { // the training among them
		return v, v.Err()
	}
	if err != nil {
		return v, err
	}
	known := map[string]bool{}
	if man.Train != "" {
		known[trainingKey(p.spec, man, p.net)] = true
	}
	for _, t := range p.Tasks {
		for _, k := range p.keys(t) {
			known[k] = true
			if !exists(s.cell(k)) {
				v.Missing++
			}
		}
	}
	for _, k := range keys {
		if !known[k] {
			v.Foreign++
		}
	}
	if sample <= 0 {
		return v, v.Err()
	}
	b, m, err := s.reopen(man, p, at, set)
	if err != nil {
		return v, err
	}
	tasks := p.Tasks
	bar := o.Console.bar("recomputing", min(sample, len(tasks)))
	defer bar.stop()
	w := &worker{
		ctx: ctx, plan: p, data: b.Data, ref: b.ref, own: m.Worker(), seed: p.spec.Seed,
		have: func(key string) bool { return !exists(s.cell(key)) }, // what was never stored cannot be compared
		put: func(key string, payload []byte, what string, _ float64) error {
			old, err := s.read(key)
			if err != nil {
				return nil // counted above
			}
			v.Recomputed++
			if !bytes.Equal(old, payload) {
				v.Differs = append(v.Differs, key)
				o.Console.Log.Error("recomputed with another result", "cell", what, "key", key)
			}
			return nil
		},
	}
	// Evenly spread over the plan, the same ones every time.
	n := min(sample, len(tasks))
	for i := range n {
		if err := w.do(tasks[i*len(tasks)/n]); err != nil {
			return v, err
		}
		bar.set(i+1, "")
	}
	return v, v.Err()
}

// places reads from the journals where data and weights lay when the directory
// was last run, and counts lines that are not whole.
func (s *Store) places() (last event, broken int, err error) {
	files, err := filepath.Glob(filepath.Join(s.Dir, "events", "*.jsonl"))
	if err != nil {
		return last, 0, fmt.Errorf("experiments: %w", err)
	}
	for _, f := range files {
		es, n, err := readJournal(f)
		if err != nil {
			return last, 0, err
		}
		broken += n
		for _, e := range es {
			if e.Event == "started" && e.Time >= last.Time {
				last = e
			}
		}
	}
	return last, broken, nil
}

// reopen opens data and weights of a stored run and makes sure that they are
// those of the manifest.
func (s *Store) reopen(man *Manifest, p *Plan, at event, set []string) (*Bench, *model.Model, error) {
	var places []string
	quoted := func(path string) string {
		b, err := yaml.Dump(path)
		if err != nil {
			return path
		}
		return string(bytes.TrimSpace(b))
	}
	if at.Dir != "" {
		places = append(places, "data.dir="+quoted(at.Dir))
	}
	if at.Masks != "" {
		places = append(places, "data.masks="+quoted(at.Masks))
	}
	if man.Train == "" && at.File != "" {
		places = append(places, "model.weights="+quoted(at.File))
	}
	spec, err := parse(filepath.Join(s.Dir, "manifest.json"), man.Spec, slices.Concat(places, set), true)
	if err != nil {
		return nil, nil, &InputError{err}
	}
	b, err := spec.Prepare()
	if err != nil {
		return nil, nil, fmt.Errorf("experiments: cannot recompute: data or weights are not where they were; say where with --set data.dir=DIR or --set model.weights=FILE: %w", err)
	}
	b.man = man
	if h := b.Data.Hash(); h != man.DataHash {
		return nil, nil, inputf("experiments: the images in %s are not those of the run: SHA-256 %s, want %s", spec.Data.Dir, h, man.DataHash)
	}
	if b.refSum != man.Reference {
		return nil, nil, inputf("experiments: the training images in %s are not those that the run's baselines are made of: SHA-256 %s, want %s", spec.Data.Dir, b.refSum, man.Reference)
	}
	w := b.weights
	if man.Train != "" {
		h, err := s.trained(spec, man, b.Net, nil)
		if err != nil {
			return nil, nil, err
		}
		if h == nil {
			return nil, nil, fmt.Errorf("experiments: %s: the trained weights are gone; run the specification again", s.Dir)
		}
		w = h.weights
	}
	if w == nil {
		return nil, nil, inputf("experiments: the run's journals do not say where its weights are; say it with --set model.weights=FILE")
	}
	m, err := model.New(b.Net, w)
	if err != nil {
		return nil, nil, err
	}
	if m.Hash() != p.model {
		return nil, nil, inputf("experiments: the weights are not those of the run: model %s, want %s", m.Hash(), p.model)
	}
	return b, m, nil
}
