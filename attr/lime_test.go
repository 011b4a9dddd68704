package attr

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/model"
)

func shapleyLime(mask Mask, n int, regression string, alpha float64) *Lime {
	return &Lime{Mask: mask, NSamples: n, Kernel: "shapley", KernelWidth: 1, Regression: regression, Alpha: alpha}
}

// The fit under the Shapley kernel lies within three standard errors of the exact
// Shapley values for as many features as these can be computed of.
func TestLimeUnderTheShapleyKernelGivesShapleyValues(t *testing.T) {
	for _, r := range []struct {
		shape model.Shape
		mask  Mask
	}{
		{model.Shape{C: 3, H: 8, W: 16}, GridMask(4)},  // 8 features
		{model.Shape{C: 3, H: 12, W: 16}, GridMask(4)}, // 12
		{model.Shape{C: 3, H: 16, W: 16}, GridMask(4)}, // 16
	} {
		e := env(t, tiny(r.shape), 23)
		p, err := r.mask.fixed(r.shape)
		if err != nil {
			t.Fatal(err)
		}
		if testing.Short() && p.count() > 12 {
			continue
		}
		in := images(e, 3)
		exact := attribute(t, e, &ShapleyValues{Mask: r.mask, Spread: "copy"}, in)
		t.Run(fmt.Sprintf("%d features", p.count()), func(t *testing.T) {
			beyond, count := 0, 0
			var squares, error2, map2 float64
			for i, a := range attribute(t, e, shapleyLime(r.mask, 10000, "linear", 0), in) {
				for f := range p.count() {
					j := slices.Index(p.of, int32(f))
					d, se := float64(a.Map[j])-float64(exact[i].Map[j]), float64(a.StdErr[j])
					if !(se > 0) {
						t.Fatalf("image %d feature %d: standard error %v", i, f, se)
					}
					if math.Abs(d) > 3*se {
						beyond++
					}
					count++
					squares += d * d / (se * se)
					error2 += d * d
					map2 += float64(exact[i].Map[j]) * float64(exact[i].Map[j])
				}
			}
			z, off := math.Sqrt(squares/float64(count)), math.Sqrt(error2/map2)
			t.Logf("errors are %.2f of the standard errors, %.1f %% of the map", z, 100*off)
			if beyond > 1 || z > 1.4 {
				t.Errorf("%d of %d values beyond three standard errors, errors %v times them on the whole, want at most 1 and about 1", beyond, count, z)
			}
			if off > 0.03 {
				t.Errorf("10000 samples are %v of the map off, want at most 0.03", off)
			}
		})
	}
}

// With a linear fit it is kernel_shap: the same subsets and the same scores,
// however many features there are. Weights of the kernel itself are 1e-13 of one
// another for the 50 superpixels of the default.
func TestLimeUnderTheShapleyKernelIsKernelSHAP(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 16, W: 16}), 24)
	in := images(e, 2)
	for _, mask := range []Mask{CellsMask(1), GridMask(8), SLICMask(50, defaultCompactness)} {
		want := attribute(t, e, &KernelSHAP{Mask: mask, NSamples: 500, Spread: "copy"}, in)
		for i, a := range attribute(t, e, shapleyLime(mask, 500, "linear", 0), in) {
			if err := a.Finite(); err != nil {
				t.Errorf("%v image %d: %v", mask, i, err)
			}
			if !slices.Equal(a.Map, want[i].Map) || !slices.Equal(a.StdErr, want[i].StdErr) {
				t.Errorf("%v image %d: got %v..., want those of kernel_shap %v...", mask, i, a.Map[:4], want[i].Map[:4])
			}
		}
	}
}

// A ridge under the Shapley kernel minimises what its definition says, among the
// scores that sum to F(x)-F(baseline): from a strong penalty on they are equal.
func TestRidgeUnderTheShapleyKernel(t *testing.T) {
	e := shapleyEnv(t)
	in := images(e, 2)
	mask := GridMask(4) // 4 features
	free := attribute(t, e, shapleyLime(mask, 200, "linear", 0), in)
	none := attribute(t, e, shapleyLime(mask, 200, "ridge", 0), in)
	strong := attribute(t, e, shapleyLime(mask, 200, "ridge", 1e6), in)
	some := attribute(t, e, shapleyLime(mask, 200, "ridge", 20), in)
	at := []int{0, 4, 32, 36} // a value of each feature
	apart := func(a kept) (sum, apart float64) {
		for _, j := range at {
			sum += float64(a.Map[j])
		}
		for _, j := range at {
			d := float64(a.Map[j]) - sum/4
			apart += d * d
		}
		return sum, apart
	}
	for i := range in {
		if !slices.Equal(free[i].Map, none[i].Map) {
			t.Errorf("image %d: a penalty of 0 gives %v, none %v", i, none[i].Map[:4], free[i].Map[:4])
		}
		sum, far := apart(free[i])
		between, near := apart(some[i])
		total, equal := apart(strong[i])
		for _, s := range []float64{between, total} {
			if math.Abs(s-sum) > 1e-5 {
				t.Errorf("image %d: under a penalty the scores sum to %v, want %v", i, s, sum)
			}
		}
		if !(near < far && equal < 1e-4*far) {
			t.Errorf("image %d: squared distances from equal shares are %v without, %v with some and %v with a strong penalty, want them to fall to 0", i, far, near, equal)
		}
	}
}

