package experiments

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"assay/attr"
	"assay/metrics"
	"assay/model"
)

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

// maxOther bounds the workers of other models that are kept: each holds the
// memory of a pass.
const maxOther = 32

// otherModel is a worker for a model that is not the run's, by Model.Hash.
type otherModel struct {
	hash string
	*model.Worker
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
