package reports

import (
	"bytes"
	"encoding/csv"
	"fmt"
)

func (t *Table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var head []string
	for _, c := range t.Columns {
		if c.CSV == nil {
			head = append(head, c.Name)
		}
		head = append(head, c.CSV...)
	}
	if err := w.Write(head); err != nil {
		return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
	}
	for _, r := range t.Rows {
		var row []string
		for _, c := range r.Cells {
			row = append(row, c.CSV...)
		}
		if len(row) != len(head) {
			return nil, fmt.Errorf("reports: table %s: a CSV row has %d values, want %d", t.ID, len(row), len(head))
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("reports: table %s: %w", t.ID, err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
