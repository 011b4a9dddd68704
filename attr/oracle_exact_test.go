package attr

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
)

// checkExact compares the exact integral with a float64 one from outside, and
// prints how far every other quadrature is from ours.
func checkExact(t *testing.T, o outside) {
	want, deltas := o.array(t, "ig_exact").Float64s(), o.array(t, "ig_exact.delta").Float64s()
	size := o.env.size()
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "image\tregions\trelative error\tdelta\tshare of F(x)-F(b)\tdelta from outside")
	exact := attribute(t, o.env, exactIG(), o.in)
	for i, a := range exact {
		d, share := relative(a.Map, want[i*size:(i+1)*size]), math.Abs(a.delta()/(a.FX-a.FB))
		fmt.Fprintf(tw, "%d\t%d\t%.1e\t%.1e\t%.1e\t%.1e\n", i, a.Steps, d, a.delta(), share, deltas[i])
		if !(d <= 1e-5) {
			t.Errorf("image %d: relative error %v, want 1e-5", i, d)
		}
		if !(share <= 1e-5) {
			t.Errorf("image %d: delta is %v of F(x)-F(b), want 1e-5", i, share)
		}
	}
	fmt.Fprintln(tw, "\nquadrature, 50 steps\timage\terror against exact\tdelta")
	for _, q := range quadratures {
		ig := &IntegratedGradients{NSteps: 50, Quadrature: q, MultiplyByInputs: true}
		for i, a := range attribute(t, o.env, ig, o.in) {
			yard := make([]float64, size)
			for j, v := range exact[i].Map {
				yard[j] = float64(v)
			}
			fmt.Fprintf(tw, "%s\t%d\t%.1e\t%.1e\n", q, i, relative(a.Map, yard), a.delta())
		}
	}
	tw.Flush()
	t.Log("\n" + table.String())
}

func TestExactIntegralOutside(t *testing.T) { checkExact(t, committed(t)) }

func TestExactIntegralOutsideOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	checkExact(t, openOutside(t, dir, weights))
}
