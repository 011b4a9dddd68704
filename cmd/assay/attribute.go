package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/attr"
	"assay/experiments"
	"assay/model"
	"assay/model/npy"
	"assay/train"
	"assay/train/dataset"
)

// attributeFlags are what `assay attribute` reads.
type attributeFlags struct {
	net, weights, data, split, images string
	method, target, out               string
	params                            []string
	seed                              uint64
	workers, size, nTrain, nTest      int
	mean, std                         []float32
	quiet                             bool
}

func attributeCmd() *cobra.Command {
	var f attributeFlags
	c := &cobra.Command{
		Use:   "attribute --method NAME --out FILE.npz",
		Short: "Explain images with one method and write the maps as NumPy arrays",
		Long: `Explain images with one method and write the maps as NumPy arrays.

The .npz file holds, for N images:

  attributions  [N,C,H,W] float32, the maps: of the image's channels, rows and
                columns, or those of the layer that a method attributes to
  delta         [N] float64, sum of the map less (F(x) - F(baseline)), for lrp
                with compat=captum the other way round; NaN where the method
                makes no such promise, left out where it never does
  logits        [N,classes] float32
  target        [N] int64, the class that was explained
  minus         [N] int64, the class whose logit was taken off, if the target is
                a difference
  stderr        [N,C,H,W] float32, standard errors of the maps, if the method
                draws samples; noise_tunnel has them with a tolerance
  steps         [N] int64, if the method chooses their number for each image
  bias          [N] float64, what lrp gave to biases: with the map's sum it makes
                up F(x), but for what stabilisers took
  index         [N] int64, of the image in its split
  label         [N] int64, the class it is said to be of there
  checksum      [N] int64, of its pixels, by which 'assay picture' knows it again

The same command gives the same bytes, whatever --workers says.`,
		Example: `  assay attribute --method deep_lift --out maps.npz
  assay attribute --net tutorial --weights cifar.pt --data cifar10:data --images 0:4 \
      --method integrated_gradients --param n_steps=50 --out maps.npz
  assay attribute --weights net.safetensors --data shapes --method noise_tunnel \
      --param over='{method: saliency, abs: false}' --param nt_samples=20 --out maps.npz`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.attribute(c) },
	}
	fl := c.Flags()
	fl.StringVar(&f.net, "net", "", "preset network, see 'assay list nets' (default: tutorial)")
	fl.StringVar(&f.weights, "weights", "", "weights file (.pt, .pth, .safetensors; default: trained on shapes, comes with assay)")
	fl.StringVar(&f.data, "data", "shapes", "data set as NAME or NAME:DIR, see 'assay list datasets'")
	fl.StringVar(&f.split, "split", "test", "train or test")
	fl.StringVar(&f.images, "images", "0:16", "images of the split: a half-open range 0:4 or a list 1,5,7")
	fl.StringVar(&f.method, "method", "", "attribution method, see 'assay list methods'")
	fl.StringArrayVar(&f.params, "param", nil, "option of the method, `NAME=VALUE` in YAML; may be given again")
	fl.StringVar(&f.target, "target", "label", "logit to explain: label, predicted, a class by number or name, or the difference of two as in cat-dog")
	fl.StringVar(&f.out, "out", "", ".npz file to write")
	fl.Uint64Var(&f.seed, "seed", 0, "of every random draw")
	fl.IntVar(&f.workers, "workers", 0, "images worked on side by side (default: number of cores)")
	fl.Float32SliceVar(&f.mean, "mean", nil, "of pixel/255, one `number` or one per channel, with commas between (default: the data set's)")
	fl.Float32SliceVar(&f.std, "std", nil, "what pixel/255 less the mean is divided by, one `number` or one per channel (default: the data set's)")
	fl.IntVar(&f.size, "size", 0, "image_folder: resize to this side in pixels")
	fl.IntVar(&f.nTrain, "n-train", 0, "shapes: images of the train split (default 10000)")
	fl.IntVar(&f.nTest, "n-test", 0, "shapes: images of the test split (default 2000)")
	fl.BoolVar(&f.quiet, "quiet", false, "no progress")
	for _, name := range []string{"mean", "std"} {
		fl.Lookup(name).DefValue = "" // its help says what it is
	}
	return c
}

