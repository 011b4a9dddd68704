package attr

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

func perturbationGoldenRows(add func(file, name string, m Method)) {
	black, grid := ConstantBaseline(-1), GridMask(8)
	add("feature_ablation", "mask=grid:8 baseline=-1", &FeatureAblation{Mask: grid, Baseline: black})
	add("feature_ablation", "mask=slic:20:30", &FeatureAblation{Mask: SLICMask(20, 30)})
	add("occlusion", "window=1x5x3 stride=1x4x2 baseline=blur:2", &Occlusion{Window: BoxExtent(1, 5, 3), Stride: BoxExtent(1, 4, 2), Baseline: Baseline{kind: "blur", value: 2}})
	add("feature_permutation", "mask=grid:8 n_samples=3 baseline=uniform", &FeaturePermutation{Mask: grid, NSamples: 3, Baseline: Baseline{kind: "uniform"}})
	add("shapley_values", "mask=slic:7 spread=share", &ShapleyValues{Mask: SLICMask(7, 10), Spread: "share"})
	add("shapley_value_sampling", "mask=grid:8 n_samples=10", &ShapleyValueSampling{Mask: grid, NSamples: 10, Spread: "copy"})
	add("shapley_value_sampling", "mask=slic:9 n_samples=10 baseline=-1 spread=share", &ShapleyValueSampling{Mask: SLICMask(9, 10), NSamples: 10, Baseline: black, Spread: "share"})
	add("lime", "mask=grid:8 n_samples=100 kernel=euclidean kernel_width=20 regression=ridge alpha=1", &Lime{Mask: grid, NSamples: 100, Kernel: "euclidean", KernelWidth: 20, Regression: "ridge", Alpha: 1})
	add("lime", "mask=cells:3 n_samples=100 kernel=shapley regression=linear baseline=-1", &Lime{Mask: CellsMask(3), NSamples: 100, Kernel: "shapley", KernelWidth: 1, Regression: "linear", Baseline: black})
	add("kernel_shap", "mask=grid:8 n_samples=100 spread=share baseline=-1", &KernelSHAP{Mask: grid, NSamples: 100, Spread: "share", Baseline: black})
	add("rise", "n_masks=300", &Rise{NMasks: 300, Grid: 7, P: 0.5})
	add("rise", "n_masks=100 grid=5 p=0.3 baseline=-1", &Rise{NMasks: 100, Grid: 5, P: 0.3, Baseline: black})
	add("hsic", "mask=grid:8 nb_design=101 baseline=-1", &HSIC{Mask: grid, NbDesign: 101, Baseline: black})
	add("sobol", "mask=grid:8 nb_design=10 baseline=-1", &Sobol{Mask: grid, NbDesign: 10, Baseline: black})
}

