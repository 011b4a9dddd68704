package reports

// pictured lists the images whose pixels the run holds.
func (r *Run) pictured() []int {
	var list []int
	for i, im := range r.Images {
		if im.Pixels != nil {
			list = append(list, i)
		}
	}
	return list
}

// predictions is the table of what the network says of the pictured images.
func (r *Run) predictions() *Table {
	images := r.pictured()
	if len(images) == 0 {
		return nil
	}
	t := &Table{
		ID: "predictions", Title: "Predictions for the pictured images",
		Columns: []Column{
			{Name: "image", Numeric: true},
			{Name: "label"},
			{Name: "predicted"},
			{Name: "probability", Numeric: true},
			{Name: "label's probability", Numeric: true},
			{Name: "explained"},
		},
	}
	right, contrast := 0, false
	for _, im := range r.Images {
		if im.Label == im.Predicted {
			right++
		}
		contrast = contrast || im.Contrast
	}
	t.Caption = "Probabilities are each image's own softmax: of the predicted class and of the label. Explained is the class whose output the maps attribute" +
		map[bool]string{true: ", or of two classes the difference of their outputs"}[contrast] + ". " + rightly(right, len(r.Images))
	for _, i := range images {
		im := &r.Images[i]
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			integer(im.Index), textCell(r.className(im.Label)), textCell(r.className(im.Predicted)),
			precise(im.Probability, 4), precise(im.LabelProb, 4), textCell(r.aim(im)),
		}})
	}
	return t
}
