// Package reports turns the results of a run into tables, figures and pages.
// It knows nothing of networks or stores: a Run is all it gets.
package reports

// Run is everything a report is made of.
type Run struct {
	Name         string
	Spec         string // the YAML as the user wrote it
	Canonical    string // the specification in full, every default written out
	Facts        []Fact // seeds, versions, hashes, in the order to print
	Classes      []string
	C, H, W      int
	Images       []Image // all images of the run, in order
	Attributions []Attribution
	Metrics      []Metric
	Scores       []Score
	Training     *Training // nil where weights were loaded
	Warnings     []string
	Formats      []string  // tables: text, markdown, csv, latex, html; all if nil, no table files if empty
	Figures      []string  // png, svg, pdf; all if nil, no figures at all if empty
	Pictures     []Picture // how maps are drawn, several ways side by side; DefaultPicture if empty

	index *index // set while a report is made of the run
}

// Fact is one line of provenance.
type Fact struct{ Name, Value string }

// Image is one explained image.
type Image struct {
	Index       int // in its data set
	Label       int
	Predicted   int
	Probability float64 // softmax of the predicted class
	LabelProb   float64 // softmax of the label
	Target      int     // the class that was explained
	Minus       int     // the class whose output was taken off, if Contrast
	Contrast    bool    // the difference of two outputs was explained
	Pixels      []byte  // [C][H][W]; nil for images that are not pictured
}

// Shape is the size of a map.
type Shape struct{ C, H, W int }

// String writes the shape as 6 x 14 x 14.
func (s Shape) String() string { return itoa(s.C) + " x " + itoa(s.H) + " x " + itoa(s.W) }

// Param is one hyperparameter by its YAML name, value as written.
type Param struct{ Name, Value string }

// Attribution is one row of every comparison: a method with all its
// hyperparameters, or a control.
type Attribution struct {
	ID      string      // unique, stable, fit for a file name: "integrated_gradients-n_steps=50"
	Method  string      // "integrated_gradients"
	Params  []Param     // those that differ from the default or are swept, in the struct's order
	All     []Param     // every one
	Control bool        // random, edge_detector
	Shape   Shape       // of the maps; zero is the images' own
	Maps    [][]float32 // [image][C*H*W of Shape]; nil for images that are not pictured
	Steps   []int       // [image] steps, regions or samples that the method took; nil where it does not choose their number
	// Constant tells for each image whether the map has one value everywhere and so
	// ranks nothing; nil where none has. Such maps can win nothing.
	Constant []bool
	// Positive says in captions what a positive value of the maps stands for, after
	// the word "positive": "speaks for the explained class"; "" where that is not
	// known.
	Positive string
	StdErr   []float64 // [image] Euclidean norm of the map's standard errors over that of the map, NaN where the map is 0; nil where nothing is drawn
}

// Metric is one metric configuration.
type Metric struct {
	ID     string // "deletion-substrate=blur"
	Metric string // "deletion"
	Family string // "faithfulness"; what tables of many metrics are split by
	Params []Param
	All    []Param
	Series []Series
}

// Series describes one number or curve per image (see package metrics).
type Series struct {
	Name, About, XName string
	X                  []float64
	Ticks              []string
	Better             int
}

// Score holds the values of one metric for one attribution.
type Score struct {
	Attribution, Metric int           // indices into Run
	Images              []int         // indices into Run.Images, those scored
	Values              [][][]float64 // [series][scored image][1 or len(X)]; NaN where undefined
}

// Training is the history of the network trained for the run.
type Training struct {
	Epochs    []Epoch
	Running   []float64 // mean loss of each interval of batches, as the tutorial prints it
	Interval  int       // batches per running loss
	Confusion [][]int   // [label][predicted] on the test split
	PerClass  []Class
	Accuracy  float64 // test split, 0..1
}

// Epoch is one pass over the training split.
type Epoch struct {
	Loss, TrainAccuracy, TestAccuracy, LR float64 // accuracies 0..1 after the epoch, of a fixed sample of the training split and of the test split
}

// Class is one row of the classification report.
type Class struct {
	Name                  string
	Precision, Recall, F1 float64 // NaN where undefined
	Support               int
}
