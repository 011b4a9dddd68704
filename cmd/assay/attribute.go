package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"assay/attr"
	"assay/model/npy"
)

// attributeFlags are what `assay attribute` reads.
type attributeFlags struct {
	dataFlags
	net, weights, images string
	method, target, out  string
	params               []string
	seed                 uint64
	workers              int
	mean, std            []float32
	quiet                bool
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
                draws samples; NaN for images whose map has none
  steps         [N] int64, if the method chooses their number for each image
  bias          [N] float64, what lrp gave to biases: with the map's sum it makes
                up F(x), but for what stabilisers took
  index         [N] int64, of the image in its split
  label         [N] int64, the class it is said to be of there
  checksum      [N] int64, of its pixels, by which 'assay picture' knows it again
  provenance    [bytes] uint8, JSON: the method with every default, the network's
                layers, the hashes of weights and data, as a run's manifest.json
                has them; in Python json.loads(maps["provenance"].tobytes())

The same command gives the same bytes, whatever --workers says.`,
		Example: `  assay attribute --method deep_lift --out maps.npz
  assay attribute --net tutorial --weights cifar.pt --data cifar10:data --images 0:4 \
      --method integrated_gradients --param n_steps=50 --out maps.npz
  assay attribute --net mine.yaml --weights mine.safetensors --method noise_tunnel \
      --param over='{method: saliency, abs: false}' --param nt_samples=20 --out maps.npz`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.attribute(c) },
	}
	addNet(c, &f.net)
	f.addChoice(c)
	f.addOptions(c)
	fl := c.Flags()
	fl.StringVar(&f.weights, "weights", "", "weights file (.pt, .pth, .safetensors; default: trained on shapes, comes with assay)")
	fl.StringVar(&f.images, "images", "0:16", "images of the split: a half-open range 0:4 or a list 1,5,7")
	fl.StringVar(&f.method, "method", "", "attribution method, see 'assay list methods'")
	fl.StringArrayVar(&f.params, "param", nil, "option of the method, `NAME=VALUE` in YAML; may be given again")
	fl.StringVar(&f.target, "target", "label", "logit to explain: label, predicted, a class by number or name, or the difference of two as in cat-dog")
	fl.StringVar(&f.out, "out", "", ".npz file to write")
	fl.Uint64Var(&f.seed, "seed", 0, "of every random draw")
	fl.IntVar(&f.workers, "workers", 0, "images worked on side by side (default: number of cores)")
	fl.Float32SliceVar(&f.mean, "mean", nil, "of pixel/255, one `number` or one per channel, with commas between (default: the data set's)")
	fl.Float32SliceVar(&f.std, "std", nil, "what pixel/255 less the mean is divided by, one `number` or one per channel (default: the data set's)")
	fl.BoolVar(&f.quiet, "quiet", false, "no progress")
	for _, name := range []string{"mean", "std"} {
		fl.Lookup(name).DefValue = "" // its help says what it is
	}
	return c
}

// attribute plans, computes and writes.
func (f *attributeFlags) attribute(c *cobra.Command) error {
	job, err := f.plan()
	if err != nil {
		return err
	}
	if err := job.load(c.Context()); err != nil {
		return err
	}
	n := len(job.in)
	if void := job.setTargets(); void > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "assay: --target %s is the difference of a class and itself for %d of %d images: their maps are of 0\n", f.target, void, n)
	}
	tick, end := func() {}, func() {}
	if !f.quiet {
		tick, end = attributeProgress(c.ErrOrStderr(), f.method, n)
	}
	err = job.run(c.Context(), f.workers, tick)
	end()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted, nothing was written: %w", err)
	}
	if err != nil {
		return err
	}
	for _, d := range attr.Tell(job.doubt) {
		fmt.Fprintf(c.ErrOrStderr(), "assay: %s: %s\n", f.method, d)
	}
	if err := npy.WriteNpz(f.out, job.arrays()); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s of %s\n", f.out, counted(n, "map"), f.method)
	return err
}
