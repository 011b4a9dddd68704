package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"assay/model"
	"assay/model/rng"
	"assay/train/dataset"
)

// Options are what a training needs beside its Settings. None of them changes
// the result, but for the seed where the Settings leave it to the run.
type Options struct {
	Seed        uint64 // of the run, for Settings.Seed -1
	Workers     int    // goroutines that measure accuracy; 0 means one per core
	Checkpoints string // directory; empty means that no checkpoint is written or continued

	// The callbacks are called on Run's goroutine; any may be nil.
	Progress func(Progress)                       // about ten times a second
	Running  func(epoch, batch int, loss float64) // every LossInterval batches: epoch and batch from 1, mean loss since the last
	Epoch    func(epoch int, e Epoch)             // after every epoch, counted from 1
	Warn     func(message string)                 // what went wrong without stopping the training
	Resumed  func(epochs int)                     // once, if checkpoints are continued: how many epochs they hold
}

// Progress is a glance at a running training.
type Progress struct {
	Epoch, Epochs   int           // the epoch under way, from 1, of all
	Batch, Batches  int           // batches done of this epoch
	Loss            float64       // mean over the last batches, at most LossInterval
	LR              float64       // learning rate of the epoch
	ImagesPerSecond float64       // since Run began
	ETA             time.Duration // until the last epoch ends
}

// Epoch is the record of one pass over the training split.
type Epoch struct {
	Loss          float64 `json:"loss"`           // mean cross-entropy over the epoch's images, each as it was seen, in nats
	TrainAccuracy float64 `json:"train_accuracy"` // 0..1, after the epoch, on a fixed random sample of the training split as large as the test split
	TestAccuracy  float64 `json:"test_accuracy"`  // 0..1, after the epoch, on the test split
	LR            float64 `json:"lr"`             // learning rate
}

// Result is a finished training.
type Result struct {
	Weights   *model.Weights
	Epochs    []Epoch
	Running   []float64 // mean loss of each full interval of batches within an epoch, in order
	Interval  int       // batches per running loss
	Confusion [][]int   // [label][predicted] on the test split
	PerClass  []Class   // the classification report on the test split
	Accuracy  float64   // on the test split, 0..1
}

// Run trains the network from PyTorch's default initialisation (model.Init) on
// trainSet and measures it on testSet.
//
// With Options.Checkpoints the state is kept after every epoch, and a training
// that was interrupted continues from there to the same bits; one that is
// complete is only measured. A directory with checkpoints of another network,
// other data or other settings is refused with a Mismatch.
//
// The end of ctx stops it within a batch with an Interrupted. A loss
// or weight that is not finite is an error that names epoch, batch and learning
// rate.
func Run(ctx context.Context, net *model.Net, trainSet, testSet *dataset.Dataset, s Settings, o Options) (*Result, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := net.Resolve(); err != nil {
		return nil, err
	}
	for _, d := range []*dataset.Dataset{trainSet, testSet} {
		if err := fits(net, d, trainSet); err != nil {
			return nil, err
		}
	}
	r := run{
		ctx: ctx, net: net, train: trainSet, test: testSet, s: s, o: o,
		seed: s.SeedOf(o.Seed), began: time.Now(),
	}
	if err := r.start(); err != nil {
		return nil, err
	}
	feed := newFeeder(trainSet, s, r.seed)
	for len(r.Epochs) < s.Epochs {
		if err := r.epoch(feed); err != nil {
			return nil, r.interrupted(err)
		}
	}
	res, err := r.result()
	if err != nil {
		return nil, r.interrupted(err)
	}
	return res, nil
}

