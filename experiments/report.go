package experiments

import (
	"fmt"
	"path/filepath"

	"assay/model"
	"assay/reports"
)

// Report rebuilds the report of a run directory from its store alone: neither
// data nor weights are needed. formats, figures and pictures replace the
// specification's choice where they are not empty. It returns the report's
// directory.
func Report(dir string, formats, figures []string, pictures ...reports.Picture) (string, error) {
	s := &Store{Dir: dir}
	man, err := s.Manifest()
	if err != nil {
		return "", &InputError{err}
	}
	p, training, err := s.plan(man)
	if err != nil {
		return "", err
	}
	if len(formats) > 0 {
		man.Formats = formats
	}
	if len(figures) > 0 {
		man.Figures = figures
	}
	if len(pictures) > 0 {
		man.Pictures = pictures
	}
	dir, _, err = s.report(p, man, training)
	return dir, err
}

// plan makes the plan of a stored run again, with the history of its training.
func (s *Store) plan(man *Manifest) (*Plan, *reports.Training, error) {
	spec, err := parse(filepath.Join(s.Dir, "manifest.json"), man.Spec, nil, true)
	if err != nil {
		return nil, nil, &InputError{err}
	}
	net, err := man.net()
	if err != nil {
		return nil, nil, &InputError{err}
	}
	hash := man.Model
	var training *reports.Training
	if hash == "" {
		h, err := s.trained(spec, man, net, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("%w; run the specification again", err)
		}
		if h == nil {
			return nil, nil, fmt.Errorf("experiments: %s: the network is not trained yet; run the specification again", s.Dir)
		}
		m, err := model.New(net, h.weights)
		if err != nil {
			return nil, nil, err
		}
		hash, training = m.Hash(), h.training
	}
	p, err := newPlan(spec, man, hash)
	return p, training, err
}

// reportOrSay writes the report, or says that a shard alone makes none.
func (s *Store) reportOrSay(p *Plan, o Options) error {
	if missing := s.missing(p); o.Shard.Part() && missing > 0 {
		o.Console.Log.Info("no report yet: other shards have cells to compute", "missing", missing)
		return nil
	}
	man, err := s.Manifest()
	if err != nil {
		return err
	}
	man.Formats, man.Figures, man.Pictures = p.spec.Report.Formats, p.spec.Report.Figures, p.spec.Report.Picture
	var training *reports.Training
	if man.Model == "" {
		h, err := s.trained(p.spec, man, p.net, func(err error) { o.Console.Log.Warn(err.Error()) })
		if err != nil {
			return err
		}
		if h != nil {
			training = h.training
		}
	}
	dir, doubtful, err := s.report(p, man, training)
	if err == nil {
		for _, w := range doubtful {
			o.Console.Log.Warn(w)
		}
		o.Console.Log.Info("report written", "dir", dir)
	}
	return err
}

// report writes the report and returns its directory and what it warns of.
func (s *Store) report(p *Plan, man *Manifest, training *reports.Training) (dir string, warned []string, err error) {
	r, err := s.collect(p, man, training)
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(s.Dir, "report")
	if err := reports.Write(dir, r); err != nil {
		return "", nil, noSpace(err)
	}
	return dir, r.Warnings, nil
}
