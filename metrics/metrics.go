// Package metrics scores attribution maps.
package metrics

import (
	"context"

	"assay/model"
)

// Metric is one evaluation with its settings: a pointer to a plain struct whose
// yaml tags are the public names of the options. Series, Score and Cost are for
// settings that Check found no fault with.
type Metric interface {
	// Check reports every option that is out of range or that the network
	// cannot carry, as Problems joined by errors.Join.
	Check(n *model.Net) error
	// Series describes what Score returns for every image.
	Series(n *model.Net) []Series
	// Score returns for each case the values of all series, one after another.
	// NaN marks a value that is not defined for the image, never a fault.
	Score(e *Env, cases []Case) ([][]float64, error)
}

// Env is what a metric runs in.
type Env struct {
	Ctx    context.Context
	Worker *model.Worker
	Seed   uint64
	Mean   []float32 // [C] mean of the normalised training images
	// Explain attributes the cases anew, by the method under test, with another
	// model or with other inputs (cases[i].X). emit gets [C*H*W], valid during
	// the call only.
	Explain func(m *model.Model, cases []Case, emit func(i int, m []float32)) error
	// Exact gives the maps [C*H*W] that the method under test approximates, on
	// the worker's model; nil if it is no quadrature of a path integral.
	Exact func(cases []Case, emit func(i int, m []float32)) error
}

// Case is one image with its attribution.
type Case struct {
	Index     int       // in its data set
	X         []float32 // [C*H*W], normalised
	Label     int
	Predicted int
	Target    model.Target // what was explained
	Logits    []float32
	Map       []float32              // [C*H*W]
	FX, FB    float64                // target at the input and at the baseline
	Summed    bool                   // FB is defined and the map is meant to sum to FX-FB
	Reversed  bool                   // the delta is FX-FB less the sum: Captum's sign for LRP
	Relevance []model.RelevanceShare // LRP's account, layer by layer; nil for other methods
	Mask      []byte                 // [H*W], not 0 on the object; nil where the data set has no masks
}

// Series is one number or one curve per image.
type Series struct {
	Name   string    // "auc", "curve"
	About  string    // what it is, with its unit
	X      []float64 // abscissae of a curve; nil for a single number
	XName  string    // "fraction of pixels deleted"
	Ticks  []string  // names of the abscissae where they are not numbers (layers)
	Better int       // +1 higher is better, -1 lower, 0 neither
}

// Len returns how many values the series has per image.
func (s Series) Len() int { return max(1, len(s.X)) }

// Problem is one option that cannot be.
type Problem struct {
	Option string // yaml name
	Msg    string // "is 0, want 1 to 1024 pixels"
}

func (p *Problem) Error() string { return p.Option + " " + p.Msg }

// Entry is a line of the metric table.
type Entry struct {
	New      func() Metric // with the defaults
	About    string        // one line
	Citation string
	Family   string // one of Families
	Departs  string // in what the numbers or defaults of a metric that follows Quantus differ from its; empty elsewhere
}
