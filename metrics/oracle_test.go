package metrics

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"assay/attr"
	"assay/model"
)

// The outside values: RISE's curves by PyTorch, infidelity and sensitivity by
// Captum, Spearman and Kendall by SciPy, SSIM and HOG by scikit-image. The table
// of all errors is in the log (go test -v).
func TestOutsideValues(t *testing.T) {
	for name, cifar10 := range map[string]bool{"synthetic": false, "cifar10": true} {
		t.Run(name, func(t *testing.T) {
			o := openOutside(t, cifar10)
			var table strings.Builder
			tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
			fmt.Fprintln(tw, "array\trelative error\tlargest difference")
			checked := map[string]int{}
			for _, array := range slices.Sorted(maps.Keys(o.arrays)) {
				for _, k := range outsideKinds {
					p := k.name.FindStringSubmatch(array)
					if p == nil {
						continue
					}
					checked[k.what]++
					got := k.values(t, o, p[1:])
					want := o.float64s(t, array)
					relative, largest := apart(t, array, got, want)
					fmt.Fprintf(tw, "%s\t%.1e\t%.1e\n", array, relative, largest)
					if k.relative && !(relative <= k.tolerance) {
						t.Errorf("%s: relative error %v, want %v at most; got %v, want %v", array, relative, k.tolerance, got, want)
					}
					if !k.relative && !(largest <= k.tolerance) {
						t.Errorf("%s: a value differs by %v, want %v at most", array, largest, k.tolerance)
					}
				}
			}
			tw.Flush()
			t.Log("\n" + table.String())
			for _, k := range outsideKinds {
				if checked[k.what] != k.count {
					t.Errorf("%d arrays of %s were checked, want %d", checked[k.what], k.what, k.count)
				}
			}
		})
	}
}

// outsideKinds are the families of arrays, each with the values that we get. The
// tolerances are what float32 computations may differ by, 1e-4, where the network
// is run, and 1e-6 where the maps are given; an area may move by a step where two
// pixels are all but equal.
var outsideKinds = []struct {
	what      string
	name      *regexp.Regexp
	count     int // arrays in each folder
	tolerance float64
	relative  bool // the tolerance is of the relative error
	values    func(t *testing.T, o *outside, of []string) [][]float64
}{
	{"curves", regexp.MustCompile(`^(deletion|insertion)_(zero|blur)_(.+)_step(\d+)$`), 24, 1e-4, false, curveValues},
	{"areas", regexp.MustCompile(`^(deletion|insertion)_(zero|blur)_(.+)_step(\d+)\.auc$`), 24, 1e-3, false, areaValues},
	{"pairs", regexp.MustCompile(`^(spearman|kendall|ssim|hog)(?:_pearson)?_(.+)__(.+)$`), 24, 1e-6, false, pairValues},
	{"infidelity", regexp.MustCompile(`^infidelity_(saliency|ig50|deeplift)(_normalized)?$`), 6, 1e-4, true, infidelityValues},
	{"sensitivity", regexp.MustCompile(`^sensitivity_max_(.+)$`), 3, 1e-4, true, sensitivityValues},
}

// apart returns the largest relative Euclidean distance of an image and the
// largest difference of a value.
func apart(t *testing.T, array string, got, want [][]float64) (relative, largest float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: values for %d images, want %d", array, len(got), len(want))
	}
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: image %d: %d values, want %d", array, i, len(got[i]), len(want[i]))
		}
		off, size := 0.0, 0.0
		for k, w := range want[i] {
			d := got[i][k] - w
			off, size = off+d*d, size+w*w
			largest = max(largest, math.Abs(d))
		}
		relative = max(relative, math.Sqrt(off/size))
	}
	return relative, largest
}

func curveValues(t *testing.T, o *outside, of []string) [][]float64 {
	got := curveScores(t, o, of)
	for i := range got {
		got[i] = got[i][1:]
	}
	return got
}

func areaValues(t *testing.T, o *outside, of []string) [][]float64 {
	got := curveScores(t, o, of)
	for i := range got {
		got[i] = got[i][:1]
	}
	return got
}