// On f(x) = w.x + c, the part of a feature is the sum of w (x-b) over it.
func TestPerturbationsOfALinearModel(t *testing.T) {
	e, w := linear(t)
	in := images(e, 4)
	in[3].Target = model.Target{Class: 2, Minus: 0}
	const base = 0.25
	b := ConstantBaseline(base)
	mask := CellsMask(2)
	p, err := mask.fixed(e.Worker.Model().Net().Input)
	if err != nil {
		t.Fatal(err)
	}
	part := func(i, j int) float64 {
		v := float64(w[in[i].Target.Class*18+j])
		if in[i].Target.Minus >= 0 {
			v -= float64(w[in[i].Target.Minus*18+j])
		}
		return v * (float64(in[i].X[j]) - base)
	}
	feature := func(i, j int) (sum float64) {
		for k := range p.of {
			if p.of[k] == p.of[j] {
				sum += part(i, k)
			}
		}
		return sum
	}
	share := func(i, j int) float64 { return feature(i, j) / float64(p.size[p.of[j]]) }
	for _, r := range []struct {
		name string
		m    Method
		want func(i, j int) float64
		tol  float64
	}{
		{"feature_ablation values", &FeatureAblation{Baseline: b}, part, 1e-5},
		{"feature_ablation", &FeatureAblation{Mask: mask, Baseline: b}, feature, 1e-5},
		{"occlusion of single values", &Occlusion{Window: BoxExtent(1, 1, 1), Stride: BoxExtent(1, 1, 1), Baseline: b}, part, 1e-5},
		{"shapley_values", &ShapleyValues{Mask: mask, Baseline: b, Spread: "copy"}, feature, 1e-5},
		{"shapley_values share", &ShapleyValues{Mask: mask, Baseline: b, Spread: "share"}, share, 1e-5},
		{"shapley_value_sampling", &ShapleyValueSampling{NSamples: 2, Baseline: b, Spread: "copy"}, part, 1e-5},
		{"kernel_shap", &KernelSHAP{Mask: mask, NSamples: 30, Baseline: b, Spread: "copy"}, feature, 1e-4},
		{"kernel_shap share", &KernelSHAP{Mask: mask, NSamples: 30, Baseline: b, Spread: "share"}, share, 1e-4},
		{"lime linear", &Lime{Mask: mask, NSamples: 60, Kernel: "cosine", KernelWidth: 1, Regression: "linear", Baseline: b}, feature, 1e-4},
		{"lime euclidean", &Lime{Mask: mask, NSamples: 60, Kernel: "euclidean", KernelWidth: 2, Regression: "linear", Baseline: b}, feature, 1e-4},
		{"lime shapley", &Lime{Mask: mask, NSamples: 60, Kernel: "shapley", KernelWidth: 1, Regression: "linear", Baseline: b}, feature, 1e-4},
		{"lime lasso without penalty", &Lime{Mask: mask, NSamples: 60, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Baseline: b}, feature, 1e-4},
		{"lime ridge without penalty", &Lime{Mask: mask, NSamples: 60, Kernel: "cosine", KernelWidth: 1, Regression: "ridge", Baseline: b}, feature, 1e-4},
		{"lime with a penalty above everything", &Lime{Mask: mask, NSamples: 60, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Alpha: 1e6, Baseline: b}, func(int, int) float64 { return 0 }, 1e-9},
		{"feature_permutation against one image", &FeaturePermutation{Mask: mask, NSamples: 3, Baseline: b}, feature, 1e-5},
	} {
		t.Run(r.name, func(t *testing.T) {
			for i, a := range attribute(t, e, r.m, in) {
				for j, got := range a.Map {
					want := r.want(i, j)
					if math.Abs(float64(got)-want) > r.tol*(1+math.Abs(want)) {
						t.Fatalf("image %d value %d: got %v, want %v", i, j, got, want)
					}
				}
				if a.StdErr != nil && r.name != "lime with a penalty above everything" {
					for j, se := range a.StdErr {
						if !(math.Abs(float64(se)) < 1e-3) { // nothing is left to chance
							t.Fatalf("image %d value %d: standard error %v", i, j, se)
						}
					}
				}
			}
		})
	}
}

// The total Sobol index of a linear target: the share of w_f^2, where w_f is the
// change by the feature.
func TestSobolIndicesOfALinearModel(t *testing.T) {
	e, w := linear(t)
	in := images(e, 3)
	o := &Sobol{Mask: CellsMask(2), NbDesign: 4096}
	p, err := o.Mask.fixed(e.Worker.Model().Net().Input)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range attribute(t, e, o, in) {
		change := make([]float64, p.count())
		for j, f := range p.of {
			change[f] += float64(w[in[i].Target.Class*18+j]) * float64(in[i].X[j])
		}
		var total float64
		for _, c := range change {
			total += c * c
		}
		for j, f := range p.of {
			want := change[f] * change[f] / total
			if d := math.Abs(float64(a.Map[j]) - want); d > 4*float64(a.StdErr[j])+1e-4 || a.StdErr[j] > 0.05 {
				t.Errorf("image %d feature %d: got %v (standard error %v), want %v", i, f, a.Map[j], a.StdErr[j], want)
			}
		}
	}
}

