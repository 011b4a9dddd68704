package experiments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/model"
	"assay/reports"
	"assay/train"
)

// trainingKey names the cell that holds a training's history, by everything
// that may change a weight.
func trainingKey(s *Spec, man *Manifest, net *model.Net) string {
	f := []string{
		"training", "assay", Version(), "net", net.String(), "train", man.Train, "test", man.Test,
		"seed", fmt.Sprint(s.Model.Train.SeedOf(s.Seed)),
	}
	for _, o := range describe(s.Model.Train) {
		if o.Name != "seed" {
			f = append(f, o.Name, o.Value)
		}
	}
	return keyOf(f...)
}

// weightsPath is where the store keeps trained weights, by their hash.
func (s *Store) weightsPath(hash string) string {
	return filepath.Join(s.Dir, "model", hash+".safetensors")
}

// history is a training as the store keeps it.
type history struct {
	hash     string // of the weights
	weights  *model.Weights
	training *reports.Training
}

// trained reads a finished training, nil where there is none. A corrupt one is
// moved to quarantine, reported through corrupt, and then there is none; with
// corrupt nil it stays where it is, and is an error.
func (s *Store) trained(spec *Spec, man *Manifest, net *model.Net, corrupt func(error)) (*history, error) {
	get := func(key string) ([]byte, error) { return s.Get(key, corrupt) }
	if corrupt == nil {
		get = s.read
	}
	b, err := get(trainingKey(spec, man, net))
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && b == nil:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("experiments: the training: %w", err)
	}
	a, err := readRecord(b)
	if err != nil {
		return nil, err
	}
	hash, _ := a["weights"].([]byte)
	h := &history{hash: string(hash)}
	file := s.weightsPath(h.hash)
	w, err := model.ReadWeights(file)
	if err == nil {
		w, err = w.Fit(net)
	}
	if err == nil && w.Hash() != h.hash {
		err = errors.New("its content does not have the hash in its name")
	}
	if err != nil {
		if corrupt == nil {
			return nil, fmt.Errorf("experiments: the trained weights %s: %w", file, err)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			to, qerr := s.quarantine(file)
			if qerr != nil {
				return nil, qerr
			}
			corrupt(fmt.Errorf("experiments: the trained weights %s: %w; moved to %s, will be trained again", file, err, to))
		}
		return nil, nil
	}
	h.weights = w
	if h.training, err = readTraining(a, man.Classes, spec.Model.Train.Epochs); err != nil {
		return nil, err
	}
	return h, nil
}

func readTraining(a arrays, classes []string, epochs int) (*reports.Training, error) {
	t := &reports.Training{}
	e, err := array[float64](a, "epochs", 4*epochs)
	if err != nil {
		return nil, err
	}
	for i := range epochs {
		t.Epochs = append(t.Epochs, reports.Epoch{Loss: e[4*i], TrainAccuracy: e[4*i+1], TestAccuracy: e[4*i+2], LR: e[4*i+3]})
	}
	t.Running, _ = a["running"].([]float64)
	interval, err := array[int](a, "interval", 1)
	if err != nil {
		return nil, err
	}
	t.Interval = interval[0]
	n := len(classes)
	confusion, err := array[int](a, "confusion", n*n)
	if err != nil {
		return nil, err
	}
	for i := range n {
		t.Confusion = append(t.Confusion, confusion[i*n:(i+1)*n])
	}
	for _, c := range train.Report(classes, t.Confusion) {
		t.PerClass = append(t.PerClass, reports.Class{Name: c.Name, Precision: c.Precision, Recall: c.Recall, F1: c.F1, Support: c.Support})
	}
	t.Accuracy = train.Accuracy(t.Confusion)
	return t, nil
}

// keep stores a finished training: the weights first, then the cell that names
// them.
func (s *Store) keep(key string, r *train.Result) error {
	hash := r.Weights.Hash()
	file := s.weightsPath(hash)
	if _, err := os.Stat(file); err != nil {
		if err := r.Weights.WriteSafetensors(file); err != nil {
			return full(err)
		}
	}
	var rec record
	rec.bytes("weights", []byte(hash))
	var e []float64
	for _, x := range r.Epochs {
		e = append(e, x.Loss, x.TrainAccuracy, x.TestAccuracy, x.LR)
	}
	rec.floats("epochs", e)
	rec.floats("running", r.Running)
	rec.ints("interval", []int{r.Interval})
	var c []int
	for _, row := range r.Confusion {
		c = append(c, row...)
	}
	rec.ints("confusion", c)
	_, err := s.Put(key, rec.b)
	return err
}

// model gives the run its model: with the weights that were read, or trained
// now, or trained by an earlier command.
func (b *Bench) model(ctx context.Context, s *Store, o Options, j *journal) (*model.Model, error) {
	if b.weights != nil {
		return model.New(b.Net, b.weights)
	}
	man := b.man
	warn := func(err error) {
		o.Console.Log.Warn(err.Error())
		j.write(event{Event: "corrupt", What: err.Error()})
	}
	h, err := s.trained(b.Spec, man, b.Net, warn)
	if err != nil {
		return nil, err
	}
	if h != nil {
		o.Console.Log.Info("the network is trained already", "accuracy", fmt.Sprintf("%.4f", h.training.Accuracy))
		return model.New(b.Net, h.weights)
	}
	key := trainingKey(b.Spec, man, b.Net)
	settings := *b.Spec.Model.Train
	o.Console.Log.Info("training", "net", man.Net, "images", b.train.Len(), "epochs", settings.Epochs)
	dir := filepath.Join(s.Dir, "model", key[:16]+".checkpoints")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, full(err)
	}
	bar := o.Console.bar("training", 1000)
	defer bar.stop()
	started := now()
	res, err := train.Run(ctx, b.Net, b.train, b.test, settings, train.Options{
		Seed: b.Spec.Seed, Workers: o.workers(), Checkpoints: dir,
		Progress: func(p train.Progress) {
			done := float64(p.Epoch-1) + float64(p.Batch)/float64(max(1, p.Batches))
			bar.set(int(1000*done/float64(p.Epochs)), fmt.Sprintf("epoch %d/%d, loss %.3f, %.0f images/s", p.Epoch, p.Epochs, p.Loss, p.ImagesPerSecond))
		},
		Epoch: func(epoch int, e train.Epoch) {
			o.Console.Log.Info("epoch done", "epoch", fmt.Sprintf("%d/%d", epoch, settings.Epochs), "loss", fmt.Sprintf("%.4f", e.Loss), "test_accuracy", fmt.Sprintf("%.4f", e.TestAccuracy))
		},
		Warn: func(m string) { o.Console.Log.Warn(m) },
	})
	if stopped := (*train.Interrupted)(nil); errors.As(err, &stopped) {
		j.write(event{Event: "interrupted"})
		return nil, fmt.Errorf("%w; run the same command again to go on", err)
	}
	if err != nil {
		return nil, noSpace(err)
	}
	bar.set(1000, "")
	if err := s.keep(key, res); err != nil {
		return nil, err
	}
	j.write(event{Event: "trained", Key: key, Millis: since(started)})
	// The checkpoints have done their work. That they go is a courtesy.
	os.RemoveAll(dir)
	o.Console.Log.Info("trained", "accuracy", fmt.Sprintf("%.4f", res.Accuracy))
	return model.New(b.Net, res.Weights)
}
