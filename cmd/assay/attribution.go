package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"assay/attr"
	"assay/experiments"
	"assay/model"
	"assay/train/dataset"
)

// attribution is the work of one call: inputs and what comes of them, in the
// order of the images asked for.
type attribution struct {
	method attr.Method
	model  *model.Model
	data   *dataset.Dataset
	ref    experiments.Reference
	seed   uint64
	images []int // of the split
	aim    experiments.Aim

	provenance []byte // JSON, see experiments.Explained

	in     []attr.Input
	logits []float32    // [N*classes]
	shape  model.Shape  // of a map
	maps   []float32    // [N*C*H*W]
	stderr []float32    // likewise, NaN for images without; nil if all are
	steps  []int64      // [N]
	bias   []float64    // [N], nil without
	delta  []float64    // [N]
	doubt  []attr.Doubt // [N]
	summed bool         // some delta is defined
	chosen bool         // the method chose some number of steps
}

// load normalises the images and runs the network on them.
func (a *attribution) load(ctx context.Context) error {
	n, size := len(a.images), a.data.Shape.Size()
	x := make([]float32, n*size)
	a.in = make([]attr.Input, n)
	for k, i := range a.images {
		a.in[k] = attr.Input{Index: i, X: x[k*size : (k+1)*size]}
		a.data.Normalize(i, a.in[k].X)
		for _, v := range a.in[k].X {
			if v-v != 0 {
				return usagef("image %d has the value %v, normalised by mean %v and std %v: want finite numbers, see --mean and --std", i, v, a.data.Mean, a.data.Std)
			}
		}
	}
	classes := a.model.Net().Classes()
	a.logits = make([]float32, n*classes)
	return a.model.Worker().Logits(ctx, n,
		func(k int, x []float32) { copy(x, a.in[k].X) },
		func(k int, logits []float32) { copy(a.logits[k*classes:], logits) })
}

// setTargets sets every image's target and returns for how many it is a class
// less itself.
func (a *attribution) setTargets() (void int) {
	classes := a.model.Net().Classes()
	for k := range a.in {
		predicted := 0
		l := a.logits[k*classes : (k+1)*classes]
		for j, v := range l { // the first of equals, as everywhere
			if v > l[predicted] {
				predicted = j
			}
		}
		t := a.aim.At(a.data.Labels[a.in[k].Index], predicted)
		if a.in[k].Target = t; t.Minus == t.Class {
			void++
		}
	}
	return void
}

// run explains the images on several goroutines and calls tick after each. A
// map does not depend on which images it is made with.
func (a *attribution) run(ctx context.Context, workers int, tick func()) error {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	a.shape = attr.MapShape(a.method, a.model.Net())
	n, size := len(a.in), a.shape.Size()
	a.maps = make([]float32, n*size)
	a.steps = make([]int64, n)
	a.delta = make([]float64, n)
	a.doubt = make([]attr.Doubt, n)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	block := max(1, min(model.Lanes, (n+workers-1)/workers)) // small enough for all to have work
	var mu sync.Mutex                                        // guards next, errs, what is made or set for all images, and tick
	next := 0
	var errs []error
	take := func() (lo, hi int) {
		mu.Lock()
		defer mu.Unlock()
		lo, next = next, min(next+block, n)
		return lo, next
	}
	explain := func(e *attr.Env, lo, hi int) error {
		var unsound error
		err := a.method.Attribute(e, a.in[lo:hi], func(i int, r attr.Attribution) {
			if err := r.Finite(); err != nil && unsound == nil {
				unsound = fmt.Errorf("%s: image %d: %w; nothing was written", attr.Name(a.method), a.in[lo+i].Index, err)
			}
			copy(a.maps[(lo+i)*size:(lo+i+1)*size], r.Map)
			a.delta[lo+i] = deltaOf(r)
			mu.Lock()
			defer mu.Unlock()
			a.summed = a.summed || r.Summed
			if r.StdErr != nil {
				if a.stderr == nil {
					a.stderr = make([]float32, n*size)
					for j := range a.stderr {
						a.stderr[j] = float32(math.NaN())
					}
				}
				copy(a.stderr[(lo+i)*size:(lo+i+1)*size], r.StdErr)
			}
			if r.Relevance != nil {
				if a.bias == nil {
					a.bias = make([]float64, n)
				}
				a.bias[lo+i] = r.Bias
			}
			a.steps[lo+i] = int64(r.Steps)
			a.chosen = a.chosen || r.Steps > 0
			a.doubt[lo+i] = r.Doubts()
			tick()
		})
		return cmp.Or(err, unsound)
	}
	var wg sync.WaitGroup
	for range min(workers, (n+block-1)/block) {
		wg.Go(func() {
			e := &attr.Env{Ctx: ctx, Worker: a.model.Worker(), Seed: a.seed, Mean: a.data.Mean, Std: a.data.Std}
			a.ref.Fill(e)
			for lo, hi := take(); lo < hi && ctx.Err() == nil; lo, hi = take() {
				if err := explain(e, lo, hi); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					cancel()
					return
				}
			}
		})
	}
	wg.Wait()
	if len(errs) == 0 {
		return ctx.Err()
	}
	// The first real fault stops the other workers, which then report that.
	for _, err := range errs {
		if !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errs[0]
}