// HSIC against its definition, with matrices.
func TestHSICIsItsDefinition(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 8, W: 8}), 31)
	in := images(e, 1)
	o := &HSIC{Mask: GridMask(4), NbDesign: 24}
	set, err := newSetting(e, o.Mask, o.Baseline)
	if err != nil {
		t.Fatal(err)
	}
	got := attribute(t, e, o, in)[0]
	tr := &hsicTrial{subject: newSubject(set), n: o.NbDesign, gram: &factor{}}
	if _, err := tr.begin(&in[0]); err != nil {
		t.Fatal(err)
	}
	n := o.NbDesign
	v := make([]float64, n)
	x := make([]float32, e.size())
	for i := range v {
		for j, f := range tr.of {
			x[j] = 0
			if tr.has(i, int(f)) {
				x[j] = in[0].X[j]
			}
		}
		l, err := e.logits(x)
		if err != nil {
			t.Fatal(err)
		}
		v[i] = in[0].Target.Of(l)
	}
	var distances []float64
	for i := range v {
		for j := range i {
			distances = append(distances, math.Abs(v[i]-v[j]))
		}
	}
	slices.Sort(distances)
	width := distances[(len(distances)+1)/2-1]
	if got, _ := medianDistance(slices.Sorted(slices.Values(v)), nil); got != width {
		t.Errorf("median distance %v, want %v", got, width)
	}
	kernel := func(of func(i, j int) float64) [][]float64 { // H K H
		k := make([][]float64, n)
		rows, all := make([]float64, n), 0.0
		for i := range k {
			k[i] = make([]float64, n)
			for j := range n {
				k[i][j] = of(i, j)
				rows[i] += k[i][j] / float64(n)
			}
			all += rows[i] / float64(n)
		}
		for i := range k {
			for j := range n {
				k[i][j] += all - rows[i] - rows[j]
			}
		}
		return k
	}
	l := kernel(func(i, j int) float64 { d := (v[i] - v[j]) / width; return math.Exp(-d * d / 2) })
	for f := range tr.count() {
		k := kernel(func(i, j int) float64 {
			if tr.has(i, f) == tr.has(j, f) {
				return 1
			}
			return 0
		})
		var want float64
		for i := range n {
			for j := range n {
				want += k[i][j] * l[j][i] / float64(n*n)
			}
		}
		at := slices.Index(tr.of, int32(f))
		if d := math.Abs(float64(got.Map[at]) - want); d > 1e-7 {
			t.Errorf("feature %d: got %v, want %v", f, got.Map[at], want)
		}
	}
}

// On f(x) = w.x the mean over masks with pixel j kept: half of the other parts,
// and the pixel's own whole part, where a grid's cell is a pixel.
func TestRiseOfALinearModel(t *testing.T) {
	e, w := linear(t) // 2x3x3
	in := images(e, 2)
	bias := e.Worker.Model().Weights().Get("fc1.bias")
	for _, p := range []float64{0.5, 0.2} {
		for i, a := range attribute(t, e, &Rise{NMasks: 40000, Grid: 1, P: p}, in) {
			// One cell: the mask is all or nothing.
			want := float64(bias[in[i].Target.Class])
			for j := range in[i].X {
				want += float64(w[in[i].Target.Class*18+j]) * float64(in[i].X[j])
			}
			for j, got := range a.Map {
				if d := math.Abs(float64(got) - want); d > 4*float64(a.StdErr[j]) || a.StdErr[j] > float32(0.05*math.Abs(want)) {
					t.Fatalf("p %v image %d value %d: got %v (standard error %v), want %v", p, i, j, got, a.StdErr[j], want)
				}
			}
		}
	}
}

// A mask is the grid on cell centres, 0 to 1, with mean p.
func TestRiseMasks(t *testing.T) {
	for _, r := range []struct{ grid, side int }{{1, 1}, {1, 9}, {7, 32}, {7, 5}, {3, 3}, {64, 10}} {
		taps := enlarge(r.grid, r.side)
		cell := (r.side + r.grid - 1) / r.grid
		if len(taps) != (r.grid+1)*cell || len(taps) < r.side+cell-1 {
			t.Errorf("grid %d on %d: %d taps, want %d", r.grid, r.side, len(taps), (r.grid+1)*cell)
		}
		for i, p := range taps {
			if p.lo < 0 || p.hi >= r.grid || p.hi < p.lo || p.hi > p.lo+1 || p.f < 0 || p.f >= 1 {
				t.Errorf("grid %d on %d: tap %d is %+v", r.grid, r.side, i, p)
			}
		}
	}
	s := model.Shape{C: 1, H: 16, W: 12}
	o := &Rise{NMasks: 2, Grid: 5, P: 0.3}
	wide := newWideRows(5, 12)
	tr := &riseTrial{
		o: o, shape: s, row: enlarge(5, 16), wide: wide, grid: make([]uint64, 5), drawn: make([]float32, wide.room(5)),
		below: uint64(math.Ceil(0.3 * (1 << 53))),
		lo:    make([]int32, 16), hi: make([]int32, 16), share: make([]float32, 16),
	}
	tr.draw = *rng.New(3, "masks")
	mask := make([]float32, 16*12)
	mean := make([]float64, len(mask))
	const n = 20000
	for range n {
		tr.drawMask(mask)
		for j, v := range mask {
			if v < 0 || v > 1 {
				t.Fatalf("mask value %v", v)
			}
			mean[j] += float64(v) / n
		}
	}
	for j, m := range mean {
		if math.Abs(m-0.3) > 0.02 {
			t.Errorf("pixel %d: mean %v, want 0.3", j, m)
		}
	}
}

