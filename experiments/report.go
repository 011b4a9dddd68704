package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/model/rng"
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
	return s.report(p, man, training)
}

// DecodePictures reads how maps are drawn from a flag's value in YAML: a mapping
// as in the section report, or a list of them. The error says what cannot be by
// the name of the flag.
func DecodePictures(value, flag string) ([]reports.Picture, error) {
	t := newText(flag, value)
	d := newDecoder(t)
	var p pictures
	if n := d.parse(t); n != nil {
		p.decodeNode(d, n)
	}
	return p, d.err()
}

// CheckFormats reports formats and figures that no report can be written in.
func CheckFormats(f, fig []string) error {
	for _, x := range f {
		if !slices.Contains(formats, x) {
			return fmt.Errorf("formats has %q%s", x, suggest(x, formats))
		}
	}
	for _, x := range fig {
		if !slices.Contains(figures, x) {
			return fmt.Errorf("figures has %q%s", x, suggest(x, figures))
		}
	}
	return nil
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
		var why error
		h, err := s.trained(spec, man, net, func(err error) { why = err })
		if err != nil {
			return nil, nil, err
		}
		if h == nil {
			if why != nil {
				return nil, nil, fmt.Errorf("%w; run the specification again", why)
			}
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
	dir, err := s.report(p, man, training)
	if err == nil {
		o.Console.Log.Info("report written", "dir", dir)
	}
	return err
}

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

func (s *Store) report(p *Plan, man *Manifest, training *reports.Training) (string, error) {
	r, err := s.collect(p, man, training)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.Dir, "report")
	if err := reports.Write(dir, r); err != nil {
		return "", noSpace(err)
	}
	return dir, nil
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
	for a := range p.Attributions {
		x := p.Attributions[a]
		row := reports.Attribution{ID: x.ID, Method: x.Name, Params: params(x.Told), All: params(x.Options), Control: x.Control}
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
	r.Warnings = slices.Concat(warnings(p, r), unlocalised(p, r, objects), unlearned(r))
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

// warnings tells what a reader of the tables should know.
func warnings(p *Plan, r *reports.Run) []string {
	var out []string
	wrong := 0
	for _, i := range r.Images {
		if i.Predicted != i.Label {
			wrong++
		}
	}
	if aim, err := p.spec.Target.Resolve(r.Classes); err == nil && aim.Contrast() {
		same := 0
		for _, i := range r.Images {
			if t := aim.At(i.Label, i.Predicted); t.Class == t.Minus {
				same++
			}
		}
		if same > 0 {
			out = append(out, fmt.Sprintf("for %d of %d images the two classes of the target %s are one: what is explained is 0 there, and so are the maps", same, len(r.Images), p.spec.Target))
		}
	}
	if wrong > 0 && p.spec.Target == "label" {
		out = append(out, fmt.Sprintf("%d of %d images are classified as something else than their label; what is explained is the label", wrong, len(r.Images)))
	}
	for m, x := range p.Metrics {
		n := 0
		for b := range p.Blocks() {
			n += p.scored(m, b)
		}
		if n < len(r.Images) {
			out = append(out, fmt.Sprintf("%s is computed for the first %d of %d images", x.ID, n, len(r.Images)))
		}
	}
	for _, a := range p.Attributions {
		if t, ok := a.Method.(*attr.NoiseTunnel); ok && t.NTSamples == 1 {
			out = append(out, a.ID+" averages over a single sample")
		}
	}
	return out
}

// unlocalised warns of images in which there is nothing to find for metrics that
// hold maps against masks; objects are their pixels of the object.
func unlocalised(p *Plan, r *reports.Run, objects []int) []string {
	var names []string
	for _, m := range p.Metrics {
		if metrics.NeedsMask(m.Metric) && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	var out []string
	for _, kind := range []struct {
		mask string
		size int
	}{{"an empty object mask", 0}, {"an object mask that covers everything", r.H * r.W}} {
		var which []string
		for i, n := range objects {
			if n == kind.size {
				which = append(which, strconv.Itoa(r.Images[i].Index))
			}
		}
		if n := len(which); n > 0 {
			if n > 10 {
				which = append(which[:10], "...")
			}
			have, image := "have", "images"
			if n == 1 {
				have, image = "has", "image"
			}
			out = append(out, fmt.Sprintf("%d of %d images %s %s: there is nothing to find, %s is undefined and the means leave it out (%s %s)",
				n, len(r.Images), have, kind.mask, strings.Join(names, ", "), image, strings.Join(which, ", ")))
		}
	}
	return out
}

// unlearned warns of a network that was trained for the run and gives every
// image the same class. It is read off the confusion matrix rather than kept
// from the training, so that a run that found its network trained says it too.
func unlearned(r *reports.Run) []string {
	if r.Training == nil {
		return nil
	}
	given := -1
	for _, row := range r.Training.Confusion {
		for c, n := range row {
			if n > 0 && given >= 0 && c != given {
				return nil
			}
			if n > 0 {
				given = c
			}
		}
	}
	if given < 0 {
		return nil
	}
	return []string{"every image of the test split is classified as " + r.Classes[given] + ": the network has not learned, or its units died; attributions of it mean nothing; try a lower lr, or more epochs"}
}
