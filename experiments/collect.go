package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/model/rng"
	"assay/reports"
)

func (s *Store) missing(p *Plan) int {
	n := 0
	for _, t := range p.Tasks {
		for _, k := range p.keys(t) {
			if !exists(s.cell(k)) {
				n++
			}
		}
	}
	return n
}

// collect reads every cell of the plan into what a report is made of.
func (s *Store) collect(p *Plan, man *Manifest, training *reports.Training) (*reports.Run, error) {
	if n := s.missing(p); n > 0 {
		return nil, fmt.Errorf("experiments: %s: %d of %d cells are missing; run the specification again to compute them", s.Dir, n, p.Cells())
	}
	r := &reports.Run{
		Name: man.Name, Spec: man.Source, Canonical: man.Spec, Facts: facts(p, man), Classes: man.Classes,
		C: man.Shape.C, H: man.Shape.H, W: man.Shape.W, Training: training,
		Formats: man.Formats, Figures: man.Figures, Pictures: man.Pictures,
	}
	var objects []int // pixels of the object in each image; empty where no metric asks
	for b := range p.Blocks() {
		object, err := s.images(p, b, r)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object...)
	}
	var doubtful []string
	for a := range p.Attributions {
		x := p.Attributions[a]
		row := reports.Attribution{ID: x.ID, Method: x.Name, Params: params(x.Told), All: params(x.Live), Control: x.Control}
		if s := attr.MapShape(x.Method, p.net); s != p.net.Input {
			row.Shape = reports.Shape(s)
		}
		var drawn sampling
		for b := range p.Blocks() {
			maps, sampled, err := s.maps(p, a, b)
			if err != nil {
				return nil, err
			}
			row.Maps = append(row.Maps, maps...)
			from, _ := p.block(b)
			drawn.put(sampled, from, len(p.Images))
		}
		row.Steps, row.StdErr = drawn.steps, drawn.stderr
		row.Constant, row.Positive = ranksNothing(drawn.doubt), p.positive(x.Name, r.Classes)
		if !x.Control { // a constant is what it is meant to be
			doubtful = append(doubtful, doubts(x.ID, drawn.doubt)...)
		}
		r.Attributions = append(r.Attributions, row)
	}
	for m, x := range p.Metrics {
		series := x.Metric.Series(p.net)
		out := reports.Metric{ID: x.ID, Metric: x.Name, Family: metrics.Metrics[x.Name].Family, Params: params(x.Told), All: params(x.Options)}
		for _, v := range series {
			out.Series = append(out.Series, reports.Series{Name: v.Name, About: v.About, XName: v.XName, X: v.X, Ticks: v.Ticks, Better: v.Better})
		}
		r.Metrics = append(r.Metrics, out)
		for a := range p.Attributions {
			if !p.applies(a, m) {
				continue
			}
			score, err := s.score(p, a, m, out.Series)
			if err != nil {
				return nil, err
			}
			r.Scores = append(r.Scores, score)
		}
	}
	r.Warnings = slices.Concat(warnings(p, r), doubtful, unlocalised(p, r, objects), unlearned(r))
	return r, nil
}

// cellArrays reads a cell that has to be there.
func (s *Store) cellArrays(key string) (arrays, error) {
	b, err := s.read(key)
	if err != nil {
		return nil, fmt.Errorf("experiments: %w; run the specification again", err)
	}
	return readRecord(b)
}

// images adds the images of a block to the run, and returns how many pixels the
// object has in each if a metric of the plan asks.
func (s *Store) images(p *Plan, b int, r *reports.Run) (object []int, err error) {
	a, err := s.cellArrays(p.imagesKey(b))
	if err != nil {
		return nil, err
	}
	from, to := p.block(b)
	n, classes, size, shown := to-from, len(r.Classes), r.C*r.H*r.W, p.pictured(b)
	var ints [4][]int
	for k, name := range []string{"index", "label", "predicted", "target"} {
		if ints[k], err = array[int](a, name, n); err != nil {
			return nil, err
		}
	}
	logits, err := array[float32](a, "logits", n*classes)
	if err != nil {
		return nil, err
	}
	pixels, err := array[byte](a, "pixels", shown*size)
	if err != nil {
		return nil, err
	}
	if p.localises() {
		if object, err = array[int](a, "object", n); err != nil {
			return nil, err
		}
	}
	aim, err := p.spec.Target.Resolve(r.Classes)
	if err != nil {
		return nil, err
	}
	for i := range n {
		prob := softmax(logits[i*classes : (i+1)*classes])
		img := reports.Image{Index: ints[0][i], Label: ints[1][i], Predicted: ints[2][i], Target: ints[3][i], Probability: prob[ints[2][i]], LabelProb: prob[ints[1][i]]}
		if aim.Contrast() {
			img.Contrast, img.Minus = true, aim.At(img.Label, img.Predicted).Minus
		}
		if i < shown {
			img.Pixels = pixels[i*size : (i+1)*size]
		}
		r.Images = append(r.Images, img)
	}
	return object, nil
}

