package attr

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"assay/model/npy"
	"assay/model/rng"
)

// outsideRows pairs arrays computed by PyTorch and Captum with our
// configurations. DeepLift as published has a test of its own (reference).
func outsideRows(noise func(index, sample int, z []float32)) []struct {
	array string
	m     Method
} {
	type row = struct {
		array string
		m     Method
	}
	black := ConstantBaseline(-1)
	rows := []row{
		{"saliency", &Saliency{Abs: true}},
		{"saliency_signed", &Saliency{}},
		{"ig_black_50", &IntegratedGradients{NSteps: 50, Quadrature: "gausslegendre", MultiplyByInputs: true, Baseline: black}},
		{"ig_local_50", &IntegratedGradients{NSteps: 50, Quadrature: "gausslegendre"}},
		{"deeplift", &DeepLift{MultiplyByInputs: true, Compat: "captum"}},
		{"deeplift_black", &DeepLift{MultiplyByInputs: true, Compat: "captum", Baseline: black}},
		{"deeplift_multipliers", &DeepLift{Compat: "captum"}},
	}
	for _, q := range quadratures {
		for _, n := range []int{5, 20, 50, 200} {
			rows = append(rows, row{
				fmt.Sprintf("ig_%s_%d", q, n),
				&IntegratedGradients{NSteps: n, Quadrature: q, MultiplyByInputs: true, Compat: "captum"},
			})
		}
	}
	for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
		for _, over := range []struct {
			name string
			m    Method
		}{
			{"saliency", &Saliency{Abs: true}},
			{"ig20", &IntegratedGradients{NSteps: 20, Quadrature: "gausslegendre", MultiplyByInputs: true}},
			{"deeplift", &DeepLift{MultiplyByInputs: true, Compat: "captum"}},
		} {
			rows = append(rows, row{
				fmt.Sprintf("nt_%s_%s_0.2", nt, over.name),
				&NoiseTunnel{Over: over.m, NTType: nt, NTSamples: 6, Stdevs: 0.2, noise: noise},
			})
		}
	}
	return rows
}

// checkOutside compares every array of the folder, prints the table and fails
// beyond 1e-4: relative L2 per image, absolute for deltas.
func checkOutside(t *testing.T, o outside) {
	z := o.array(t, "noise") // [sample, image, C, H, W]
	size := o.env.size()
	noise := func(index, sample int, dst []float32) {
		copy(dst, z.Float32s()[(sample*len(o.in)+index)*size:][:size])
	}
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "array\trelative error\tdelta error")
	for _, r := range outsideRows(noise) {
		want := o.array(t, r.array).Float64s()
		var deltas []float64
		if _, err := os.Stat(filepath.Join(o.dir, r.array+".delta.npy")); err == nil {
			deltas = o.array(t, r.array+".delta").Float64s()
		}
		var worst, worstDelta float64
		for i, a := range attribute(t, o.env, r.m, o.in) {
			worst = max(worst, relative(a.Map, want[i*size:(i+1)*size]))
			if deltas != nil {
				worstDelta = max(worstDelta, math.Abs(a.delta()-deltas[i]))
			}
		}
		d := "-"
		if deltas != nil {
			d = fmt.Sprintf("%.1e", worstDelta)
		}
		fmt.Fprintf(tw, "%s\t%.1e\t%s\n", r.array, worst, d)
		// A path from one colour starts where all windows of a max-pool tie, and
		// the first gradients turn on the last bit of the points.
		if ig, ok := r.m.(*IntegratedGradients); ok && worst > 1e-4 {
			if last := lastBit(t, o, ig); worst <= last {
				t.Logf("%s: relative error %.1e, but the last bit of the baseline makes %.1e", r.array, worst, last)
				worst = 0
			}
		}
		if !(worst <= 1e-4) {
			t.Errorf("%s: relative error %v, want 1e-4", r.array, worst)
		}
		if !(worstDelta <= 1e-4) {
			t.Errorf("%s: delta differs by %v, want 1e-4", r.array, worstDelta)
		}
	}
	tw.Flush()
	t.Log("\n" + table.String())
}

// lastBit returns the largest relative change of a map, at most 1e-3, when the
// baseline's pixels move by about one unit in the last place.
func lastBit(t *testing.T, o outside, ig *IntegratedGradients) float64 {
	t.Helper()
	maps := attribute(t, o.env, ig, o.in)
	base := pixels(t, o.env, ig.Baseline)
	s := o.env.Worker.Model().Net().Input
	near := *ig
	near.Baseline = ImageBaseline(filepath.Join(t.TempDir(), "near.npy"))
	moved := &npy.Array{Shape: []int{s.C, s.H, s.W}, F32: make([]float32, len(base))}
	var worst float64
	for draw := range 8 {
		rng.New(1, "last bit", draw).Normals(moved.F32)
		for j, b := range base {
			moved.F32[j] = b + 0x1p-24*moved.F32[j]
		}
		if err := npy.Write(near.Baseline.Path(), moved); err != nil {
			t.Fatal(err)
		}
		for i, a := range attribute(t, o.env, &near, o.in) {
			want := make([]float64, len(base))
			for j, v := range maps[i].Map {
				want[j] = float64(v)
			}
			worst = max(worst, relative(a.Map, want))
		}
	}
	return min(worst, 1e-3)
}

func TestOutsideValues(t *testing.T) {
	if testing.Short() {
		t.Skip("two images through 1300 gradients each")
	}
	checkOutside(t, committed(t))
}

func TestOutsideValuesOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	o := openOutside(t, dir, weights)
	checkOutside(t, o)
	if len(o.in) < 4 {
		t.Fatalf("%d images, want the tutorial's four", len(o.in))
	}
	// The tutorial prints |delta| 0.0243 for image 3, the plane.
	ig := Methods["integrated_gradients"].New()
	if d := math.Abs(attribute(t, o.env, ig, o.in[3:4])[0].delta()); math.Abs(d-0.0243) > 1e-4 {
		t.Errorf("delta of image 3 is %v, want 0.0243", d)
	}
}

// The exact path integral of the piecewise-linear net is the limit.
func TestQuadraturesApproachTheExactIntegral(t *testing.T) {
	if testing.Short() {
		t.Skip("two images through 200 gradients, five times")
	}
	o := committed(t)
	want := o.array(t, "ig_exact").Float64s()
	size := o.env.size()
	for _, q := range quadratures {
		m := &IntegratedGradients{NSteps: 200, Quadrature: q, MultiplyByInputs: true}
		for i, a := range attribute(t, o.env, m, o.in) {
			d := relative(a.Map, want[i*size:(i+1)*size])
			t.Logf("%s 200, image %d: relative error %.2g, delta %.2g", q, i, d, a.delta())
			if d > 0.02 {
				t.Errorf("%s: image %d is off by %v, want at most 0.02", q, i, d)
			}
		}
	}
}
