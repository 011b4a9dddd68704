package experiments

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
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

// maxOther bounds the workers of other models that are kept: each holds the
// memory of a pass.
const maxOther = 32

// otherModel is a worker for a model that is not the run's, by Model.Hash.
type otherModel struct {
	hash string
	*model.Worker
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
		if j := slices.IndexFunc(a.Map, func(v float32) bool { return v != v || math.IsInf(float64(v), 0) }); j >= 0 && bad == nil {
			bad = fmt.Errorf("experiments: %s gives %v at value %d of image %d", p.Attributions[missing[k]].ID, a.Map[j], j, b.index[i])
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

// maxShared bounds the bytes of maps kept while configurations that share work
// are explained anew together.
const maxShared = 64 << 20

// score computes one metric for the attributions missing[due...] and commits
// the cells. A metric that explains anew (with randomised models, say) does so
// for all of them together, since they share most of the work; what it asks
// for on behalf of one is remembered for the others.
func (w *worker) score(t Task, m int, missing, due []int, cases [][]metrics.Case) error {
	p := w.plan
	metric := p.Metrics[m].Metric
	n := p.scored(m, t.Block)
	forward, explain := metrics.Cost(metric, p.net)
	chunk := n
	if explain > 0 && len(due) > 1 {
		perImage := len(due) * explain * w.data.Shape.Size() * 4
		chunk = min(n, max(1, maxShared/perImage))
	}
	values := make([][][]float64, len(due)) // [attribution][image][series values]
	took := make([]float64, len(due))
	for from := 0; from < n; from += chunk {
		to := min(n, from+chunk)
		ms := make([]attr.Method, len(due))
		for d, k := range due {
			ms[d] = p.Attributions[missing[k]].Method
		}
		rows := make([]int, len(due))
		for d, k := range due {
			rows[d] = missing[k]
		}
		again := &again{w: w, task: t, rows: rows, methods: ms, kept: map[[sha256.Size]byte][][][]float32{}}
		for d, k := range due {
			started := now()
			again.d = d
			env := &metrics.Env{Ctx: w.ctx, Worker: w.own, Seed: w.seed, Mean: p.man.Mean, Explain: again.explain, Exact: w.integral(ms[d])}
			v, err := metric.Score(env, cases[k][from:to:to])
			if err != nil {
				return err
			}
			if len(v) != to-from {
				panic(fmt.Sprintf("experiments: %s scored %d of %d images", p.Metrics[m].Name, len(v), to-from))
			}
			values[d] = append(values[d], v...)
			took[d] += since(started)
			w.did(t, forward*(to-from))
		}
	}
	width := 0
	for _, s := range metric.Series(p.net) {
		width += s.Len()
	}
	for d, k := range due {
		var flat []float64
		for _, v := range values[d] {
			if len(v) != width {
				panic(fmt.Sprintf("experiments: %s gave %d values, its series have %d", p.Metrics[m].Name, len(v), width))
			}
			flat = append(flat, v...)
		}
		var r record
		r.floats("values", flat)
		a := missing[k]
		if err := w.put(p.scoresKey(a, m, t.Block), r.b, p.Attributions[a].ID+" "+p.Metrics[m].ID, took[d]); err != nil {
			return err
		}
	}
	return nil
}

// again explains cases anew for a metric.
type again struct {
	w       *worker
	task    Task
	rows    []int         // indices into Plan.Attributions
	methods []attr.Method // of all configurations that are scored together
	d       int           // the one that asks
	// kept holds the maps of the configurations after the one that asked
	// first, by model and cases: [configuration][case][C*H*W].
	kept map[[sha256.Size]byte][][][]float32
}

// explain is metrics.Env.Explain for configuration d. Every map has the bits
// that explaining alone would give (attr.Run promises that).
func (g *again) explain(m *model.Model, cases []metrics.Case, emit func(i int, m []float32)) error {
	in := make([]attr.Input, len(cases))
	for i, c := range cases {
		in[i] = attr.Input{Index: c.Index, X: c.X, Target: c.Target}
	}
	hash := m.Hash()
	mw := g.w.worker(m, hash)
	if len(g.methods) == 1 {
		defer g.w.did(g.task, len(in)*g.w.plan.explainingWork(g.rows))
		return attr.Run(g.w.env(mw), g.methods, in, func(_, i int, a attr.Attribution) { emit(i, a.Map) })
	}
	key := asked(hash, in)
	maps, ok := g.kept[key]
	if !ok {
		rest := g.methods[g.d:]
		maps = make([][][]float32, len(g.methods))
		for k := range rest {
			maps[g.d+k] = make([][]float32, len(in))
		}
		err := attr.Run(g.w.env(mw), rest, in, func(k, i int, a attr.Attribution) { maps[g.d+k][i] = slices.Clone(a.Map) })
		if err != nil {
			return err
		}
		g.w.did(g.task, len(in)*g.w.plan.explainingWork(g.rows[g.d:]))
		g.kept[key] = maps
	}
	for i, x := range maps[g.d] {
		emit(i, x)
	}
	maps[g.d] = nil
	if g.d == len(g.methods)-1 {
		delete(g.kept, key)
	}
	return nil
}

// asked names what a metric asks to explain: the model and every input.
func asked(model string, in []attr.Input) (key [sha256.Size]byte) {
	h := sha256.New()
	h.Write([]byte(model))
	var b []byte
	for _, x := range in {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(x.Index))
		b = binary.LittleEndian.AppendUint64(b, uint64(x.Target.Class))
		b = binary.LittleEndian.AppendUint64(b, uint64(int64(x.Target.Minus)))
		for _, v := range x.X {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// worker returns this goroutine's worker for another model.
func (w *worker) worker(m *model.Model, hash string) *model.Worker {
	if m == w.own.Model() {
		return w.own
	}
	for i, o := range w.other {
		if o.hash == hash {
			w.other = append(slices.Delete(w.other, i, i+1), o)
			return o.Worker
		}
	}
	if len(w.other) == maxOther {
		w.other = slices.Delete(w.other, 0, 1)
	}
	o := otherModel{hash, m.Worker()}
	w.other = append(w.other, o)
	return o.Worker
}

// now and since measure what goes into events; nothing of it enters a result.
func now() time.Time { return time.Now() }

func since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }
