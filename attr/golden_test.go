package attr

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/attr")

const goldens = "../testdata/golden/attr"

// goldenRows are the configurations whose bits are remembered, by file.
func goldenRows() map[string][]struct {
	name string
	m    Method
} {
	type row = struct {
		name string
		m    Method
	}
	rows := map[string][]row{}
	for name, entry := range Methods {
		switch name {
		case "noise_tunnel": // its default noise drowns the image
		case "shapley_value_sampling", "rise": // theirs is costly on the portable kernels
		default:
			rows[name] = []row{{"default", entry.New()}}
		}
	}
	add := func(file, name string, m Method) { rows[file] = append(rows[file], row{name, m}) }
	add("saliency", "abs=false", &Saliency{})
	black := ConstantBaseline(-1)
	for _, q := range quadratures {
		add("integrated_gradients", "n_steps=10 baseline=-1 quadrature="+q, &IntegratedGradients{NSteps: 10, Quadrature: q, MultiplyByInputs: true, Baseline: black})
	}
	add("integrated_gradients", "n_steps=10 quadrature=riemann_trapezoid compat=captum", &IntegratedGradients{NSteps: 10, Quadrature: "riemann_trapezoid", MultiplyByInputs: true, Compat: "captum"})
	// A short path: it has few regions, and the portable kernels take their time.
	add("integrated_gradients", "quadrature=exact baseline=blur:0.4", &IntegratedGradients{Quadrature: exactly, MultiplyByInputs: true, Baseline: Baseline{kind: "blur", value: 0.4}})
	add("integrated_gradients", "n_steps=10 multiply_by_inputs=false", &IntegratedGradients{NSteps: 10, Quadrature: "gausslegendre"})
	add("deep_lift", "baseline=-1", &DeepLift{MultiplyByInputs: true, Baseline: black})
	add("deep_lift", "baseline=-1 compat=captum", &DeepLift{MultiplyByInputs: true, Baseline: black, Compat: "captum"})
	add("deep_lift", "multiply_by_inputs=false", &DeepLift{})
	add("deep_lift", "rule=reveal_cancel baseline=-1", &DeepLift{MultiplyByInputs: true, Baseline: black, Rule: revealCancel})
	add("deep_lift_shap", "rule=reveal_cancel baseline=train:4", &DeepLiftSHAP{MultiplyByInputs: true, Baseline: Baseline{kind: "train", count: 4}, Rule: revealCancel})
	add("layer_deep_lift", "rule=reveal_cancel", &LayerDeepLift{DeepLift: DeepLift{MultiplyByInputs: true, Rule: revealCancel}})
	for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
		add("noise_tunnel", "over=saliency nt_samples=5 stdevs=0.2 nt_type="+nt, &NoiseTunnel{Over: &Saliency{Abs: true}, NTType: nt, NTSamples: 5, Stdevs: 0.2})
	}
	gradientGoldenRows(add)
	perturbationGoldenRows(add)
	add("noise_tunnel", "over=integrated_gradients(n_steps=5) nt_type=smoothgrad_sq nt_samples=3 stdevs=0.1", &NoiseTunnel{Over: &IntegratedGradients{NSteps: 5, Quadrature: "gausslegendre", MultiplyByInputs: true}, NTType: "smoothgrad_sq", NTSamples: 3, Stdevs: 0.1})
	lrpGoldenRows(add)
	return rows
}

// fingerprint writes a map as the start of its hash, its size and three values,
// each with all its digits.
func fingerprint(a kept) string {
	h := sha256.New()
	var sum float64
	for _, v := range a.Map {
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		sum += math.Abs(float64(v))
	}
	n := len(a.Map)
	line := fmt.Sprintf("sha256 %.12x  mean|a| %.6g  a[%d] %v  a[%d] %v  a[%d] %v  F(x) %v  F(b) %v",
		h.Sum(nil), sum/float64(n), n/4, a.Map[n/4], n/2, a.Map[n/2], 3*n/4, a.Map[3*n/4], a.FX, a.FB)
	if a.StdErr != nil {
		h.Reset()
		for _, v := range a.StdErr {
			h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		line += fmt.Sprintf("  errors sha256 %.12x  e[%d] %v", h.Sum(nil), n/2, a.StdErr[n/2])
	}
	return line
}

func TestGoldens(t *testing.T) {
	o := committed(t)
	for file, rows := range goldenRows() {
		t.Run(file, func(t *testing.T) {
			var b strings.Builder
			for _, r := range rows {
				fmt.Fprintf(&b, "%s\n", r.name)
				for i, a := range attribute(t, o.env, r.m, o.in) {
					fmt.Fprintf(&b, "  image %d: %s\n", i, fingerprint(a))
				}
			}
			path := filepath.Join(goldens, file+".golden")
			if *update {
				if err := os.MkdirAll(goldens, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (go test ./attr -update writes it)", err)
			}
			got, lines := strings.Split(b.String(), "\n"), strings.Split(string(want), "\n")
			for i := range max(len(got), len(lines)) {
				var g, w string
				if i < len(got) {
					g = got[i]
				}
				if i < len(lines) {
					w = lines[i]
				}
				if g != w {
					t.Errorf("%s:%d:\ngot  %s\nwant %s", path, i+1, g, w)
				}
			}
		})
	}
}

// Every golden belongs to a method and every method has one.
func TestGoldenFilesAreThoseOfTheTable(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(goldens, "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, f := range files {
		got = append(got, strings.TrimSuffix(filepath.Base(f), ".golden"))
	}
	for name := range Methods {
		want = append(want, name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("goldens for %v, want %v", got, want)
	}
}
