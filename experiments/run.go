package experiments

import (
	"context"
	"os"
	"path/filepath"
)

// Run makes a report from a specification: it reads the specification, opens
// data and weights and checks every configuration on them, claims a directory,
// trains the network or takes it as it is, plans the grid, computes the cells
// that are not stored yet, and writes the report from what is.
//
// out is the run's directory, runs/NAME by default; set are key=value changes
// to the specification. A run that was interrupted goes on when it is called
// again; one that is complete computes nothing.
func Run(ctx context.Context, path, out string, set []string, o Options) (Outcome, error) {
	spec, err := Load(path, set)
	if spec == nil {
		return Outcome{}, err
	}
	bench, err := spec.Prepare() // with all that Load found wrong
	if err != nil {
		return Outcome{}, err
	}
	store, journal, err := bench.claim(out)
	if err != nil {
		return Outcome{}, err
	}
	defer journal.close()
	if err := bench.announce(o); err != nil {
		return Outcome{}, err
	}
	model, err := bench.model(ctx, store, o, journal)
	if err != nil {
		return Outcome{}, err
	}
	plan, err := newPlan(spec, bench.man, model.Hash())
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := plan.run(ctx, store, bench, model, o, journal)
	if err != nil || o.NoReport {
		return outcome, err
	}
	return outcome, store.reportOrSay(plan, o)
}

// claim takes the run's directory and opens this process's journal in it.
func (b *Bench) claim(out string) (*Store, *journal, error) {
	if out == "" {
		out = filepath.Join("runs", b.Spec.Name)
	}
	man, err := b.manifest()
	if err != nil {
		return nil, nil, err
	}
	store, err := Claim(out, man)
	if err != nil {
		return nil, nil, err
	}
	b.man = &man
	j, err := store.journal()
	if err != nil {
		return nil, nil, err
	}
	host, _ := os.Hostname()
	j.write(event{Event: "started", Host: host, Dir: absolute(b.Spec.Data.Dir), Masks: absolute(b.Spec.Data.Masks), File: absolute(b.weightsFile)})
	return store, j, nil
}

// announce says how large the run is before anything is computed.
func (b *Bench) announce(o Options) error {
	// Keys need the model's hash, the size of the plan does not.
	p, err := newPlan(b.Spec, b.man, "")
	if err != nil {
		return err
	}
	o.Console.Log.Info("plan", "attributions", len(p.Attributions), "metrics", len(p.Metrics), "images", len(p.Images), "cells", p.Cells(), "tasks", len(p.Tasks))
	return nil
}

// absolute completes a path that is given; where that fails, as written is
// better than nothing. The weights that come with assay have no path.
func absolute(path string) string {
	if path == "" || path == embedded {
		return path
	}
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}
