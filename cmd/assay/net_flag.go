package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/model"
	"assay/train"
	"assay/train/dataset"
)

// addNet adds the flag that names a network.
func addNet(c *cobra.Command, net *string) {
	c.Flags().StringVar(net, "net", "tutorial", "preset network or YAML `file` with layers, see 'assay list nets'")
}

// loadNet reads the network that --net names, see experiments.LoadNet.
func loadNet(name string) (*experiments.NetSource, error) {
	s, err := experiments.LoadNet(name, "--net")
	return s, netError(err)
}

// netError marks an error of experiments.LoadNet as the file's, or else as one in
// how the command was called.
func netError(err error) error {
	var input *experiments.InputError
	var faults experiments.Faults
	if err == nil || errors.As(err, &input) || errors.As(err, &faults) {
		return err
	}
	return usagef("%w", err)
}

// netFor makes the network for the images of a data set.
func netFor(s *experiments.NetSource, d *dataset.Dataset) (*model.Net, error) {
	n, err := s.For(d.Shape, len(d.Classes), d.Name)
	if err != nil && !s.File {
		return nil, usagef("%w", err)
	}
	return n, err
}

// readModel reads weights for a network.
func readModel(n *model.Net, weights string) (*model.Model, error) {
	w, err := model.ReadWeights(weights)
	if err != nil {
		return nil, badInput(err)
	}
	m, err := model.New(n, w)
	if err != nil {
		return nil, badInput(fmt.Errorf("%s: %w", filepath.Base(weights), err))
	}
	return m, nil
}

// defaultModel is the network with the weights that come with assay, where they
// are of it.
func defaultModel(s *experiments.NetSource, n *model.Net, d *dataset.Dataset) (*model.Model, error) {
	if d.Name != "shapes" || s.Preset() != "tutorial" {
		return nil, usagef("--weights is missing: the weights that come with assay are the tutorial network's for data set shapes, not %s's for %s", s.Name, d.Name)
	}
	w, err := train.DefaultWeights()
	if err != nil {
		return nil, err
	}
	return model.New(n, w)
}
