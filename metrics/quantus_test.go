package metrics

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// quantusRows are the metrics of Quantus whose values we hold ourselves against,
// with the settings that the values were computed with.
var quantusRows = map[string]Metric{
	"pointing_game":            &PointingGame{Abs: true},
	"attribution_localisation": &AttributionLocalisation{Abs: true, MaxSize: 1},
	"auc":                      &LocalisationAUC{Abs: true},
	"relevance_mass_accuracy":  &RelevanceMassAccuracy{Abs: true},
	"relevance_rank_accuracy":  &RelevanceRankAccuracy{Abs: true},
	"top_k_intersection":       &TopKIntersection{K: 100, Abs: true},
	"complexity":               &Complexity{Features: "values"},
	"effective_complexity":     &EffectiveComplexity{Target: "explained", Tolerance: 0.1, Step: 32, NSamples: 1, Eps: 1e-2, Compat: "quantus"},
	"sparseness":               &Sparseness{Features: "values", Compat: "quantus"},
}

var quantusName = regexp.MustCompile(`^quantus_(.+)_(saliency|ig_gausslegendre_50|deeplift_exact|guided_backprop)$`)

// The values of Quantus, which computes in float32.
func TestQuantus(t *testing.T) {
	for name, cifar10 := range map[string]bool{"synthetic": false, "cifar10": true} {
		t.Run(name, func(t *testing.T) {
			o := openOutside(t, cifar10)
			var table strings.Builder
			tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tw, "array\trelative error")
			checked := 0
			for _, array := range slices.Sorted(maps.Keys(o.arrays)) {
				p := quantusName.FindStringSubmatch(array)
				if p == nil {
					continue
				}
				checked++
				m := quantusRows[p[1]]
				if m == nil {
					t.Errorf("%s is of a metric that no row of this test names", array)
					continue
				}
				if err := m.Check(o.worker.Model().Net()); err != nil {
					t.Errorf("%s: the settings are refused: %v", array, err)
				}
				got, err := m.Score(o.env(), o.cases(t, p[2]))
				if err != nil {
					t.Fatal(err)
				}
				worst := 0.0
				for i, want := range o.float64s(t, array) {
					off := math.Abs(got[i][0] - want[0])
					if want[0] != 0 {
						off /= math.Abs(want[0])
					}
					worst = max(worst, off)
					if !(off <= 1e-6) {
						t.Errorf("%s: image %d: got %v, want %v", array, i, got[i][0], want[0])
					}
				}
				fmt.Fprintf(tw, "%s\t%.1e\n", array, worst)
			}
			tw.Flush()
			t.Log("\n" + table.String())
			if checked != 36 {
				t.Errorf("%d arrays were checked, want 36", checked)
			}
		})
	}
}

// What Quantus adds to every magnitude hardly shows where the map is not small:
// the published index is beside it.
func TestSparsenessBesideQuantus(t *testing.T) {
	o := openOutside(t, false)
	cases := o.cases(t, "saliency")
	published, err := (&Sparseness{Features: "values", Normalise: true}).Score(o.env(), cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range o.float64s(t, "quantus_sparseness_saliency") {
		if got := published[i][0]; got <= want[0] || got > want[0]+1e-5 {
			t.Errorf("image %d: got %v, want a little more than %v", i, got, want[0])
		}
	}
}