// Windows lie from the first value on by the stride, the last cut off.
func TestOcclusionWindows(t *testing.T) {
	s := model.Shape{C: 3, H: 7, W: 4}
	for _, r := range []struct {
		window, stride string
		count          int
		last           box
	}{
		{"4", "2", 3, box{model.Shape{H: 4}, model.Shape{C: 3, H: 7, W: 4}}},
		{"4", "4", 2, box{model.Shape{H: 4}, model.Shape{C: 3, H: 7, W: 4}}},
		{"1x7x4", "1x1x1", 3, box{model.Shape{C: 2}, model.Shape{C: 3, H: 7, W: 4}}},
		{"2x3x3", "2x3x3", 2 * 3 * 2, box{model.Shape{C: 2, H: 6, W: 3}, model.Shape{C: 3, H: 7, W: 4}}},
		{"3x7x2", "3x7x2", 2, box{model.Shape{W: 2}, model.Shape{C: 3, H: 7, W: 4}}},
		{"1", "1", 7 * 4, box{model.Shape{H: 6, W: 3}, model.Shape{C: 3, H: 7, W: 4}}},
	} {
		var o Occlusion
		if err := o.Window.UnmarshalText([]byte(r.window)); err != nil {
			t.Fatal(err)
		}
		if err := o.Stride.UnmarshalText([]byte(r.stride)); err != nil {
			t.Fatal(err)
		}
		ws := o.windows(s)
		if len(ws) != r.count || ws[len(ws)-1] != r.last {
			t.Errorf("window %s stride %s: %d windows, the last %v, want %d, %v", r.window, r.stride, len(ws), ws[len(ws)-1], r.count, r.last)
		}
		if got := fmt.Sprint(o.Window, " ", o.Stride); got != r.window+" "+r.stride {
			t.Errorf("text form: got %s, want %s %s", got, r.window, r.stride)
		}
	}
	// Whatever the check lets pass, some window covers every value.
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	for window := range 4 * 9 * 9 {
		for stride := range 4 * 9 * 9 {
			o := &Occlusion{Window: BoxExtent(window%4, window/4%9, window/36), Stride: BoxExtent(stride%4, stride/4%9, stride/36)}
			if o.Check(n) != nil {
				continue
			}
			var covered [3 * 8 * 8]bool
			for _, w := range o.windows(n.Input) {
				w.rows(n.Input, func(lo, hi int) {
					for j := lo; j < hi; j++ {
						covered[j] = true
					}
				})
			}
			if j := slices.Index(covered[:], false); j >= 0 {
				t.Fatalf("window %v stride %v: no window covers value %d", o.Window, o.Stride, j)
			}
		}
	}
	for _, text := range []string{"", "0", "-1", "3x4", "3x4x4x4", "ax1x1", "+4", "4.5"} {
		var x Extent
		if err := x.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("size %q: got %v, want an error", text, x)
		}
	}
}