func curveScores(t *testing.T, o *outside, of []string) [][]float64 {
	m := Metrics[of[0]].New()
	n, err := strconv.Atoi(of[3])
	if err != nil {
		t.Fatal(err)
	}
	switch m := m.(type) { // the outside curves watch the predicted class
	case *Deletion:
		m.Step, m.Substrate, m.Target = n, of[1], "predicted"
	case *Insertion:
		m.Step, m.Substrate, m.Target = n, of[1], "predicted"
	}
	got, err := m.Score(o.env(), o.cases(t, of[2]))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// pairValues compares the channel sums of absolute values.
func pairValues(t *testing.T, o *outside, of []string) [][]float64 {
	m := measures[slices.IndexFunc(measures, func(m measure) bool { return m.name == of[0] })]
	a, b := o.images(t, of[1]), o.images(t, of[2])
	shape := o.worker.Model().Net().Input
	got := make([][]float64, len(a))
	for i := range got {
		x, y := newProfile(a[i], shape, []measure{m}), newProfile(b[i], shape, []measure{m})
		got[i] = x.compare(y, []measure{m})[1:]
	}
	return got
}

// theirs returns the maps whose metrics Captum computed, by our names.
func theirs(name string) (array string, m attr.Method) {
	switch name {
	case "saliency":
		return "saliency", &attr.Saliency{Abs: true}
	case "ig20":
		return "ig_gausslegendre_20", &attr.IntegratedGradients{NSteps: 20, Quadrature: "gausslegendre", MultiplyByInputs: true}
	case "ig50":
		return "ig_gausslegendre_50", nil
	}
	return "deeplift", &attr.DeepLift{MultiplyByInputs: true, Compat: "captum"}
}

// drawn returns the perturbations [sample, image, C, H, W] of an array.
func drawn(t *testing.T, o *outside, name string) (samples int, at func(index, sample int) []float32) {
	p := o.read(t, name)
	size := len(o.inputs[0])
	return p.Shape[0], func(index, sample int) []float32 {
		return p.Float32s()[(sample*len(o.inputs)+index)*size:][:size]
	}
}

func infidelityValues(t *testing.T, o *outside, of []string) [][]float64 {
	m := Metrics["infidelity"].New().(*Infidelity)
	samples, p := drawn(t, o, "infidelity_perturbations")
	m.NPerturbSamples, m.Normalize = samples, of[1] != ""
	array, _ := theirs(of[0])
	got, err := m.score(o.env(), o.cases(t, array), func(index, sample int, x, dst []float32) {
		model.AddScaled(-1, p(index, sample), x, dst)
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func sensitivityValues(t *testing.T, o *outside, of []string) [][]float64 {
	m := Metrics["sensitivity_max"].New().(*SensitivityMax)
	samples, p := drawn(t, o, "sensitivity_perturbations")
	m.NPerturbSamples = samples
	array, method := theirs(of[0])
	e := o.env()
	e.Explain = explain(method, o)
	got, err := m.score(e, o.cases(t, array), func(index, sample int, x, dst []float32) {
		model.AddScaled(1, p(index, sample), x, dst)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = got[i][:1]
	}
	return got
}

// explain is Env.Explain for a method.
func explain(m attr.Method, o *outside) func(*model.Model, []Case, func(int, []float32)) error {
	return func(of *model.Model, cases []Case, emit func(int, []float32)) error {
		e := &attr.Env{Ctx: o.env().Ctx, Worker: of.Worker(), Seed: o.env().Seed}
		in := make([]attr.Input, len(cases))
		for i, c := range cases {
			in[i] = attr.Input{Index: c.Index, X: c.X, Target: c.Target}
		}
		return m.Attribute(e, in, func(i int, a attr.Attribution) { emit(i, a.Map) })
	}
}

// The metric compares channel sums as its documentation says.
func TestCompare(t *testing.T) {
	o := openOutside(t, false)
	shape := o.worker.Model().Net().Input
	a, b := o.images(t, "ig_gausslegendre_50"), o.images(t, "deeplift_exact")
	for i := range a {
		sum := func(m []float32, abs bool) []float64 {
			out := make([]float64, 32*32)
			channelSum(out, m, abs)
			return out
		}
		shown := func(x []float64) []float64 { // -1 to 1
			largest := max(slices.Max(x), -slices.Min(x))
			out := make([]float64, len(x))
			for i, v := range x {
				out[i] = v / largest
			}
			return out
		}
		for _, pair := range [][2][]float32{{a[i], b[i]}, {b[i], a[i]}} {
			x, y, ax, ay := sum(pair[0], false), sum(pair[1], false), sum(pair[0], true), sum(pair[1], true)
			want := []float64{
				Spearman(x, y), Spearman(ax, ay), Kendall(x, y), Kendall(ax, ay),
				SSIM(shown(x), shown(y), 32, 2), SSIM(unit(ax), unit(ay), 32, 1),
				pearson(HOG(unit(x), 32), HOG(unit(y), 32)), pearson(HOG(unit(ax), 32), HOG(unit(ay), 32)),
			}
			p := newProfile(pair[0], shape, measures)
			for k, got := range p.compare(newProfile(pair[1], shape, measures), measures) {
				tolerance := 0.0
				if k >= 6 { // pearson sums in another order
					tolerance = 1e-14
				}
				if !near(got, want[k], tolerance) {
					t.Errorf("image %d: value %d is %v, want %v", i, k, got, want[k])
				}
			}
		}
	}
}

// pearson is the correlation by its definition.
func pearson(x, y []float64) float64 {
	mean := func(v []float64) float64 {
		s := 0.0
		for _, a := range v {
			s += a
		}
		return s / float64(len(v))
	}
	mx, my := mean(x), mean(y)
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	return xy / math.Sqrt(xx) / math.Sqrt(yy)
}

// unit scales to [0,1].
func unit(x []float64) []float64 {
	low, high := slices.Min(x), slices.Max(x)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v - low) / (high - low)
	}
	return out
}
