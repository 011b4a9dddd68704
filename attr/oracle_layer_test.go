package attr

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"assay/model/npy"
	"assay/model/rng"
)

// outsideLayerRows pairs arrays of Captum's layer and neuron methods and of DeepLift
// over many baselines with our
// configurations.
func outsideLayerRows(o outside) []struct {
	array string
	m     Method
} {
	type row = struct {
		array string
		m     Method
	}
	captum := newIntegratedGradients()
	captum.Compat = "captum"
	fc1 := AtNeuron{Layer: "fc1", Neuron: []int{17}}
	conv2 := AtNeuron{Layer: "conv2", Neuron: []int{3, 4, 4}}
	many := Baseline{kind: "images", path: filepath.Join(o.dir, "baseline_distribution.npy")}
	rows := []row{
		{"deeplift_shap", &DeepLiftSHAP{Baseline: many, MultiplyByInputs: true, Compat: "captum"}},
		{"deeplift_shap_exact", &DeepLiftSHAP{Baseline: many, MultiplyByInputs: true}},
		{"neuron_gradient_conv2_3_4_4", &NeuronGradient{conv2}},
		{"neuron_ig_fc1_17", &NeuronIntegratedGradients{fc1, captum}},
		{"neuron_conductance_fc1_17", &NeuronConductance{AtNeuron: fc1, Path: Path{NSteps: 50, Quadrature: "riemann_trapezoid"}, MultiplyByInputs: true, Compat: "captum"}},
		{"neuron_guided_backprop_conv2_3_4_4", &NeuronGuidedBackprop{conv2}},
	}
	for _, layer := range []string{"conv1", "pool1", "conv2", "pool2", "fc1", "fc2"} {
		at := AtLayer{Layer: layer}
		rows = append(
			rows,
			row{"layer_activation_" + layer, &LayerActivation{at}},
			row{"layer_gradxact_" + layer, &LayerGradientXActivation{at, true}},
			row{"layer_ig_" + layer, &LayerIntegratedGradients{at, captum}},
			row{"layer_deeplift_" + layer, &LayerDeepLift{at, DeepLift{MultiplyByInputs: true, Compat: "captum"}}},
			row{"layer_conductance_" + layer, &LayerConductance{AtLayer: at, Path: defaultPath, Compat: "captum"}},
			row{"layer_internal_influence_" + layer, &InternalInfluence{AtLayer: at, Path: defaultPath, Compat: "captum"}},
		)
	}
	return rows
}

// checkOutsideLayers compares every array, prints the table and fails beyond a
// relative L2 error of 1e-4 for an image.
func checkOutsideLayers(t *testing.T, o outside) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "array\trelative error")
	for _, r := range outsideLayerRows(o) {
		want := o.array(t, r.array).Float64s()
		var worst float64
		for i, a := range attribute(t, o.env, r.m, o.in) {
			size := len(a.Map)
			if size*len(o.in) != len(want) {
				t.Fatalf("%s: maps of %d values, want %d", r.array, size, len(want)/len(o.in))
			}
			if d := relative(a.Map, want[i*size:(i+1)*size]); !math.IsNaN(d) {
				worst = max(worst, d)
			} else if slices.ContainsFunc(a.Map, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s: image %d is not 0, and should be", r.array, i)
			}
		}
		fmt.Fprintf(tw, "%s\t%.1e\n", r.array, worst)
		if m, ok := r.m.(*InternalInfluence); ok && worst > 1e-4 {
			if last := lastBitAtLayer(t, o, m); worst <= last {
				t.Logf("%s: relative error %.1e, but the last bit of the baseline makes %.1e", r.array, worst, last)
				worst = 0
			}
		}
		if !(worst <= 1e-4) {
			t.Errorf("%s: relative error %v, want 1e-4", r.array, worst)
		}
	}
	tw.Flush()
	t.Log("\n" + table.String())
}

// lastBitAtLayer is lastBit for internal influence: the paths start from one
// colour, where all values of a pool's window are equal, so the first gradients
// turn on the last bit of the points.
func lastBitAtLayer(t *testing.T, o outside, m *InternalInfluence) float64 {
	t.Helper()
	maps := attribute(t, o.env, m, o.in)
	s := o.env.Worker.Model().Net().Input
	near := *m
	near.Baseline = ImageBaseline(filepath.Join(t.TempDir(), "near.npy"))
	moved := &npy.Array{Shape: []int{s.C, s.H, s.W}, F32: make([]float32, s.Size())}
	var worst float64
	for draw := range 8 {
		rng.New(1, "last bit", draw).Normals(moved.F32)
		for j := range moved.F32 {
			moved.F32[j] *= 0x1p-24
		}
		if err := npy.Write(near.Baseline.Path(), moved); err != nil {
			t.Fatal(err)
		}
		for i, a := range attribute(t, o.env, &near, o.in) {
			want := make([]float64, len(a.Map))
			for j, v := range maps[i].Map {
				want[j] = float64(v)
			}
			worst = max(worst, relative(a.Map, want))
		}
	}
	return min(worst, 1e-3)
}

func TestOutsideLayerValues(t *testing.T) { checkOutsideLayers(t, committed(t)) }

func TestOutsideLayerValuesOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	checkOutsideLayers(t, openOutside(t, dir, weights))
}