// fits checks what Run relies on in a split: that its images are the network's
// input, and its classes and normalisation the training split's.
func fits(n *model.Net, d, trainSet *dataset.Dataset) error {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("train: the %s split of %s: %s", d.Split, d.Name, fmt.Sprintf(format, a...))
	}
	switch {
	case d.Len() == 0:
		return fail("it holds no image")
	case d.Shape != n.Input:
		return fail("its images are %v, want %v as the network's input", d.Shape, n.Input)
	case len(d.Classes) != n.Classes():
		return fail("it has %d classes, want %d as the network", len(d.Classes), n.Classes())
	case !slices.Equal(d.Classes, trainSet.Classes):
		return fail("its classes are %q, want those of the training split, %q", d.Classes, trainSet.Classes)
	case !slices.Equal(d.Mean, trainSet.Mean) || !slices.Equal(d.Std, trainSet.Std):
		return fail("it is normalised by mean %v and std %v, want the training split's %v and %v", d.Mean, d.Std, trainSet.Mean, trainSet.Std)
	case len(d.Pixels) != d.Len()*d.Shape.Size():
		return fail("it holds %d pixel values, want %d for %d images of %v", len(d.Pixels), d.Len()*d.Shape.Size(), d.Len(), d.Shape)
	}
	for i, l := range d.Labels {
		if l < 0 || l >= len(d.Classes) {
			return fail("the label of image %d is %d, want 0 to %d", i, l, len(d.Classes)-1)
		}
	}
	return nil
}

// run is a training under way.
type run struct {
	ctx         context.Context
	net         *model.Net
	train, test *dataset.Dataset
	s           Settings
	o           Options
	seed        uint64

	id      identity
	trainer *model.Trainer
	history
	sample []int // images of the training split that TrainAccuracy is measured on

	began    time.Time
	reported time.Time
	images   int // seen since began
}

// start makes the trainer, from a checkpoint if there is one.
func (r *run) start() error {
	r.sample = rng.New(r.seed, "train_accuracy").Perm(r.train.Len())[:min(r.train.Len(), r.test.Len())]
	slices.Sort(r.sample)
	if r.o.Checkpoints != "" {
		r.id = identity{checkpointVersion, r.net.String(), r.train.Hash(), r.test.Hash(), r.seed, r.s}
		warn := func(message string) {
			if r.o.Warn != nil {
				r.o.Warn(message)
			}
		}
		var err error
		r.history, r.trainer, err = load(r.o.Checkpoints, r.id, r.s.Epochs, r.net, warn)
		if err != nil {
			return err
		}
	}
	if r.trainer != nil {
		if r.o.Resumed != nil {
			r.o.Resumed(len(r.Epochs))
		}
	} else {
		var err error
		if r.trainer, err = model.NewTrainer(r.net, model.Init(r.net, r.seed)); err != nil {
			return err
		}
	}
	batches := (r.train.Len() + r.s.BatchSize - 1) / r.s.BatchSize
	r.trainer.SetDraws(r.seed, len(r.Epochs)*batches)
	return nil
}

// epoch makes one pass, measures, and keeps a checkpoint.
func (r *run) epoch(feed *feeder) error {
	epoch := len(r.Epochs)
	lr := r.s.Rate(epoch)
	sgd := model.SGD{LR: float32(lr), Momentum: float32(r.s.Momentum), WeightDecay: float32(r.s.WeightDecay)}
	p := Progress{Epoch: epoch + 1, Epochs: r.s.Epochs, Batches: (r.train.Len() + r.s.BatchSize - 1) / r.s.BatchSize, LR: lr}
	// The running losses of an unfinished epoch must not stay: the epoch will
	// be trained again.
	losses := slices.Clone(r.history.Running)
	var total, recent float64
	count := 0
	err := feed.epoch(r.ctx, epoch, func(b batch) error {
		loss, err := r.trainer.Step(b.x, b.labels, sgd)
		p.Batch++
		if err == nil && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
			err = fmt.Errorf("the loss is %v", loss)
		}
		if err != nil {
			return fmt.Errorf("train: epoch %d, batch %d, learning rate %g: %w; training diverged: try a lower lr, such as %g", p.Epoch, p.Batch, lr, err, r.s.LR/10)
		}
		total += float64(loss * float64(len(b.labels)))
		recent += loss
		count++
		r.images += len(b.labels)
		p.Loss = recent / float64(count)
		if count == r.s.LossInterval {
			losses = append(losses, p.Loss)
			if r.o.Running != nil {
				r.o.Running(p.Epoch, p.Batch, p.Loss)
			}
			recent, count = 0, 0
		}
		r.progress(&p)
		return nil
	})
	if err != nil {
		return err
	}
	e := Epoch{Loss: total / float64(r.train.Len()), LR: lr}
	m, err := model.New(r.net, r.trainer.Weights())
	if err == nil {
		e.TrainAccuracy, err = accuracy(r.ctx, m, r.train, r.sample, r.o.Workers)
	}
	if err == nil {
		e.TestAccuracy, err = accuracy(r.ctx, m, r.test, nil, r.o.Workers)
	}
	if err != nil {
		return fmt.Errorf("train: after epoch %d: %w", p.Epoch, err)
	}
	h := history{append(r.Epochs, e), losses}
	if r.o.Checkpoints != "" {
		if err := save(r.o.Checkpoints, r.id, h, r.trainer); err != nil {
			return err
		}
	}
	r.history = h
	if r.o.Epoch != nil {
		r.o.Epoch(p.Epoch, e)
	}
	return nil
}

