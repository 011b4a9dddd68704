package main

import (
	"fmt"

	"assay/attr"
	"assay/experiments"
	"assay/train/dataset"
)

// plan checks everything that the flags say and opens what they name. Nothing is
// computed, and what costs nothing is checked before data are read.
func (f *attributeFlags) plan() (*attribution, error) {
	for _, need := range []struct{ name, value, example string }{
		{"method", f.method, "integrated_gradients"},
		{"out", f.out, "maps.npz"},
	} {
		if need.value == "" {
			return nil, usagef("assay attribute: --%s is missing, as in --%s %s", need.name, need.name, need.example)
		}
	}
	if f.workers < 0 {
		return nil, usagef("--workers is %d, want 1 or more, or 0 for the number of cores", f.workers)
	}
	if err := canWrite("--out", f.out); err != nil {
		return nil, err
	}
	flagged, err := experiments.DecodeMethod(f.method, f.params, "--param")
	if err != nil {
		return nil, usagef("%w", err)
	}
	source, err := loadNet(f.net)
	if err != nil {
		return nil, err
	}
	o, err := f.options("--data")
	if err != nil {
		return nil, err
	}
	o.Mean, o.Std = f.mean, f.std

	a := &attribution{method: flagged.Method, seed: f.seed}
	if a.data, err = openData(o); err != nil {
		return nil, err
	}
	if a.images, err = dataset.Indices(f.images, a.data.Len()); err != nil {
		return nil, usagef("--images: %w", err)
	}
	if len(a.images) == 0 {
		return nil, usagef("--images %q chooses no image", f.images)
	}
	if a.aim, err = experiments.Target(f.target).Resolve(a.data.Classes); err != nil {
		return nil, usagef("--target: %w", err)
	}
	net, err := netFor(source, a.data)
	if err != nil {
		return nil, err
	}
	if err := flagged.Check(net); err != nil {
		return nil, usagef("%w", err)
	}
	if f.weights == "" {
		a.model, err = defaultModel(source, net, a.data)
	} else {
		a.model, err = readModel(net, f.weights)
	}
	if err != nil {
		return nil, err
	}
	train, err := a.takeReference(o)
	if err != nil {
		return nil, fmt.Errorf("the training images, which --method %s takes its baselines from: %w", f.method, err)
	}
	if train != nil {
		if err := flagged.CheckTraining(train); err != nil {
			return nil, usagef("%w", err)
		}
	}
	a.provenance, err = experiments.Explained{
		Method: a.method, Net: source, Model: a.model, Weights: f.weights,
		Data: a.data, Options: o, Train: train, Images: f.images,
		Target: experiments.Target(f.target), Seed: f.seed,
	}.Provenance()
	return a, err
}

// takeReference takes from the training images what the method asks of them, and
// returns them; nil where it asks nothing.
func (a *attribution) takeReference(o dataset.Options) (train *dataset.Dataset, err error) {
	a.ref = experiments.NewReference([]attr.Method{a.method}, func() *dataset.Dataset {
		if train = a.data; o.Split != "train" {
			o.Split = "train"
			train, err = openData(o)
		}
		return train
	})
	return train, err
}
