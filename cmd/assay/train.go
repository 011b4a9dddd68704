package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

// trainFlags are what `assay train` reads.
type trainFlags struct {
	dataFlags
	net, out, checkpoints, report string
	seed                          uint64
	workers                       int
	quiet                         bool
	train.Settings
}

func trainCmd() *cobra.Command {
	f := trainFlags{Settings: train.DefaultSettings()}
	c := &cobra.Command{
		Use:   "train --data NAME[:DIR] --out FILE",
		Short: "Train a network and store its weights",
		Long: `Train a network by stochastic gradient descent and store its weights as a
safetensors file. The network is a preset, or a YAML file that lists its layers.

The defaults are those of the CIFAR-10 tutorials of PyTorch and Captum. The
same command gives the same weights, bit for bit, on every machine. A
checkpoint is kept after every epoch: when a training is interrupted (exit code
75), the same command goes on from there to the same bits.

Progress goes to standard error, the classification report and the confusion
matrix of the test split to standard output.`,
		Example: `  assay train --data shapes --lr 0.002 --out shapes.safetensors
  assay train --data cifar10:data --out cifar10.safetensors
  assay train --net mine.yaml --data cifar10:data --out mine.safetensors
  assay train --data image_folder:photos --size 32 --epochs 20 --schedule cosine --flip --out photos.safetensors`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	addNet(c, &f.net)
	f.addOptions(c)
	fl := c.Flags()
	fl.StringVar(&f.data, "data", "", "data set, NAME or NAME:DIR: one of "+strings.Join(dataset.Names(), ", "))
	fl.StringVar(&f.out, "out", "", "safetensors file to write the weights to")
	fl.StringVar(&f.checkpoints, "resume", "", "directory of the checkpoints, to continue from and to keep (default: FILE.checkpoints, removed at the end)")
	fl.StringVar(&f.report, "report", "", "directory to write tables and figures of the training to")
	fl.Uint64Var(&f.seed, "seed", 0, "of initialisation, order and augmentation")
	fl.IntVar(&f.Epochs, "epochs", f.Epochs, "passes over the training split")
	fl.Float64Var(&f.LR, "lr", f.LR, "learning rate")
	fl.Float64Var(&f.Momentum, "momentum", f.Momentum, "0 to below 1")
	fl.IntVar(&f.BatchSize, "batch-size", f.BatchSize, "images a step")
	fl.Float64Var(&f.WeightDecay, "weight-decay", f.WeightDecay, "L2 penalty")
	fl.StringVar(&f.Schedule, "schedule", f.Schedule, "of the learning rate: constant, step or cosine")
	fl.IntVar(&f.StepSize, "step-size", f.StepSize, "schedule step: epochs between two reductions")
	fl.Float64Var(&f.Gamma, "gamma", f.Gamma, "schedule step: factor of a reduction")
	fl.Float64Var(&f.MinLR, "min-lr", f.MinLR, "schedule cosine: learning rate it runs towards")
	fl.IntVar(&f.CropPadding, "crop-padding", f.CropPadding, "crop at random after padding by so many pixels")
	fl.BoolVar(&f.Flip, "flip", f.Flip, "mirror images at random, left to right")
	fl.IntVar(&f.LossInterval, "loss-interval", f.LossInterval, "batches per running loss")
	fl.IntVar(&f.workers, "workers", 0, "goroutines that measure accuracy (default: one per core)")
	fl.BoolVar(&f.quiet, "quiet", false, "print lines in place of a progress bar")
	return c
}

func (f *trainFlags) run(c *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	source, err := loadNet(f.net)
	if err != nil {
		return err
	}
	sets, err := f.open()
	if err != nil {
		return err
	}
	net, err := netFor(source, sets[0])
	if err != nil {
		return err
	}
	temporary := f.checkpoints == ""
	if temporary {
		f.checkpoints = f.out + ".checkpoints"
	}
	show := newTrainProgress(c.ErrOrStderr(), f.quiet)
	_, weights := parameters(net)
	show.line("%s on %s: %d training and %d test images of %v, %d weights", f.net, sets[0].Name, sets[0].Len(), sets[1].Len(), sets[0].Shape, weights)
	var warnings []string
	res, err := train.Run(c.Context(), net, sets[0], sets[1], f.Settings, train.Options{
		Seed: f.seed, Workers: f.workers, Checkpoints: f.checkpoints,
		Progress: show.progress,
		Running:  func(epoch, batch int, loss float64) { show.line("[%d, %5d] loss: %.3f", epoch, batch, loss) },
		Epoch:    show.epoch,
		Warn: func(m string) {
			warnings = append(warnings, m)
			show.line("warning: %s", m)
		},
		Resumed: func(n int) { show.line("going on after epoch %d, kept in %s", n, f.checkpoints) },
	})
	show.stop()
	var stopped *train.Interrupted
	var other *train.Mismatch
	switch {
	case errors.As(err, &stopped) && stopped.Kept == 0:
		return &exitError{exitTryAgain, fmt.Errorf("%w; the same command starts again", err)}
	case errors.As(err, &stopped):
		return &exitError{exitTryAgain, fmt.Errorf("%w; run the same command again to go on", err)}
	case errors.As(err, &other) && temporary:
		return badInput(fmt.Errorf("%w; an unfinished training left them: continue it with its settings, remove the directory, or name another with --resume", err))
	case errors.As(err, &other):
		return badInput(err)
	case err != nil:
		return err
	}
	if err := res.Weights.WriteSafetensors(f.out); err != nil {
		return err
	}
	if temporary {
		if err := train.Discard(f.checkpoints); err != nil {
			show.line("warning: %v", err)
		}
	}
	if f.report != "" {
		if err := reports.Write(f.report, f.page(net, res, sets, warnings)); err != nil {
			return err
		}
	}
	return f.print(c.OutOrStdout(), res, sets[1])
}

// check finds what can be known to be wrong before any work is done.
func (f *trainFlags) check() error {
	if f.data == "" {
		return usagef("--data is missing: want NAME or NAME:DIR with NAME one of %s", strings.Join(dataset.Names(), ", "))
	}
	if f.out == "" {
		return usagef("--out is missing: want the safetensors file to write the weights to")
	}
	if f.workers < 0 {
		return usagef("--workers is %d, want 0 or more", f.workers)
	}
	if err := f.Check(); err != nil {
		// Options are called by their name in a specification.
		return usagef("%w", err)
	}
	// Not after hours of training.
	if err := canWrite("--out", f.out); err != nil {
		return err
	}
	if f.checkpoints != "" {
		if err := canMake("--resume", f.checkpoints); err != nil {
			return err
		}
	}
	if f.report == "" {
		return nil
	}
	if err := canMake("--report", f.report); err != nil {
		return err
	}
	if err := reports.Free(f.report); err != nil {
		return usagef("--report: %w", err)
	}
	return nil
}

// open reads the training and the test split.
func (f *trainFlags) open() (sets [2]*dataset.Dataset, err error) {
	o, err := f.options("--data")
	if err != nil {
		return sets, err
	}
	for i, split := range dataset.Splits {
		o.Split = split
		if sets[i], err = openData(o); err != nil {
			return sets, err
		}
	}
	return sets, nil
}
