package train

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/evaluation"
)

// Class is one row of a classification report.
type Class struct {
	Name      string
	Precision float64 // share of the images predicted as the class that are of it; NaN if none is predicted
	Recall    float64 // share of the class's images predicted as such; NaN if there are none
	F1        float64 // harmonic mean, 2TP/(2TP+FP+FN); 0 without true positives, NaN if the class neither occurs nor is predicted
	Support   int     // images of the class
}

// Confusion counts the images by label and predicted class, both below classes:
// [label][predicted]. The counting is golearn's.
func Confusion(labels, predicted []int, classes int) ([][]int, error) {
	if len(labels) == 0 || len(labels) != len(predicted) {
		return nil, fmt.Errorf("train: confusion matrix of %d labels and %d predictions", len(labels), len(predicted))
	}
	for i := range labels {
		for _, c := range []int{labels[i], predicted[i]} {
			if c < 0 || c >= classes {
				return nil, fmt.Errorf("train: confusion matrix: image %d has class %d, want 0 to %d", i, c, classes-1)
			}
		}
	}
	reference, err := column(labels, classes)
	if err != nil {
		return nil, err
	}
	generated, err := column(predicted, classes)
	if err != nil {
		return nil, err
	}
	counts, err := evaluation.GetConfusionMatrix(reference, generated)
	if err != nil {
		return nil, fmt.Errorf("train: confusion matrix: %w", err)
	}
	matrix := make([][]int, classes)
	for label := range matrix {
		matrix[label] = make([]int, classes)
		for p := range matrix[label] {
			matrix[label][p] = counts[strconv.Itoa(label)][strconv.Itoa(p)]
		}
	}
	return matrix, nil
}

// column makes golearn's table of one categorical column from class numbers.
// Categories are the numbers, for names need not be unique.
func column(v []int, classes int) (*base.DenseInstances, error) {
	attribute := base.NewCategoricalAttribute()
	attribute.SetName("class")
	system := make([][]byte, classes)
	for c := range system {
		system[c] = attribute.GetSysValFromString(strconv.Itoa(c))
	}
	d := base.NewDenseInstances()
	spec := d.AddAttribute(attribute)
	if err := d.AddClassAttribute(attribute); err != nil {
		return nil, fmt.Errorf("train: confusion matrix: %w", err)
	}
	if err := d.Extend(len(v)); err != nil {
		return nil, fmt.Errorf("train: confusion matrix: %w", err)
	}
	for row, c := range v {
		d.Set(spec, row, system[c])
	}
	return d, nil
}

// golearn turns a matrix [label][predicted] into golearn's.
func golearn(matrix [][]int) evaluation.ConfusionMatrix {
	m := evaluation.ConfusionMatrix{}
	for label, row := range matrix {
		counts := map[string]int{}
		for p, n := range row {
			counts[strconv.Itoa(p)] = n
		}
		m[strconv.Itoa(label)] = counts
	}
	return m
}

// Accuracy returns the share of the images on the matrix's diagonal, 0..1, by
// golearn; NaN for a matrix without images.
func Accuracy(matrix [][]int) float64 { return evaluation.GetAccuracy(golearn(matrix)) }

// Report computes precision, recall and F1 of every class from a confusion
// matrix [label][predicted] by golearn. names holds a name per row.
func Report(names []string, matrix [][]int) []Class {
	m := golearn(matrix)
	report := make([]Class, len(matrix))
	for i, row := range matrix {
		c := strconv.Itoa(i)
		r := Class{
			Name:      names[i],
			Precision: evaluation.GetPrecision(c, m),
			Recall:    evaluation.GetRecall(c, m),
			F1:        evaluation.GetF1Score(c, m),
		}
		for _, n := range row {
			r.Support += n
		}
		// golearn divides 0 by 0 where a class is never predicted or never
		// right. F1 is then still 0, unless the class does not occur at all.
		if math.IsNaN(r.F1) && !(math.IsNaN(r.Precision) && math.IsNaN(r.Recall)) {
			r.F1 = 0
		}
		report[i] = r
	}
	return report
}
