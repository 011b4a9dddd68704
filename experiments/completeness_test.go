package experiments

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"assay/attr"
	"assay/model"
	"assay/model/npy"
)

// What a map may be off by where F(x)-F(baseline) is next to nothing beside what
// cancels in it, as a share of the sum of |values| (attr/README.md, Completeness):
// ofValues is the rounding of each value by itself, at which deep_lift ends; ofPass
// that of a pass in float32, for means of maps and the exact integral.
const (
	ofValues = 0x1p-24
	ofPass   = 16 * 0x1p-24
)

// tally is the worst of many maps, which may be off by a share of the sum of
// |values| where that is more than 1e-4 of their sum.
type tally struct {
	share    float64
	relative float64 // |delta| / |F(x)-F(baseline)|
	rounding float64 // |delta| / (2^-24 sum of |terms|)
}

// check holds a map to its sum, F(x)-F(baseline) or what LRP conserves.
func (y *tally) check(t *testing.T, what string, i int, a attr.Attribution) {
	t.Helper()
	if !a.Summed {
		t.Fatalf("%s image %d: the map has no sum", what, i)
	}
	sum, size := a.Bias, math.Abs(a.Bias)
	for _, v := range a.Map {
		sum += float64(v)
		size += math.Abs(float64(v))
	}
	for _, r := range a.Relevance {
		sum += r.Stabiliser
		size += math.Abs(r.Stabiliser)
	}
	want := a.FX - a.FB
	delta := math.Abs(sum - want)
	if limit := max(1e-4*math.Abs(want), y.share*size); !(delta <= limit) {
		t.Errorf("%s image %d: sums to %v, want %v: off by %.2g of it and by %.2g of 2^-24 times the sum of |terms|", what, i, sum, want, delta/math.Abs(want), delta/(0x1p-24*size))
	}
	y.relative = max(y.relative, delta/math.Abs(want))
	y.rounding = max(y.rounding, delta/(0x1p-24*size))
}

func (y *tally) run(t *testing.T, what string, m attr.Method, p preset, in []attr.Input) {
	t.Helper()
	if err := m.Check(p.env.Worker.Model().Net()); err != nil {
		t.Fatal(err)
	}
	if err := m.Attribute(p.env, in, func(i int, a attr.Attribution) { y.check(t, what, i, a) }); err != nil {
		t.Fatal(err)
	}
}

func TestPresetsAreExplainedCompletely(t *testing.T) {
	if testing.Short() {
		t.Skip("trains deep networks")
	}
	for _, p := range presetCases(t, 16) {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			liftIsComplete(t, p)
			if p.brief {
				return
			}
			othersAreComplete(t, p)
			integralIsExact(t, p)
		})
	}
}

// liftIsComplete runs deep_lift from every kind of baseline; through vgg11_bn,
// whose passes are ten times as dear, from one of each sort: a value, an image,
// a draw, and one made of the image itself.
func liftIsComplete(t *testing.T, p preset) {
	path := filepath.Join(t.TempDir(), "image.npy")
	waves := &npy.Array{Shape: []int{3, 32, 32}}
	for j := range 3 * 32 * 32 {
		waves.F32 = append(waves.F32, float32(math.Sin(float64(j)/50)))
	}
	writeArray(t, path, waves)
	baselines := []string{"black", "image:" + path, "gaussian", "blur", "zero", "white", "0.3", "mean", "uniform", "max_distance"}
	if p.deep() {
		baselines = baselines[:4]
	}
	for _, text := range baselines {
		b, err := attr.ParseBaseline(text)
		if err != nil {
			t.Fatal(err)
		}
		rules := []string{"rescale"}
		if p.env.Worker.Model().Net().Supports(model.RevealCancel) == nil {
			rules = append(rules, "reveal_cancel")
		}
		for _, rule := range rules {
			y := tally{share: ofValues}
			y.run(t, "deep_lift "+rule+" "+text, &attr.DeepLift{Baseline: b, MultiplyByInputs: true, Rule: rule}, p, p.in)
			t.Logf("deep_lift %s %-12.12s %.1e of F(x)-F(b), %.1f roundings of the terms", rule, text, y.relative, y.rounding)
		}
	}
}