// Sampled methods: the standard error is the spread of the map over seeds.
func TestStandardErrorsAreSpreads(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 41)
	in := images(e, 1)
	mask := GridMask(4)
	for _, r := range []struct {
		m      Method
		lo, hi float64 // of estimated over true
	}{
		{&ShapleyValueSampling{Mask: mask, NSamples: 40, Spread: "copy"}, 0.8, 1.25},
		{&KernelSHAP{Mask: GridMask(3), NSamples: 200, Spread: "copy"}, 0.8, 1.25},
		{&Lime{Mask: GridMask(3), NSamples: 200, Kernel: "cosine", KernelWidth: 0.5, Regression: "linear"}, 0.8, 1.25},
		{&Lime{Mask: GridMask(3), NSamples: 200, Kernel: "cosine", KernelWidth: 0.5, Regression: "ridge", Alpha: 1}, 0.8, 1.25},
		{&Lime{Mask: GridMask(3), NSamples: 200, Kernel: "shapley", KernelWidth: 1, Regression: "ridge", Alpha: 10}, 0.8, 1.25},
		{&Rise{NMasks: 300, Grid: 3, P: 0.5}, 0.8, 1.25},
		{&FeaturePermutation{Mask: mask, NSamples: 20, Baseline: Baseline{kind: "train"}}, 0.8, 1.25},
		{&GradientSHAP{NSamples: 20, Stdevs: 0.3, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}, 0.8, 1.25},
		{&GradientSHAP{NSamples: 20, Baseline: Baseline{kind: "uniform"}}, 0.8, 1.25},
		{&ExpectedGradients{NSamples: 20, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}, 0.8, 1.25},
		{&LayerGradientSHAP{AtLayer{Layer: "conv1"}, GradientSHAP{NSamples: 20, Stdevs: 0.3, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}}, 0.8, 1.25},
		{&LayerGradientSHAP{AtLayer{Layer: "relu1"}, GradientSHAP{NSamples: 20, Baseline: Baseline{kind: "uniform"}}}, 0.8, 1.25},
		// Their designs are Latin hypercubes, which are more even than the
		// independent rows that the errors allow for.
		{&HSIC{Mask: mask, NbDesign: 200}, 0.8, 4},
		{&Sobol{Mask: mask, NbDesign: 64}, 0.8, 2.5},
	} {
		size := MapShape(r.m, e.Worker.Model().Net()).Size()
		value := make([]moments, size)
		estimated := make([]float64, size)
		const seeds = 150
		for seed := range seeds {
			e.Seed = uint64(seed)
			a := attribute(t, e, r.m, in)[0]
			for j := range size {
				value[j].add(float64(a.Map[j]))
				estimated[j] += float64(a.StdErr[j]) * float64(a.StdErr[j]) / seeds
			}
		}
		var est, spread float64
		for j := range size {
			est += estimated[j]
			spread += value[j].m2 / (seeds - 1)
		}
		ratio := math.Sqrt(est / spread)
		t.Logf("%s: standard error over spread %.2f", Name(r.m), ratio)
		if !(ratio > r.lo && ratio < r.hi) {
			t.Errorf("%s: standard errors are %.2f times the spread, want %v to %v", Name(r.m), ratio, r.lo, r.hi)
		}
	}
}

// The standard errors have the same bits whatever the image was computed beside.
func TestStandardErrorsKeepTheirBits(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 42)
	in := images(e, 5)
	for name, entry := range Methods {
		var whole [][]float32
		collect := func(in []Input) (out [][]float32) {
			if err := entry.New().Attribute(e, in, func(_ int, a Attribution) { out = append(out, slices.Clone(a.StdErr)) }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		whole = collect(in)
		if whole[0] == nil {
			continue
		}
		for i := range in {
			alone := collect(in[i : i+1])
			if !slices.Equal(alone[0], whole[i]) {
				t.Errorf("%s image %d: the standard error depends on the batch", name, i)
			}
			for j, v := range alone[0] {
				if !(v >= 0) || math.IsInf(float64(v), 0) {
					t.Fatalf("%s image %d value %d: standard error %v", name, i, j, v)
				}
			}
		}
	}
}

// Inputs of any shape, as those behind a layer are, and images of one colour.
func TestPerturbationsOfOddShapes(t *testing.T) {
	for _, s := range []model.Shape{{C: 6, H: 1, W: 1}, {C: 1, H: 1, W: 7}, {C: 1, H: 5, W: 1}, {C: 4, H: 3, W: 3}} {
		e := env(t, &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 4}, {Kind: "relu"}, {Kind: "linear", Out: 3}}}, 3)
		in := images(e, 3)
		clear(in[1].X) // the baseline itself
		for name, entry := range Methods {
			m := entry.New()
			if Forwards(m, e.Worker.Model().Net()) == 0 || m.Check(e.Worker.Model().Net()) != nil {
				continue
			}
			for i, a := range attribute(t, e, m, in) {
				for j, v := range append(a.Map, a.StdErr...) {
					if v-v != 0 {
						t.Errorf("%s on %v image %d: value %d is %v", name, s, i, j, v)
						break
					}
				}
			}
		}
	}
}