// progress calls Options.Progress, but for the end of an epoch at most ten
// times a second.
func (r *run) progress(p *Progress) {
	if r.o.Progress == nil {
		return
	}
	now := time.Now()
	if p.Batch < p.Batches && now.Sub(r.reported) < 100*time.Millisecond {
		return
	}
	r.reported = now
	spent := now.Sub(r.began)
	if spent <= 0 {
		spent = 1
	}
	done := (p.Epoch-1)*r.train.Len() + min(p.Batch*r.s.BatchSize, r.train.Len())
	left := p.Epochs*r.train.Len() - done
	p.ImagesPerSecond = float64(r.images) / spent.Seconds()
	p.ETA = time.Duration(float64(left) / float64(r.images) * float64(spent))
	r.o.Progress(*p)
}

// Interrupted is the error of a training that ended with its context.
type Interrupted struct {
	Kept, Epochs int    // epochs in the checkpoints, of all
	Dir          string // of the checkpoints; empty if there are none
	Err          error  // the context's
}

// Error says what is kept.
func (e *Interrupted) Error() string {
	if e.Kept == 0 {
		return "train: interrupted before an epoch was kept"
	}
	return fmt.Sprintf("train: interrupted; %d of %d epochs are kept in %s", e.Kept, e.Epochs, e.Dir)
}

// Unwrap returns the context's error.
func (e *Interrupted) Unwrap() error { return e.Err }

// interrupted makes the end of ctx an Interrupted.
func (r *run) interrupted(err error) error {
	if r.ctx.Err() == nil || !errors.Is(err, r.ctx.Err()) && !errors.Is(err, context.Cause(r.ctx)) {
		return err
	}
	e := &Interrupted{Epochs: r.s.Epochs, Err: err}
	if r.o.Checkpoints != "" {
		e.Kept, e.Dir = len(r.Epochs), r.o.Checkpoints
	}
	return e
}

// result measures the trained network on the test split.
func (r *run) result() (*Result, error) {
	res := &Result{Weights: r.trainer.Weights(), Epochs: r.Epochs, Running: r.history.Running, Interval: r.s.LossInterval}
	m, err := model.New(r.net, res.Weights)
	if err != nil {
		return nil, err
	}
	predicted, err := Predict(r.ctx, m, r.test, nil, r.o.Workers)
	if err != nil {
		return nil, fmt.Errorf("train: evaluation: %w", err)
	}
	if res.Confusion, err = Confusion(r.test.Labels, predicted, r.net.Classes()); err != nil {
		return nil, err
	}
	if one := predicted[0]; r.o.Warn != nil && !slices.ContainsFunc(predicted, func(c int) bool { return c != one }) {
		r.o.Warn(fmt.Sprintf("every image of the test split is classified as %s: the network has not learned, or its units died; attributions of it mean nothing; try a lower lr, or more epochs", r.test.Classes[one]))
	}
	res.PerClass = Report(r.test.Classes, res.Confusion)
	res.Accuracy = Accuracy(res.Confusion)
	return res, nil
}
