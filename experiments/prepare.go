package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"go.yaml.in/yaml/v4"

	"assay/attr"
	"assay/metrics"
	"assay/model"
	"assay/train"
	"assay/train/dataset"
)

// Bench is everything a run works on, opened and checked: nothing of it is
// known to be wrong.
type Bench struct {
	Spec   *Spec
	Data   *dataset.Dataset // the split that is explained
	Net    *model.Net
	Images []int // indices into the split

	man         *Manifest        // once the directory is claimed
	weights     *model.Weights   // nil where the run trains
	weightsFile string           // as the user named it, or default
	weightsSum  string           // SHA-256 of the file
	train, test *dataset.Dataset // what it trains on
	mean        []float32        // per channel, of the normalised training images; nil where no metric asks
	files       map[string]string
	ref         Reference // what baselines take from the training images
	refSum      string    // their hash; empty where none is used
}

// Prepare opens data and weights and checks every configuration on the network.
// Its error is a Faults with all that is wrong, with what Load found; each at
// the line and column that asked for it.
func (s *Spec) Prepare() (*Bench, error) {
	d, at := s.dec, positions(s.at)
	b := &Bench{Spec: s, files: map[string]string{}}
	if s.Data.Dataset != "" && s.Data.Check() == nil {
		var err error
		if b.Data, err = dataset.Open(s.Data.Options); err != nil {
			d.fault(at.of("data.dir"), "%v", err)
		}
	}
	if b.Data == nil {
		if d.err() == nil {
			return nil, inputf("experiments: the specification names no data set")
		}
		return nil, d.err()
	}
	var err error
	if b.Images, err = dataset.Indices(string(s.Data.Images), b.Data.Len()); err != nil {
		d.fault(at.of("data.images"), "%v", err)
	} else if len(b.Images) == 0 {
		d.fault(at.of("data.images"), "images %q chooses none", string(s.Data.Images))
	}
	if _, err := s.Target.Resolve(b.Data.Classes); err != nil {
		d.fault(at.of("target"), "%v", err)
	}
	net := network{s.Model.Net, s.Model.Layers}
	if b.Net = net.build(d, at, "model.", b.Data.Shape, len(b.Data.Classes), b.Data.Name); b.Net != nil {
		b.configurations(d)
		if s.Model.Weights != "" {
			b.weightsFile = s.Model.Weights
			if b.weights, err = readWeights(s.Model.Weights, b.Net); err == nil && s.Model.Weights != embedded {
				b.weightsSum, err = fileSum(s.Model.Weights)
			}
			if err != nil {
				d.fault(at.of("model.weights"), "%v", err)
			}
		}
	}
	if s.Model.Train != nil {
		b.train = b.split("train", d, at.of("model.train"))
		b.test = b.split("test", d, at.of("model.train"))
	}
	if b.asksMean() {
		if b.train == nil {
			b.train = b.split("train", d, at.of("data"))
		}
		if b.train != nil {
			for _, m := range b.train.ChannelMean() {
				b.mean = append(b.mean, float32(m))
			}
		}
	}
	b.references(d, at)
	if err := d.err(); err != nil {
		return nil, err
	}
	if s.Model.Train == nil {
		b.train = nil // only its mean was wanted
	}
	return b, nil
}

func readWeights(path string, n *model.Net) (*model.Weights, error) {
	read := func() (*model.Weights, error) { return model.ReadWeights(path) }
	if path == embedded {
		read = train.DefaultWeights
	}
	w, err := read()
	if err != nil {
		return nil, err
	}
	return w.Fit(n)
}

// split opens another split of the same data.
func (b *Bench) split(name string, d *decoder, at *yaml.Node) *dataset.Dataset {
	if b.Data.Split == name {
		return b.Data
	}
	o := b.Spec.Data.Options
	o.Split, o.Masks = name, "" // maps are held against masks of the split that is explained alone
	x, err := dataset.Open(o)
	if err != nil {
		d.fault(at, "the %s split: %v", name, err)
	}
	return x
}

// configurations checks every method and metric on the network and sums the
// files they read, whose content is part of what they compute.
func (b *Bench) configurations(d *decoder) {
	for _, a := range b.Spec.Attributions {
		err := a.Method.Check(b.Net)
		d.check(err, a.at, a.Name)
		if err != nil {
			continue
		}
		for _, f := range attr.Files(a.Method) {
			sum, err := fileSum(f)
			if err != nil {
				d.fault(a.at.of("baseline"), "%v", err)
			}
			b.files[f] = sum
		}
	}
	for _, m := range b.Spec.Metrics {
		d.check(m.Metric.Check(b.Net), m.at, m.Name)
		if metrics.NeedsMask(m.Metric) && b.Data.Masks == nil {
			d.fault(m.at.of(""), "%s needs object masks, and %s has none; %s", m.Name, b.Data.Name, masksFrom(b.Data.Name))
		}
		b.shapes(d, m)
		for _, name := range m.Only {
			if !slices.ContainsFunc(b.Spec.Attributions, func(a Attribution) bool { return a.Name == name }) {
				d.fault(m.at.of("only"), "only names %s, which is no entry of attributions", name)
			}
		}
	}
}

// shapes reports the attributions that the metric is for and cannot score,
// because it works on the image's pixels and their maps have another shape. Each
// method is named once.
func (b *Bench) shapes(d *decoder, m Metric) {
	if _, sums := m.Metric.(*metrics.Completeness); sums {
		return
	}
	told := map[string]bool{}
	for _, a := range b.Spec.Attributions {
		if told[a.Name] || !m.covers(a) || a.Method.Check(b.Net) != nil {
			continue
		}
		if s := attr.MapShape(a.Method, b.Net); s != b.Net.Input {
			told[a.Name] = true
			d.fault(m.at.of(""), "%s scores maps of the image's shape %v, but those of %s are %v; name the methods it is for in only", m.Name, b.Net.Input, a.Name, s)
		}
	}
}

// masksFrom says where a user of a data set without masks gets some.
func masksFrom(set string) string {
	if slices.Contains(dataset.Sets[set].Options, "masks") {
		return "name their directory in data, as masks: DIR"
	}
	return "the data set shapes has, and image_folder with masks: DIR"
}

// asksMean tells whether a metric fills pixels with the training images' mean.
func (b *Bench) asksMean() bool {
	return slices.ContainsFunc(b.Spec.Metrics, func(m Metric) bool {
		return slices.ContainsFunc(m.Options, func(o Option) bool { return o.Value == "mean" })
	})
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
