package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/train/dataset"
)

// dataFlags choose a data set and how its images are made or read.
type dataFlags struct {
	data, split         string
	size, nTrain, nTest int
}

// addChoice adds the flags that name a data set and a split of it.
func (f *dataFlags) addChoice(c *cobra.Command) {
	c.Flags().StringVar(&f.data, "data", "shapes", "data set as NAME or NAME:DIR, see 'assay list datasets'")
	c.Flags().StringVar(&f.split, "split", "test", "train or test")
}

// addOptions adds the flags that only some data sets take.
func (f *dataFlags) addOptions(c *cobra.Command) {
	c.Flags().IntVar(&f.size, "size", 0, "image_folder: resize to this side in pixels")
	c.Flags().IntVar(&f.nTrain, "n-train", 0, "shapes: images of the train split (default 10000)")
	c.Flags().IntVar(&f.nTest, "n-test", 0, "shapes: images of the test split (default 2000)")
}

// options are what the flags say, checked by the caller. The error begins with
// the flag or argument that names the data set.
func (f *dataFlags) options(flag string) (dataset.Options, error) {
	o, err := dataset.Parse(f.data)
	if err != nil {
		name, _, _ := strings.Cut(f.data, ":")
		return o, usagef("%s %q is not a data set: want NAME or NAME:DIR%s", flag, name, experiments.Suggest(name, dataset.Names()))
	}
	o.Split, o.Size, o.Train, o.Test = f.split, f.size, f.nTrain, f.nTest
	return o, nil
}

// openData reads a split; options that cannot be are errors in how the command
// was called, files that cannot be read bad input.
func openData(o dataset.Options) (*dataset.Dataset, error) {
	d, err := dataset.Open(o)
	var p *dataset.Problem
	if errors.As(err, &p) {
		return nil, usagef("%w", err)
	}
	return d, badInput(err)
}
