// Package attr computes attribution maps: for every input value of an image, a
// score for its part in one logit.
//
// A method is a plain struct of options; Methods lists them under the names of
// Captum (Kokhlikyan et al. 2020), with its defaults. README.md in this
// directory gives the semantics and every departure from Captum.
//
// # Arithmetic
//
// The engine gives float32 gradients whose bits do not depend on the batch.
// Points on a path and noisy copies are one float32 fused multiply-add a value
// (model.Lerp, model.AddScaled). Everything after the gradients is float64,
// each product rounded by itself, each sum one chain in the order of the points
// of one image; a map value is rounded to float32 once, at the end. So a map
// has the same bits whatever images, workers or configurations it was computed
// beside.
package attr

import (
	"context"

	"assay/model"
)

// Method is one attribution method with its hyperparameters: a pointer to a
// plain struct whose yaml tags are the public names of the options.
type Method interface {
	// Check reports every option that is out of range or that the network
	// cannot carry, as Problems joined by errors.Join.
	Check(n *model.Net) error
	// Attribute explains the inputs and calls emit once for each, in order.
	Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error
}

// Shaped is implemented by methods whose maps have another shape than the
// image: those that attribute to a layer.
type Shaped interface {
	// Shape returns the maps' shape on a network that passed Check.
	Shape(n *model.Net) model.Shape
}

// MapShape returns the shape of m's maps on n.
func MapShape(m Method, n *model.Net) model.Shape {
	if s, ok := m.(Shaped); ok {
		return s.Shape(n)
	}
	return n.Input
}

// Env is what a method runs in.
type Env struct {
	Ctx    context.Context
	Worker *model.Worker
	Seed   uint64    // of the run; every draw names its own stream (model/rng)
	Mean   []float32 // [C] of pixel/255, and
	Std    []float32 // [C] of the data set: what a PNG or JPEG baseline is normalised with

	// MeanImage is the mean of the training images, normalised [C*H*W], for
	// baseline mean; nil where no method asks (UsesMeanImage).
	MeanImage []float32
	// Train writes training image i, 0 <= i < TrainSize, normalised into x
	// [C*H*W], for baseline train; nil where no method asks (UsesTraining). It is
	// called from several goroutines.
	Train     func(i int, x []float32)
	TrainSize int
}

// Input is one image to explain.
type Input struct {
	Index  int       // in its data set: names the image's random streams
	X      []float32 // [C*H*W], normalised
	Target model.Target
}

// Attribution is the answer for one image. Map is valid during emit only.
type Attribution struct {
	Map    []float32 // [C*H*W] of MapShape
	FX     float64   // the target's value at the input
	FB     float64   // and at the baseline, where Summed
	Summed bool      // the map is meant to sum to FX-FB (completeness)
	// Reversed says that the delta is meant as FX-FB less the sum, not the sum
	// less FX-FB: Captum's sign for LRP.
	Reversed bool
	// Bias is what LRP gave to biases: that part of FX is not in the map.
	Bias float64
	// Relevance is LRP's account, layer by layer. Valid during emit only, as Map.
	Relevance []model.RelevanceShare
	// StdErr is the standard error of every map value where the method draws
	// samples, and nil where it draws none, or a single one. Valid during emit only,
	// as Map.
	StdErr []float32
	// Doubt is what makes the map doubtful.
	Doubt Doubt
	Steps int // points on the path that were used, where the method chose their number; or regions of the exact integral; else 0
}

// Problem is one option that cannot be.
type Problem struct {
	Option string // yaml name, "n_steps" or "over.n_steps"
	Msg    string // "is 0, want 1 to 100000"
}

func (p *Problem) Error() string { return p.Option + " " + p.Msg }

// Entry is a line of the method table.
type Entry struct {
	New      func() Method // with the defaults
	About    string        // one line
	Citation string
	Departs  string // one sentence where options, defaults or numbers differ from Captum's, or that it is not in Captum; empty where nothing does
	Family   string // one of Families
}