// What a method allocates does not depend on how many copies it takes, but for
// what its options say it keeps.
func TestPerturbedCopiesCostNoMemory(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 4)
	in := images(e, 3)
	mask := GridMask(4)
	for _, r := range []struct {
		name      string
		few, many Method
	}{
		{"occlusion", &Occlusion{Window: SquareExtent(2), Stride: SquareExtent(2)}, &Occlusion{Window: SquareExtent(2), Stride: BoxExtent(1, 1, 1)}},
		{"shapley_value_sampling", &ShapleyValueSampling{Mask: mask, NSamples: 8, Spread: "copy"}, &ShapleyValueSampling{Mask: mask, NSamples: 800, Spread: "copy"}},
		{"kernel_shap", &KernelSHAP{Mask: mask, NSamples: 20, Spread: "copy"}, &KernelSHAP{Mask: mask, NSamples: 2000, Spread: "copy"}},
		{"lime", &Lime{Mask: mask, NSamples: 20, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Alpha: 0.01}, &Lime{Mask: mask, NSamples: 2000, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Alpha: 0.01}},
		{"rise", &Rise{NMasks: 20, Grid: 3, P: 0.5}, &Rise{NMasks: 2000, Grid: 3, P: 0.5}},
		{"feature_permutation", &FeaturePermutation{Mask: mask, NSamples: 8}, &FeaturePermutation{Mask: mask, NSamples: 800}},
	} {
		count := func(m Method) float64 {
			return testing.AllocsPerRun(1, func() {
				if err := m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					t.Fatal(err)
				}
			})
		}
		few, many := count(r.few), count(r.many)
		// Slices that grow by doubling, and the list of windows.
		if many > few+20 {
			t.Errorf("%s: %v allocations with few copies, %v with many", r.name, few, many)
		}
	}
}

func TestForwards(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	e := env(t, n, 1)
	for _, r := range []struct {
		m    Method
		want int
	}{
		{&Saliency{}, 0},
		{&FeatureAblation{}, 2 + 192},
		{&FeatureAblation{Mask: GridMask(4)}, 2 + 4},
		{&Occlusion{Window: SquareExtent(4), Stride: SquareExtent(2)}, 1 + 9},
		{&ShapleyValues{Mask: GridMask(4), Spread: "copy"}, 2 + 16},
		{&ShapleyValueSampling{Mask: GridMask(4), NSamples: 5, Spread: "copy"}, 2 + 20},
		{&KernelSHAP{Mask: GridMask(4), NSamples: 50, Spread: "copy"}, 2 + 50},
		{&Lime{Mask: GridMask(4), NSamples: 50, Kernel: "cosine", KernelWidth: 1, Regression: "lasso"}, 2 + 50},
		{&Rise{NMasks: 50, Grid: 3, P: 0.5}, 1 + 50},
		{&HSIC{Mask: GridMask(4), NbDesign: 20}, 2 + 20},
		{&Sobol{Mask: GridMask(4), NbDesign: 8}, 2 + 8*5},
		{&FeaturePermutation{Mask: GridMask(4), NSamples: 3}, 1 + 12},
		{&NoiseTunnel{Over: &Occlusion{Window: SquareExtent(8), Stride: SquareExtent(1)}, NTSamples: 3}, 6},
		{&GradientSHAP{NSamples: 4, MultiplyByInputs: true}, 4},
		{&NoiseTunnel{Over: &GradientSHAP{NSamples: 4, MultiplyByInputs: true}, NTSamples: 3}, 0},
		{&NoiseTunnel{Over: &ExpectedGradients{NSamples: 4, MultiplyByInputs: true}, NTSamples: 3}, 0},
		{&NoiseTunnel{Over: &LayerGradientSHAP{AtLayer{Layer: "conv2"}, GradientSHAP{NSamples: 4, MultiplyByInputs: true}}, NTSamples: 3}, 24},
	} {
		if got := Forwards(r.m, e.Worker.Model().Net()); got != r.want {
			t.Errorf("%s: got %d passes forward, want %d", Name(r.m), got, r.want)
		}
	}
}