// othersAreComplete runs deep_lift_shap, the exact Shapley values of eight
// features (of vgg11_bn four), and LRP.
func othersAreComplete(t *testing.T, p preset) {
	path := filepath.Join(t.TempDir(), "mask.npy")
	mask := &npy.Array{Shape: []int{32, 32}}
	columns := 4
	if p.deep() {
		columns = 2
	}
	for j := range 32 * 32 {
		mask.F32 = append(mask.F32, float32(j/32/16*columns+j%32/(32/columns))) // two rows
	}
	writeArray(t, path, mask)
	b, err := attr.ParseBaseline("train:8")
	if err != nil {
		t.Fatal(err)
	}
	lift, shapley := tally{share: ofPass}, tally{}
	lift.run(t, "deep_lift_shap", &attr.DeepLiftSHAP{Baseline: b, MultiplyByInputs: true}, p, p.in[:4])
	t.Logf("deep_lift_shap %.1e of F(x)-F(b), %.1f roundings of the terms", lift.relative, lift.rounding)
	shapley.run(t, "shapley_values", &attr.ShapleyValues{Mask: attr.FileMask(path), Spread: "share"}, p, p.in[:1])
	t.Logf("shapley_values %.1e of F(x)-F(b)", shapley.relative)
	if shapley.relative > 1e-6 {
		t.Errorf("Shapley values are off by %v of F(x)-F(b), want 1e-6: they telescope", shapley.relative)
	}
	presets := []string{"epsilon", "epsilon_gamma_box"}
	if p.deep() {
		presets = presets[1:]
	}
	for _, rules := range presets {
		m := attr.Methods["lrp"].New().(*attr.LRP)
		m.Preset = rules
		var y tally
		y.run(t, "lrp "+rules, m, p, p.in)
		t.Logf("lrp %-17s %.1e of F(x)", rules, y.relative)
	}
}

// A corner of the image fades, to grey or, through vgg11_bn, by half: the path
// runs through few regions, and yet what moves on it moves by much.
func integralIsExact(t *testing.T, p preset) {
	steps := map[string]int{"tutorial": 1000, "resnet20": 96, "vgg11_bn": 32}
	x := p.in[0].X
	faded := &npy.Array{Shape: []int{3, 32, 32}, F32: slices.Clone(x)}
	name := p.env.Worker.Model().Net().Name
	side := map[string]int{"tutorial": 8, "resnet20": 1, "vgg11_bn": 2}[name]
	left := float32(0)
	if p.deep() {
		left = 0.5
	}
	for c := range 3 {
		for r := range side {
			for j := range side {
				faded.F32[(c*32+r)*32+j] *= left
			}
		}
	}
	path := filepath.Join(t.TempDir(), "faded.npy")
	writeArray(t, path, faded)
	b, err := attr.ParseBaseline("image:" + path)
	if err != nil {
		t.Fatal(err)
	}
	ig := attr.Methods["integrated_gradients"].New().(*attr.IntegratedGradients)
	ig.Quadrature, ig.Baseline = "exact", b
	var y tally // within 1e-4, whatever is left
	var exact []float32
	regions := 0
	if err := ig.Attribute(p.env, p.in[:1], func(_ int, a attr.Attribution) {
		y.check(t, "exact integral", 0, a)
		exact, regions = slices.Clone(a.Map), a.Steps
	}); err != nil {
		t.Fatal(err)
	}
	ig.Quadrature, ig.NSteps = "riemann_middle", steps[name]
	var off, size float64
	if err := ig.Attribute(p.env, p.in[:1], func(_ int, a attr.Attribution) {
		for j, v := range a.Map {
			d := float64(exact[j]) - float64(v)
			off += d * d
			size += float64(v) * float64(v)
		}
	}); err != nil {
		t.Fatal(err)
	}
	off = math.Sqrt(off / size)
	t.Logf("exact integral of %d regions %.1e of F(x)-F(b), %.1f roundings of the terms; %.1e from %d steps", regions, y.relative, y.rounding, off, ig.NSteps)
	if !(off < 0.02) {
		t.Errorf("the exact map is off that of %d steps by %v (relative L2), want below 0.02", ig.NSteps, off)
	}
}