func (f *attributeFlags) attribute(c *cobra.Command) error {
	for _, need := range []struct{ name, value, example string }{
		{"method", f.method, "integrated_gradients"},
		{"out", f.out, "maps.npz"},
	} {
		if need.value == "" {
			return usagef("assay attribute: --%s is missing, as in --%s %s", need.name, need.name, need.example)
		}
	}
	if f.workers < 0 {
		return usagef("--workers is %d, want 1 or more, or 0 for the number of cores", f.workers)
	}
	// Everything that costs nothing is checked before data are read.
	if err := canWrite(f.out); err != nil {
		return usagef("--out: %w", err)
	}
	flagged, err := experiments.DecodeMethod(f.method, f.params, "--param")
	if err != nil {
		return usagef("%w", err)
	}
	method := flagged.Method
	o, err := dataset.Parse(f.data)
	if err != nil {
		return usagef("--data: %w", err)
	}
	o.Split, o.Mean, o.Std, o.Size, o.Train, o.Test = f.split, f.mean, f.std, f.size, f.nTrain, f.nTest
	if err := o.Check(); err != nil {
		return usagef("--data %s: %w", f.data, err)
	}
	d, err := dataset.Open(o)
	if err != nil {
		return badInput(err)
	}
	images, err := dataset.Indices(f.images, d.Len())
	if err != nil {
		return usagef("--images: %w", err)
	}
	if len(images) == 0 {
		return usagef("--images %q chooses no image", f.images)
	}
	aim, err := experiments.Target(f.target).Resolve(d.Classes)
	if err != nil {
		return usagef("--target: %w", err)
	}
	m, err := f.model(d)
	if err != nil {
		return err
	}
	if err := flagged.Check(m.Net()); err != nil {
		return usagef("%w", err)
	}

	var train *dataset.Dataset // nil where the method looks at none
	var trainErr error
	ref := experiments.NewReference([]attr.Method{method}, func() *dataset.Dataset {
		if train = d; o.Split == "train" {
			return train
		}
		o.Split = "train"
		train, trainErr = dataset.Open(o)
		return train
	})
	if trainErr != nil {
		return badInput(fmt.Errorf("the training images, which --method %s takes its baselines from: %w", f.method, trainErr))
	}
	if train != nil {
		if err := flagged.CheckTraining(train); err != nil {
			return usagef("%w", err)
		}
	}

	job := &attribution{method: method, model: m, data: d, ref: ref, seed: f.seed}
	if err := job.load(c.Context(), images); err != nil {
		return err
	}
	if n := job.aim(aim); n > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "assay: --target %s is the difference of a class and itself for %d of %d images: their maps are of 0\n", f.target, n, len(images))
	}
	tick, end := f.progress(c.ErrOrStderr(), len(images))
	err = job.run(c.Context(), f.workers, tick)
	end()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted, nothing was written: %w", err)
	}
	if err != nil {
		return err
	}
	if err := npy.WriteNpz(f.out, job.arrays()); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %d maps of %s\n", f.out, len(images), f.method)
	return nil
}

// canWrite reports that a file cannot be written, before anything is computed
// for it: its directory is not there, or it is a directory itself.
func canWrite(file string) error {
	if st, err := os.Stat(file); err == nil && st.IsDir() {
		return fmt.Errorf("%s is a directory, want the name of a file", file)
	}
	dir := filepath.Dir(file)
	if st, err := os.Stat(dir); err != nil {
		return fmt.Errorf("the directory of %s: %w", file, err)
	} else if !st.IsDir() {
		return fmt.Errorf("%s is no directory, so it cannot hold %s", dir, filepath.Base(file))
	}
	return nil
}

// model reads the weights for a preset network of the data's shape.
func (f *attributeFlags) model(d *dataset.Dataset) (*model.Model, error) {
	name := f.net
	if name == "" {
		name = "tutorial"
	}
	preset, known := model.Nets[name]
	if !known {
		return nil, usagef("--net %q is not a network: want one of %s", name, strings.Join(slices.Sorted(maps.Keys(model.Nets)), ", "))
	}
	net := preset.New(d.Shape, len(d.Classes))
	if err := net.Resolve(); err != nil {
		return nil, usagef("--net %s cannot take the images of %s: %w", name, d.Name, err)
	}
	if f.weights == "" && (d.Name != "shapes" || name != "tutorial") {
		return nil, usagef("--weights is missing: the weights that come with assay are the tutorial network's for data set shapes, not %s's for %s", name, d.Name)
	}
	var w *model.Weights
	var err error
	if f.weights == "" {
		w, err = train.DefaultWeights()
	} else {
		w, err = model.ReadWeights(f.weights)
	}
	if err != nil {
		return nil, badInput(err)
	}
	m, err := model.New(net, w)
	if err != nil {
		return nil, badInput(fmt.Errorf("%s: %w", filepath.Base(f.weights), err))
	}
	return m, nil
}

// progress returns a function to call after each image, and one to call at the
// end: a bar on a terminal, elsewhere a line every ten seconds.
func (f *attributeFlags) progress(w io.Writer, n int) (tick, end func()) {
	if f.quiet {
		return func() {}, func() {}
	}
	if file, is := w.(*os.File); is && isTerminal(file) {
		p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
		bar := p.AddBar(int64(n), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(f.method+" "), decor.CountersNoUnit("%d of %d images")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO)))
		return bar.Increment, func() {
			bar.Abort(true) // no effect on a complete bar
			p.Wait()
		}
	}
	start, done := time.Now(), 0
	told := start
	return func() {
		done++
		now := time.Now()
		if done == n || now.Sub(told) < 10*time.Second {
			return
		}
		told = now
		left := time.Duration(float64(now.Sub(start)) / float64(done) * float64(n-done))
		fmt.Fprintf(w, "%s: %d of %d images, %v left\n", f.method, done, n, left.Round(time.Second))
	}, func() {}
}

