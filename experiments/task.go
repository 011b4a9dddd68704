package experiments

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/train/dataset"
)

// worker computes tasks on one goroutine.
type worker struct {
	ctx   context.Context
	plan  *Plan
	data  *dataset.Dataset
	ref   Reference
	own   *model.Worker
	other []otherModel // randomised ones, the last used last
	exact []integrals  // the last used last
	seed  uint64

	have func(key string) bool                                             // cells that need not be computed
	put  func(key string, payload []byte, what string, took float64) error // takes a finished one
	tell func(work int)                                                    // as work gets done, in the unit of Task.work; may be nil

	told int // of the task under way
}

// did counts work of the task under way, never more than was planned.
func (w *worker) did(t Task, work int) {
	work = min(work, t.work()-w.told)
	w.told += work
	if w.tell != nil {
		w.tell(work)
	}
}

// block is the images of a block with what is known before any attribution.
type block struct {
	index     []int
	label     []int
	predicted []int
	logits    [][]float32
	x         [][]float32
	target    []model.Target
}

// do computes what is missing of a task.
func (w *worker) do(t Task) error {
	w.told = 0
	if err := w.compute(t); err != nil {
		return err
	}
	w.did(t, t.work())
	return nil
}

func (w *worker) compute(t Task) error {
	p := w.plan
	from, to := p.block(t.Block)
	var missing []int // attributions of which a cell is missing
	for _, a := range p.Groups[t.Group] {
		if !w.have(p.mapsKey(a, t.Block)) || slices.ContainsFunc(p.due(a, t.Block), func(m int) bool { return !w.have(p.scoresKey(a, m, t.Block)) }) {
			missing = append(missing, a)
		}
	}
	images := t.blockFirst && !w.have(p.imagesKey(t.Block))
	if len(missing) == 0 && !images {
		return nil
	}
	started := now()
	b, err := w.open(p.Images[from:to])
	if err != nil {
		return err
	}
	if images {
		if err := w.put(p.imagesKey(t.Block), w.imagesRecord(b, p.pictured(t.Block)), "images", since(started)); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	cases, err := w.attribute(t, b, missing)
	if err != nil {
		return err
	}
	for m := range p.Metrics {
		var due []int // positions in missing
		for k, a := range missing {
			if p.applies(a, m) && p.scored(m, t.Block) > 0 && !w.have(p.scoresKey(a, m, t.Block)) {
				due = append(due, k)
			}
		}
		if len(due) == 0 {
			continue
		}
		if err := w.score(t, m, missing, due, cases); err != nil {
			return err
		}
	}
	return nil
}

// due lists the metrics that are computed for the attribution on the block.
func (p *Plan) due(a, b int) []int {
	var ms []int
	for m := range p.Metrics {
		if p.applies(a, m) && p.scored(m, b) > 0 {
			ms = append(ms, m)
		}
	}
	return ms
}

// open normalises the images and classifies them.
func (w *worker) open(index []int) (*block, error) {
	b := &block{index: index}
	size := w.data.Shape.Size()
	for _, i := range index {
		x := make([]float32, size)
		w.data.Normalize(i, x)
		b.x = append(b.x, x)
		b.label = append(b.label, w.data.Labels[i])
	}
	err := w.own.Logits(w.ctx, len(index), func(i int, x []float32) { copy(x, b.x[i]) }, func(_ int, logits []float32) {
		b.logits = append(b.logits, slices.Clone(logits))
		b.predicted = append(b.predicted, argmax(logits))
	})
	if err != nil {
		return nil, err
	}
	aim, err := w.plan.spec.Target.Resolve(w.data.Classes)
	if err != nil {
		return nil, fmt.Errorf("experiments: %w", err)
	}
	for i := range index {
		b.target = append(b.target, aim.At(b.label[i], b.predicted[i]))
	}
	return b, nil
}

// argmax returns the first of the largest values.
func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

func (w *worker) imagesRecord(b *block, pictured int) []byte {
	var r record
	r.ints("index", b.index)
	r.ints("label", b.label)
	r.ints("predicted", b.predicted)
	target := make([]int, len(b.target))
	for i, t := range b.target {
		target[i] = t.Class
	}
	r.ints("target", target)
	r.float32s("logits", slices.Concat(b.logits...))
	var pixels []byte
	for _, i := range b.index[:pictured] {
		pixels = append(pixels, w.data.Image(i)...)
	}
	r.bytes("pixels", pixels)
	if w.plan.localises() {
		object := make([]int, len(b.index))
		for k, i := range b.index {
			for _, v := range w.data.Mask(i) {
				object[k] += int(v)
			}
		}
		r.ints("object", object)
	}
	return r.b
}

// attribute explains the block by the missing attributions and commits their
// cells. It returns the cases of each for the metrics.
func (w *worker) attribute(t Task, b *block, missing []int) ([][]metrics.Case, error) {
	p := w.plan
	started := now()
	ms := make([]attr.Method, len(missing))
	cases := make([][]metrics.Case, len(missing))
	sampled := make([]sampling, len(missing))
	for k, a := range missing {
		ms[k] = p.Attributions[a].Method
		cases[k] = make([]metrics.Case, len(b.index))
		for i := range cases[k] {
			cases[k][i] = metrics.Case{
				Index: b.index[i], X: b.x[i], Label: b.label[i], Predicted: b.predicted[i],
				Target: b.target[i], Logits: b.logits[i], Mask: w.data.Mask(b.index[i]),
			}
		}
	}
	in := make([]attr.Input, len(b.index))
	for i := range in {
		in[i] = attr.Input{Index: b.index[i], X: b.x[i], Target: b.target[i]}
	}
	var bad error
	err := attr.Run(w.env(w.own), ms, in, func(k, i int, a attr.Attribution) {
		if err := a.Finite(); err != nil && bad == nil {
			bad = fmt.Errorf("experiments: %s: image %d: %w", p.Attributions[missing[k]].ID, b.index[i], err)
		}
		c := &cases[k][i]
		c.Map, c.FX, c.FB, c.Summed, c.Reversed = slices.Clone(a.Map), a.FX, a.FB, a.Summed, a.Reversed
		c.Relevance = slices.Clone(a.Relevance)
		sampled[k].take(i, len(b.index), a)
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	w.did(t, len(b.index)*p.explainingWork(missing))
	took := since(started) / float64(len(missing))
	for k, a := range missing {
		key := p.mapsKey(a, t.Block)
		if w.have(key) {
			continue
		}
		var r record
		n := len(b.index)
		fx, fb, summed := make([]float64, n), make([]float64, n), make([]byte, n)
		var maps []float32
		for i, c := range cases[k] {
			fx[i], fb[i] = c.FX, math.NaN()
			if c.Summed {
				fb[i], summed[i] = c.FB, 1
			}
			if i < p.pictured(t.Block) {
				maps = append(maps, c.Map...)
			}
		}
		shape := attr.MapShape(ms[k], p.net)
		r.ints("shape", []int{shape.C, shape.H, shape.W})
		r.floats("fx", fx)
		r.floats("fb", fb)
		r.bytes("summed", summed)
		r.float32s("maps", maps)
		sampled[k].write(&r)
		if err := w.put(key, r.b, p.Attributions[a].ID, took); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

func (w *worker) env(m *model.Worker) *attr.Env {
	e := &attr.Env{Ctx: w.ctx, Worker: m, Seed: w.seed, Mean: w.data.Mean, Std: w.data.Std}
	w.ref.Fill(e)
	return e
}

// now and since measure what goes into events; nothing of it enters a result.
func now() time.Time { return time.Now() }

func since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }
