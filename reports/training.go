package reports

import "math"

// epochs is the table of the training's course.
func (t *Training) epochs() *Table {
	if len(t.Epochs) == 0 {
		return nil
	}
	out := &Table{
		ID: "training", Title: "Training",
		Caption: "Mean loss over the training batches as they passed; accuracy after each epoch, in percent, on a fixed random sample of the training split as large as the test split, without augmentation, and on the test split.",
		Columns: []Column{
			{Name: "epoch", Numeric: true},
			{Name: "learning rate", Numeric: true},
			{Name: "loss", Numeric: true},
			{Name: "training accuracy (%)", Numeric: true, CSV: []string{"training accuracy"}},
			{Name: "test accuracy (%)", Numeric: true, CSV: []string{"test accuracy"}},
		},
	}
	for i, e := range t.Epochs {
		out.Rows = append(out.Rows, Row{Cells: []Cell{
			integer(i + 1), value(e.LR), precise(e.Loss, 4), percent(e.TrainAccuracy), percent(e.TestAccuracy),
		}})
	}
	return out
}

// percent shows a fraction in percent; CSV keeps the fraction.
func percent(x float64) Cell {
	c := precise(100*x, 2)
	c.CSV = []string{exact(x)}
	return c
}

// classification is the table of precision, recall and F1 per class.
func (t *Training) classification() *Table {
	if len(t.PerClass) == 0 {
		return nil
	}
	out := &Table{
		ID: "classification", Title: "Classification on the test split",
		Caption: "Precision is the share of right ones among the images given a class, recall the share found among the images of the class, F1 their harmonic mean, support the number of images of the class. Last row: unweighted means over classes and all images.",
		Columns: []Column{
			{Name: "class"},
			{Name: "precision", Numeric: true},
			{Name: "recall", Numeric: true},
			{Name: "F1", Numeric: true},
			{Name: "support", Numeric: true},
		},
	}
	var p, r, f []float64
	support := 0
	for _, c := range t.PerClass {
		out.Rows = append(out.Rows, Row{Cells: []Cell{
			textCell(c.Name), precise(c.Precision, 3), precise(c.Recall, 3), precise(c.F1, 3), integer(c.Support),
		}})
		p, r, f = append(p, c.Precision), append(r, c.Recall), append(f, c.F1)
		support += c.Support
	}
	out.Rows = append(out.Rows, Row{Rule: true, Cells: []Cell{
		textCell("mean"), precise(Estimated(p).Mean, 3), precise(Estimated(r).Mean, 3), precise(Estimated(f).Mean, 3), integer(support),
	}})
	undefinedClasses := 0
	for i := range p {
		if math.IsNaN(p[i]) || math.IsNaN(r[i]) || math.IsNaN(f[i]) {
			undefinedClasses++
		}
	}
	if undefinedClasses > 0 {
		out.Notes = []string{"Undefined (" + undefined + ") for " + itoa(undefinedClasses) + " of " + itoa(len(p)) + " classes, which were never predicted or have no images; the means leave them out."}
	}
	return out
}

// confusion is the confusion matrix as a table.
func (r *Run) confusion() *Table {
	m := r.Training.Confusion
	if len(m) == 0 {
		return nil
	}
	out := &Table{
		ID: "confusion", Title: "Confusion matrix on the test split", detail: true,
		Caption: "Number of test images by label (rows) and predicted class (columns).",
		Columns: []Column{{Name: "label"}},
	}
	for c := range m {
		out.Columns = append(out.Columns, Column{Name: r.className(c), Numeric: true})
	}
	for l, row := range m {
		cells := []Cell{textCell(r.className(l))}
		for _, n := range row {
			cells = append(cells, integer(n))
		}
		out.Rows = append(out.Rows, Row{Cells: cells})
	}
	return out
}