// softmax in float64 with the exponential that is the same on every CPU.
func softmax(logits []float32) []float64 {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	p := make([]float64, len(logits))
	sum := 0.0
	for i, v := range logits {
		p[i] = rng.Exp(float64(v) - float64(top))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func (s *Store) maps(p *Plan, a, b int) ([][]float32, sampling, error) {
	rec, err := s.cellArrays(p.mapsKey(a, b))
	if err != nil {
		return nil, sampling{}, err
	}
	from, to := p.block(b)
	shape := attr.MapShape(p.Attributions[a].Method, p.net)
	stored, err := array[int](rec, "shape", 3)
	if err != nil {
		return nil, sampling{}, err
	}
	if got := (model.Shape{C: stored[0], H: stored[1], W: stored[2]}); got != shape {
		return nil, sampling{}, fmt.Errorf("experiments: the stored maps of %s are %v, want %v", p.Attributions[a].ID, got, shape)
	}
	size, shown := shape.Size(), p.pictured(b)
	v, err := array[float32](rec, "maps", shown*size)
	if err != nil {
		return nil, sampling{}, err
	}
	out := make([][]float32, to-from)
	for i := range shown {
		out[i] = v[i*size : (i+1)*size]
	}
	sampled, err := readSampling(rec, to-from)
	return out, sampled, err
}

func (s *Store) score(p *Plan, a, m int, series []reports.Series) (reports.Score, error) {
	out := reports.Score{Attribution: a, Metric: m, Values: make([][][]float64, len(series))}
	width := 0
	for _, x := range series {
		width += max(1, len(x.X))
	}
	for b := range p.Blocks() {
		n := p.scored(m, b)
		if n == 0 {
			continue
		}
		rec, err := s.cellArrays(p.scoresKey(a, m, b))
		if err != nil {
			return out, err
		}
		v, err := array[float64](rec, "values", n*width)
		if err != nil {
			return out, err
		}
		from, _ := p.block(b)
		for i := range n {
			out.Images = append(out.Images, from+i)
			at := i * width
			for k, x := range series {
				l := max(1, len(x.X))
				out.Values[k] = append(out.Values[k], v[at:at+l])
				at += l
			}
		}
	}
	return out, nil
}

func params(os []Option) []reports.Param {
	var ps []reports.Param
	for _, o := range os {
		ps = append(ps, reports.Param(o))
	}
	return ps
}

// facts is the provenance of every number: hashes and seeds, nothing of the
// machine that computed them.
func facts(p *Plan, man *Manifest) []reports.Fact {
	spec := sha256.Sum256([]byte(man.Spec))
	fs := []reports.Fact{
		{Name: "assay", Value: man.Assay},
		{Name: "specification (SHA-256 of the canonical form)", Value: hex.EncodeToString(spec[:])},
		{Name: "seed", Value: strconv.FormatUint(p.spec.Seed, 10)},
		{Name: "data set", Value: fmt.Sprintf("%s, %s split, %d images", man.Dataset, man.Split, len(man.Images))},
		{Name: "data set (SHA-256 of the split)", Value: man.DataHash},
		{Name: "explained class", Value: string(p.spec.Target)},
		{Name: "network", Value: p.net.String()},
		{Name: "model (SHA-256 of network and weights)", Value: p.model},
	}
	add := func(name, value string) {
		if value != "" {
			fs = append(fs, reports.Fact{Name: name, Value: value})
		}
	}
	add("weights (SHA-256 of names, shapes and values)", man.Weights)
	add("weights' file (SHA-256)", man.FileSum)
	add("training split (SHA-256)", man.Train)
	add("test split (SHA-256)", man.Test)
	for _, f := range man.Files {
		add(f.Name+" (SHA-256)", f.Sum)
	}
	for _, c := range man.Changes {
		add("changed on the command line", c)
	}
	return fs
}