func TestPerturbationsCheckTheirOptions(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 8, W: 8})
	for _, r := range []struct {
		name string
		m    Method
		want []string
	}{
		{"exact over values", &ShapleyValues{Spread: "copy"}, []string{
			"mask values makes 192 features of the 3x8x8 input, want at most 20; make them larger with grid:N, cells:N or slic:N",
		}},
		{"exact over too many superpixels", &ShapleyValues{Mask: SLICMask(21, 10), Spread: "cpy"}, []string{
			"mask slic:21 makes 21 features of the 3x8x8 input, want at most 20; make them larger with grid:N, cells:N or slic:N",
			`spread is "cpy", want one of "copy", "share"; did you mean "copy"?`,
		}},
		{"window beyond the image", &Occlusion{Window: SquareExtent(9), Stride: BoxExtent(4, 1, 1)}, []string{
			"window is 9, want 1x1x1 to 3x8x8", "stride is 4x1x1, want 1x1x1 to 3x8x8",
		}},
		{"rows and columns between windows", &Occlusion{Window: SquareExtent(2), Stride: SquareExtent(3)}, []string{
			"stride is 3, want at most 2 along rows, the window's size there: what lies between two windows would never be covered and score 0",
		}},
		{"channels between windows", &Occlusion{Window: BoxExtent(1, 2, 2), Stride: BoxExtent(2, 2, 2)}, []string{
			"stride is 2x2x2, want at most 1 along channels, the window's size there: what lies between two windows would never be covered and score 0",
		}},
		{"columns between windows", &Occlusion{Window: BoxExtent(3, 8, 2), Stride: BoxExtent(3, 8, 3)}, []string{
			"stride is 3x8x3, want at most 2 along columns, the window's size there: what lies between two windows would never be covered and score 0",
		}},
		{"no window", &Occlusion{Stride: SquareExtent(1)}, []string{"window is 0, want 1x1x1 to 3x8x8"}},
		{"kernel_shap", &KernelSHAP{Mask: GridMask(2), NSamples: 25, Spread: "share"}, []string{
			"n_samples is 25, want at least 32 for 16 features", "n_samples is 25, want an even number: subsets come in pairs",
		}},
		{"lime", &Lime{Mask: GridMask(2), NSamples: 17, Kernel: "cosin", KernelWidth: 0, Regression: "lass", Alpha: -1}, []string{
			"n_samples is 17, want at least 18 for 16 features",
			`kernel is "cosin", want one of "cosine", "euclidean", "shapley"; did you mean "cosine"?`,
			"kernel_width is 0, want above 0 and at most 1e6",
			`regression is "lass", want one of "lasso", "ridge", "linear"; did you mean "lasso"?`,
			"alpha is -1, want 0 to 1e6",
		}},
		{"lasso under the Shapley kernel", &Lime{Mask: GridMask(2), NSamples: 31, Kernel: "shapley", KernelWidth: 1, Regression: "lasso"}, []string{
			"n_samples is 31, want at least 32 for 16 features", "n_samples is 31, want an even number: subsets come in pairs",
			"regression is lasso, want linear or ridge with kernel shapley: its scores sum to F(x)-F(baseline) whatever the penalty, which would not choose features but take from those of the other sign",
		}},
		{"linear fit under the Shapley kernel", &Lime{Mask: GridMask(2), NSamples: 32, Kernel: "shapley", KernelWidth: 1, Regression: "linear"}, nil},
		{"rise", &Rise{NMasks: 1, Grid: 0, P: 1}, []string{"n_masks is 1, want 2 to 1000000", "grid is 0, want 1 to 64", "p is 1, want above 0 and below 1"}},
		{"hsic", &HSIC{Mask: GridMask(2), NbDesign: 3}, []string{"nb_design is 3, want 4 to 2000"}},
		{"sobol", &Sobol{NbDesign: 1}, []string{"nb_design is 1, want 2 to 16384"}},
		{"large sobol", &Sobol{NbDesign: 16384, Mask: PixelsMask}, nil},
		{"too large sobol", &Sobol{NbDesign: 16384 * 2}, []string{"nb_design is 32768, want 2 to 16384"}},
		{"samples", &ShapleyValueSampling{Spread: "copy"}, []string{"n_samples is 0, want 1 to 1000000"}},
		{"missing mask", &FeatureAblation{Mask: FileMask("no-such.npy"), Baseline: ImageBaseline("no-such.png")}, []string{
			"mask file: stat no-such.npy: no such file or directory", "baseline image: stat no-such.png: no such file or directory",
		}},
		{"permutation", &FeaturePermutation{}, []string{"n_samples is 0, want 1 to 100000"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			var got []string
			for _, p := range Problems(r.m.Check(n)) {
				got = append(got, p.Error())
			}
			if !slices.Equal(got, r.want) {
				t.Errorf("got  %q\nwant %q", got, r.want)
			}
		})
	}
}
