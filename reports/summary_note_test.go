package reports

import (
	"slices"
	"strings"
	"testing"
)

// The table that shows sensitivity_max, and no other, says what a low value is
// worth.
func TestSensitivityIsQualified(t *testing.T) {
	r := scored([]string{"x", "y"}, 4)
	r.Metrics[1].Metric = "sensitivity_max"
	for _, table := range r.summaries() {
		noted := slices.ContainsFunc(table.Notes, func(n string) bool { return strings.HasPrefix(n, "A low sensitivity_max is no merit") })
		if want := table.ID == "summary-y"; noted != want {
			t.Errorf("%s: noted %v, want %v", table.ID, noted, want)
		}
	}
}