// attribution is the work of one call: inputs and what comes of them, in the
// order of the images asked for.
type attribution struct {
	method attr.Method
	model  *model.Model
	data   *dataset.Dataset
	ref    experiments.Reference
	seed   uint64

	in       []attr.Input
	logits   []float32   // [N*classes]
	shape    model.Shape // of a map
	maps     []float32   // [N*C*H*W]
	stderr   []float32   // likewise, nil without
	steps    []int64     // [N]
	bias     []float64   // [N], nil without
	delta    []float64   // [N]
	summed   bool        // some delta is defined
	chosen   bool        // the method chose some number of steps
	contrast bool        // the target is a difference of logits
}

// load normalises the images and runs the network on them.
func (a *attribution) load(ctx context.Context, images []int) error {
	size := a.data.Shape.Size()
	x := make([]float32, len(images)*size)
	a.in = make([]attr.Input, len(images))
	for k, i := range images {
		a.in[k] = attr.Input{Index: i, X: x[k*size : (k+1)*size]}
		a.data.Normalize(i, a.in[k].X)
	}
	classes := a.model.Net().Classes()
	a.logits = make([]float32, len(images)*classes)
	return a.model.Worker().Logits(ctx, len(images),
		func(k int, x []float32) { copy(x, a.in[k].X) },
		func(k int, logits []float32) { copy(a.logits[k*classes:], logits) })
}

// aim sets every image's target and returns for how many it is a class less
// itself.
func (a *attribution) aim(at experiments.Aim) (void int) {
	a.contrast = at.Contrast()
	classes := a.model.Net().Classes()
	for k := range a.in {
		predicted := 0
		l := a.logits[k*classes : (k+1)*classes]
		for j, v := range l { // the first of equals, as everywhere
			if v > l[predicted] {
				predicted = j
			}
		}
		t := at.At(a.data.Labels[a.in[k].Index], predicted)
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
		return a.method.Attribute(e, a.in[lo:hi], func(i int, r attr.Attribution) {
			copy(a.maps[(lo+i)*size:(lo+i+1)*size], r.Map)
			a.delta[lo+i] = deltaOf(r)
			mu.Lock()
			defer mu.Unlock()
			a.summed = a.summed || r.Summed
			if r.StdErr != nil {
				if a.stderr == nil {
					a.stderr = make([]float32, n*size)
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
			tick()
		})
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

// deltaOf returns how far the map's sum is from F(x)-F(baseline), with the sign
// that the method has for it; NaN where it is not meant to be that.
func deltaOf(r attr.Attribution) float64 {
	if !r.Summed {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range r.Map {
		sum += float64(v)
	}
	if r.Reversed {
		return r.FX - r.FB - sum
	}
	return sum - (r.FX - r.FB)
}

// checksum is FNV-1a of an image's pixels.
func checksum(pixels []byte) int64 {
	h := fnv.New64a()
	h.Write(pixels)
	return int64(h.Sum64())
}

// arrays returns what the .npz file holds.
func (a *attribution) arrays() map[string]*npy.Array {
	n, s := len(a.in), a.shape
	target, minus := make([]int64, n), make([]int64, n)
	index, label, sums := make([]int64, n), make([]int64, n), make([]int64, n)
	for k, in := range a.in {
		target[k], minus[k] = int64(in.Target.Class), int64(in.Target.Minus)
		index[k], label[k] = int64(in.Index), int64(a.data.Labels[in.Index])
		sums[k] = checksum(a.data.Image(in.Index))
	}
	out := map[string]*npy.Array{
		"attributions": {Shape: []int{n, s.C, s.H, s.W}, F32: a.maps},
		"logits":       {Shape: []int{n, a.model.Net().Classes()}, F32: a.logits},
		"target":       {Shape: []int{n}, I64: target},
		"index":        {Shape: []int{n}, I64: index},
		"label":        {Shape: []int{n}, I64: label},
		"checksum":     {Shape: []int{n}, I64: sums},
	}
	if a.contrast {
		out["minus"] = &npy.Array{Shape: []int{n}, I64: minus}
	}
	if a.stderr != nil {
		out["stderr"] = &npy.Array{Shape: []int{n, s.C, s.H, s.W}, F32: a.stderr}
	}
	if a.bias != nil {
		out["bias"] = &npy.Array{Shape: []int{n}, F64: a.bias}
	}
	if a.chosen {
		out["steps"] = &npy.Array{Shape: []int{n}, I64: a.steps}
	}
	if a.summed {
		out["delta"] = &npy.Array{Shape: []int{n}, F64: a.delta}
	}
	return out
}
