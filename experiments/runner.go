package experiments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"assay/model"
)

// Options are what a user says about how a run is done. None of them changes a
// result.
type Options struct {
	Workers  int   // goroutines that compute; 0 means one per core
	Shard    Shard // the part of the tasks to do
	NoReport bool
	Console  *Console
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Outcome is what a run did.
type Outcome struct {
	Cells    int // of this command's part of the plan
	Found    int // that were in the store
	Computed int
	Corrupt  int // cells and journals that failed their checksum
	Differs  int // cells that came out different from what was in the store
}

// runner computes the tasks of a plan.
type runner struct {
	plan    *Plan
	store   *Store
	bench   *Bench
	model   *model.Model
	journal *journal
	o       Options

	mu   sync.Mutex
	have map[string]bool
	out  Outcome
	done int // passes
	bar  *bar
}

// run computes the cells of the plan that are not in the store, on all workers.
// The bytes of a cell depend neither on their number nor on their order.
func (p *Plan) run(ctx context.Context, s *Store, b *Bench, m *model.Model, o Options, j *journal) (Outcome, error) {
	r := &runner{plan: p, store: s, bench: b, model: m, journal: j, o: o, have: map[string]bool{}}
	s.sweep(func(i fs.FileInfo) bool { return time.Since(i.ModTime()) > time.Hour })
	var tasks []Task
	for _, t := range p.Tasks {
		if o.Shard.has(t.Number) {
			tasks = append(tasks, t)
		}
	}
	pending, err := r.look(ctx, tasks)
	if ctx.Err() != nil {
		return r.out, r.interrupted(ctx)
	}
	if err != nil {
		return r.out, err
	}
	if len(pending) == 0 {
		o.Console.Log.Info("nothing to compute", "cells", r.out.Cells, "stored", r.out.Found)
		return r.out, nil
	}
	err = r.compute(ctx, pending)
	switch {
	case ctx.Err() != nil:
		return r.out, r.interrupted(ctx)
	case err != nil:
		j.write(event{Event: "failed", What: err.Error()})
		return r.out, err
	case r.out.Differs > 0:
		return r.out, fmt.Errorf("experiments: %s different from what is stored; both are kept, see %s: %w", count(r.out.Differs, "cell came out", "cells came out"), filepath.Join(s.Dir, "quarantine"), ErrDiffers)
	}
	j.write(event{Event: "done"})
	return r.out, nil
}

func (r *runner) interrupted(ctx context.Context) error {
	r.journal.write(event{Event: "interrupted"})
	return fmt.Errorf("interrupted with %d cells stored; run the same command again to go on: %w", r.out.Found+r.out.Computed, context.Cause(ctx))
}

// look finds what is stored already, every checksum verified, and returns the
// tasks that something is missing of.
func (r *runner) look(ctx context.Context, tasks []Task) ([]Task, error) {
	var pending []Task
	for _, t := range tasks {
		missing := false
		for _, k := range r.plan.keys(t) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			r.out.Cells++
			b, err := r.store.Get(k, func(err error) {
				r.out.Corrupt++
				r.o.Console.Log.Warn(err.Error())
				r.journal.write(event{Event: "corrupt", Key: k, What: err.Error()})
			})
			if err != nil {
				return nil, err
			}
			if b == nil {
				missing = true
				continue
			}
			r.have[k] = true
			r.out.Found++
		}
		if missing {
			pending = append(pending, t)
		}
	}
	return pending, nil
}

func (r *runner) compute(ctx context.Context, tasks []Task) error {
	gradients, forwards, work, bounded := 0, 0, 0, false
	for _, t := range tasks {
		work += t.work()
		gradients += t.Gradients
		forwards += t.Forwards
		bounded = bounded || r.plan.bounded(t)
	}
	workers := min(r.o.workers(), len(tasks))
	estimate, err := r.calibrate(ctx, gradients, forwards, workers)
	if err != nil {
		return err
	}
	cost := func(x any) string {
		if bounded { // by a method that stops once it is accurate enough
			return fmt.Sprint("at most ", x)
		}
		return fmt.Sprint(x)
	}
	r.o.Console.Log.Info("computing", "cells", r.out.Cells-r.out.Found, "stored", r.out.Found, "gradients", cost(gradients), "forwards", cost(forwards), "workers", workers, "about", cost(estimate))
	r.bar = r.o.Console.bar("attributing", work)
	defer r.bar.stop()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan Task)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			w := &worker{ctx: ctx, plan: r.plan, data: r.bench.Data, ref: r.bench.ref, own: r.model.Worker(), seed: r.bench.Spec.Seed, have: r.has, put: r.put, tell: r.tell}
			for t := range queue {
				if ctx.Err() != nil {
					continue // empty the queue
				}
				if err := w.do(t); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, t := range tasks {
		queue <- t
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

func (r *runner) tell(work int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += work
	r.bar.set(r.done, fmt.Sprintf("%d of %d cells", r.out.Found+r.out.Computed, r.out.Cells))
}

func (r *runner) has(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.have[key]
}

func (r *runner) put(key string, payload []byte, what string, took float64) error {
	_, err := r.store.Put(key, payload)
	if errors.Is(err, ErrDiffers) {
		// Both are kept, and the run goes on: one violation is rarely alone, and
		// the list of them says more than the first.
		r.o.Console.Log.Error(err.Error(), "cell", what)
		r.journal.write(event{Event: "differs", Key: key, What: what})
		r.mu.Lock()
		r.out.Differs++
		r.mu.Unlock()
		err = nil
	}
	if err != nil {
		return err
	}
	r.journal.write(event{Event: "cell", Key: key, What: what, Millis: took})
	r.mu.Lock()
	r.have[key] = true
	r.out.Computed++
	r.mu.Unlock()
	return nil
}

// calibrate times a few passes to say how long the work will take.
func (r *runner) calibrate(ctx context.Context, gradients, forwards, workers int) (time.Duration, error) {
	w := r.model.Worker()
	x := make([]float32, r.bench.Data.Shape.Size())
	r.bench.Data.Normalize(r.bench.Images[0], x)
	const n = 4 * model.Lanes
	pass := func(gradient bool) (time.Duration, error) {
		started := time.Now()
		var err error
		if gradient {
			err = w.Gradients(ctx, model.Gradient, n, func(_ int, p *model.Point) {
				copy(p.X, x)
				p.Target = model.Target{Minus: -1}
			}, func(int, model.Result) {})
		} else {
			err = w.Logits(ctx, n, func(_ int, p []float32) { copy(p, x) }, func(int, []float32) {})
		}
		return time.Since(started) / n, err
	}
	var cost [2]time.Duration
	for i := range cost {
		// The first pass compiles; the quicker of two others is nearer the truth.
		var ts []time.Duration
		for range 3 {
			t, err := pass(i == 0)
			if err != nil {
				return 0, err
			}
			ts = append(ts, t)
		}
		cost[i] = slices.Min(ts)
	}
	total := time.Duration(gradients)*cost[0] + time.Duration(forwards)*cost[1]
	return max(time.Second, (total / time.Duration(workers)).Round(time.Second)), nil
}
