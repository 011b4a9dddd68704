package experiments

import (
	"slices"

	"assay/attr"
	"assay/train/dataset"
)

// Reference is what baselines take from the training images. The zero value is
// for methods that take nothing.
type Reference struct {
	train *dataset.Dataset // nil where no method draws images
	mean  []float32        // [C*H*W] normalised; nil where no method asks
}

// NewReference returns what the methods ask of the training images. open is
// called if they ask anything, at most once; nil from it is passed on as
// nothing.
func NewReference(ms []attr.Method, open func() *dataset.Dataset) Reference {
	_, draws := training(ms)
	mean := slices.ContainsFunc(ms, attr.UsesMeanImage)
	if !draws && !mean {
		return Reference{}
	}
	d := open()
	if d == nil {
		return Reference{}
	}
	var r Reference
	if draws {
		r.train = d
	}
	if mean {
		r.mean = meanImage(d)
	}
	return r
}

// training returns how many training images the methods need at least, and
// whether they use any.
func training(ms []attr.Method) (least int, uses bool) {
	for _, m := range ms {
		if n, ok := attr.UsesTraining(m); ok {
			least, uses = max(least, n), true
		}
	}
	return least, uses
}

// Fill puts the images where methods look for them.
func (r Reference) Fill(e *attr.Env) {
	e.MeanImage = r.mean
	if r.train != nil {
		e.Train, e.TrainSize = r.train.Normalize, r.train.Len()
	}
}

// meanImage returns the mean of the images pixel by pixel, normalised. Sums of
// pixels are whole numbers, so their order does not matter.
func meanImage(d *dataset.Dataset) []float32 {
	size := d.Shape.Size()
	sum := make([]int64, size)
	for i := range d.Len() {
		for j, v := range d.Image(i) {
			sum[j] += int64(v)
		}
	}
	area := d.Shape.H * d.Shape.W
	mean := make([]float32, size)
	for j, v := range sum {
		m := float64(v) / float64(d.Len()) / 255
		mean[j] = float32((m - float64(d.Mean[j/area])) / float64(d.Std[j/area]))
	}
	return mean
}

// references opens the training images for the baselines that are made of them.
func (b *Bench) references(d *decoder, at positions) {
	var ms []attr.Method
	for _, a := range b.Spec.Attributions {
		ms = append(ms, a.Method)
	}
	var train *dataset.Dataset
	b.ref = NewReference(ms, func() *dataset.Dataset {
		if train = b.train; train == nil {
			train = b.split("train", d, at.of("data"))
		}
		return train
	})
	if train == nil {
		return
	}
	b.refSum = train.Hash()
	for _, a := range b.Spec.Attributions {
		d.wants(a.Method, a.at, train)
	}
}

// wants reports a method that wants more training images than there are.
func (d *decoder) wants(m attr.Method, at positions, train *dataset.Dataset) {
	if n, _ := attr.UsesTraining(m); n > train.Len() {
		d.fault(at.of("baseline"), "baseline wants %d training images, %s has %d", n, train.Name, train.Len())
	}
}

// usesReference tells whether training images are part of what a method
// computes.
func usesReference(m attr.Method) bool {
	_, draws := attr.UsesTraining(m)
	return draws || attr.UsesMeanImage(m)
}
