package reports

import (
	"encoding/csv"
	"slices"
)

// sampling is the table of what methods report of their own numerics: how many
// steps they chose, and the standard error of what they drew. It lists the
// configurations that have either; nil if none has.
func (r *Run) sampling() *Table {
	var rows []int
	steps, drawn := false, false
	for _, i := range r.order() {
		a := &r.Attributions[i]
		if a.Steps != nil || a.StdErr != nil {
			rows = append(rows, i)
		}
		steps = steps || a.Steps != nil
		drawn = drawn || a.StdErr != nil
	}
	if len(rows) == 0 {
		return nil
	}
	t := &Table{ID: "sampling", Title: "Steps and sampling error", Columns: attributionColumns()}
	if steps {
		t.Columns = append(t.Columns, estimateColumn("mean steps"), Column{Name: "most steps", Numeric: true})
		t.Caption = "Steps are what a method took for an image where it chooses their number itself: gradients on the path with a tolerance, affine regions of the exact integral, noisy copies of a noise_tunnel with a tolerance. "
	}
	if drawn {
		t.Columns = append(t.Columns, estimateColumn("mean standard error"), Column{Name: "largest standard error", Numeric: true})
		t.Caption += "The standard error is that of the map, for the method's own random draws and one image, as a share of the map: Euclidean norm of the standard errors of all values over the norm of the map. At 1 a map is as large as its noise. "
	}
	t.Caption += "Means are over images; " + interval + "; " + images(len(r.Images)) + "."
	var absent []absence
	for k, i := range rows {
		a := &r.Attributions[i]
		cells, rule := r.attributionCells(rows, k)
		if steps {
			e := Estimated(floats(a.Steps))
			most := Cell{Number: &number{}, CSV: []string{""}}
			if len(a.Steps) > 0 {
				most = integer(slices.Max(a.Steps))
			}
			cells = append(cells, estimated(e), most)
		}
		if drawn {
			e := Estimated(a.StdErr)
			absent = note(absent, "standard error", e, i)
			cells = append(cells, estimated(e), value(e.Max))
		}
		t.Rows = append(t.Rows, Row{Cells: cells, Rule: rule})
	}
	t.Notes = append(r.common(rows), r.notes(absent)...)
	return t
}

func floats(v []int) []float64 {
	x := make([]float64, len(v))
	for i, n := range v {
		x[i] = float64(n)
	}
	return x
}

// writeSampling writes the numbers behind the table into the file of all.
func (r *Run) writeSampling(c *csv.Writer) error {
	for _, i := range r.order() {
		a := &r.Attributions[i]
		for _, s := range []struct {
			name   string
			values []float64
		}{{"steps", floats(a.Steps)}, {"relative standard error", a.StdErr}} {
			for k, v := range s.values {
				err := c.Write([]string{a.Method, params(a.Params), "sampling", s.name, "", itoa(r.Images[k].Index), exact(v)})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}