// A kernel that leaves next to no samples, and a penalty that leaves no feature,
// are told with the map; what is not known has no standard error of 0.
func TestLimeTellsItsDoubts(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 25)
	in := images(e, 2)
	lime := func(kernel string, width float64, regression string, alpha float64) Method {
		return &Lime{Mask: GridMask(2), NSamples: 200, Kernel: kernel, KernelWidth: width, Regression: regression, Alpha: alpha}
	}
	for _, r := range []struct {
		name string
		m    Method
		want Doubt
	}{
		{"defaults", lime("cosine", 1, "lasso", 0.001), 0},
		{"few weights", lime("euclidean", 0.5, "linear", 0), FewEffective},
		{"weights that vanish", lime("euclidean", 0.01, "lasso", 0.01), FewEffective},
		{"weights that all but vanish", lime("euclidean", 0.18, "linear", 0), FewEffective},
		{"weights that vanish, of a ridge", lime("euclidean", 1e-6, "ridge", 1), FewEffective},
		{"alpha above every score", lime("cosine", 1, "lasso", 100), NothingKept},
		{"both", lime("euclidean", 0.5, "lasso", 100), FewEffective | NothingKept},
		{"few weights in copies", &NoiseTunnel{Over: lime("euclidean", 0.5, "linear", 0), NTType: "smoothgrad", NTSamples: 3, Stdevs: 0.1}, FewEffective},
		{"few weights in copies until they settle", &NoiseTunnel{Over: lime("euclidean", 0.5, "linear", 0), NTType: "smoothgrad", Stdevs: 0.1, Tolerance: 0.9, MaxSamples: 16}, FewEffective},
	} {
		err := r.m.Attribute(e, in, func(i int, a Attribution) {
			if a.Doubt != r.want {
				t.Errorf("%s image %d: doubt %b, want %b", r.name, i, a.Doubt, r.want)
			}
			if err := a.Finite(); err != nil {
				t.Errorf("%s image %d: %v", r.name, i, err)
			}
			if _, tunnel := r.m.(*NoiseTunnel); !tunnel && (a.StdErr == nil) != (r.want&FewEffective != 0) {
				t.Errorf("%s image %d: standard errors %v", r.name, i, a.StdErr != nil)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// A target that nothing changes is no fault of alpha.
	in[0].Target = model.Target{Class: 1, Minus: 1}
	err := lime("cosine", 1, "lasso", 0.01).Attribute(e, in[:1], func(_ int, a Attribution) {
		if a.Doubt != 0 {
			t.Errorf("a constant target: doubt %b, want none", a.Doubt)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Samples that all weigh the same next to nothing are as many in effect as they are,
// and tell nothing all the same: no map is made of them, and no standard error, which
// would be that of the image before.
func TestLimeDoubtsWeightsThatVanishAlike(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 25)
	in := images(e, 40)
	squares := 0.0
	for _, v := range in[0].X {
		squares += float64(v) * float64(v)
	}
	for i := range in {
		in[i].X = in[0].X
	}
	// One feature, and 1e-282 for the samples without it: all three in one image of eight.
	m := &Lime{Mask: GridMask(8), NSamples: 3, Kernel: "euclidean", KernelWidth: math.Sqrt(squares / 1300), Regression: "linear"}
	void := 0
	err := m.Attribute(e, in, func(i int, a Attribution) {
		if a.Map[0] != 0 {
			return
		}
		void++
		if a.Doubt != FewEffective || a.StdErr != nil {
			t.Errorf("image %d: doubt %b and standard errors %v, want %b and none", i, a.Doubt, a.StdErr != nil, FewEffective)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if void == 0 {
		t.Error("no image has three samples without the feature")
	}
}

func TestDoubtsAreCounted(t *testing.T) {
	got := Tell([]Doubt{0, FewEffective, FewEffective | NothingKept})
	want := []string{"for 2 of 3 images " + doubts[0], "for 1 of 3 images " + doubts[1]}
	if !slices.Equal(got, want) || Tell(make([]Doubt, 3)) != nil {
		t.Errorf("got %q, want %q, and nothing of no doubts", got, want)
	}
}

func TestFiniteNamesTheFirstNumberThatIsNot(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, r := range []struct {
		a    Attribution
		want string
	}{
		{Attribution{Map: []float32{1, 2}, StdErr: []float32{0, 0}}, ""},
		{Attribution{Map: []float32{1, nan, inf}}, "the map is NaN at value 1, want finite numbers"},
		{Attribution{Map: []float32{1, 2}, StdErr: []float32{inf, 0}}, "the map's standard error is -Inf at value 0, want finite numbers"},
	} {
		got := ""
		if err := r.a.Finite(); err != nil {
			got = err.Error()
		}
		if got != r.want {
			t.Errorf("got %q, want %q", got, r.want)
		}
	}
}
