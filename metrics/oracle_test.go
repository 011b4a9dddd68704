package metrics

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// The outside values: RISE's curves by PyTorch, Spearman by SciPy, SSIM by
// scikit-image.
func TestOutsideValues(t *testing.T) {
	for name, cifar10 := range map[string]bool{"synthetic": false, "cifar10": true} {
		t.Run(name, func(t *testing.T) {
			o := openOutside(t, cifar10)
			curves, pairs := 0, 0
			for _, array := range slices.Sorted(maps.Keys(o.arrays)) {
				if p := curveName.FindStringSubmatch(array); p != nil {
					curves++
					t.Run(array, func(t *testing.T) { checkCurve(t, o, array, p[1], p[2], p[3], p[4]) })
				}
				if p := pairName.FindStringSubmatch(array); p != nil {
					pairs++
					t.Run(array, func(t *testing.T) { checkPair(t, o, array, p[1], p[2], p[3]) })
				}
			}
			if curves != 24 || pairs != 12 {
				t.Errorf("%d curves and %d pairs were checked, want 24 and 12", curves, pairs)
			}
		})
	}
}

var (
	curveName = regexp.MustCompile(`^(deletion|insertion)_(zero|blur)_(.+)_step(\d+)$`)
	pairName  = regexp.MustCompile(`^(spearman|ssim)_(.+)__(.+)$`)
)

func checkCurve(t *testing.T, o *outside, array, metric, substrate, attribution, step string) {
	m := Metrics[metric].New()
	n, err := strconv.Atoi(step)
	if err != nil {
		t.Fatal(err)
	}
	switch m := m.(type) {
	case *Deletion:
		m.Step, m.Substrate = n, substrate
	case *Insertion:
		m.Step, m.Substrate = n, substrate
	}
	got, err := m.Score(o.env(), o.cases(t, attribution))
	if err != nil {
		t.Fatal(err)
	}
	curve, auc := o.float64s(t, array), o.float64s(t, array+".auc")
	for i := range got {
		if len(got[i]) != 1+len(curve[i]) {
			t.Fatalf("image %d: %d values, want %d", i, len(got[i]), 1+len(curve[i]))
		}
		if !near(got[i][0], auc[i][0], 1e-3) {
			t.Errorf("image %d: auc %v, want %v", i, got[i][0], auc[i][0])
		}
		for k, want := range curve[i] {
			if !near(got[i][1+k], want, 1e-4) {
				t.Errorf("image %d: point %d is %v, want %v", i, k, got[i][1+k], want)
			}
		}
	}
}

func checkPair(t *testing.T, o *outside, array, measure, first, second string) {
	a, b, want := o.images(t, first), o.images(t, second), o.float64s(t, array)
	x, y := make([]float64, 32*32), make([]float64, 32*32)
	for i := range want {
		channelSum(x, a[i], true)
		channelSum(y, b[i], true)
		got := 0.0
		if measure == "spearman" {
			got = Spearman(x, y)
		} else {
			got = SSIM(unit(x), unit(y), 32, 1)
		}
		if !near(got, want[i][0], 1e-6) {
			t.Errorf("image %d: %v, want %v", i, got, want[i][0])
		}
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
			want := [...]float64{Spearman(x, y), Spearman(ax, ay), SSIM(shown(x), shown(y), 32, 2), SSIM(unit(ax), unit(ay), 32, 1)}
			if got := newProfile(pair[0], shape).compare(newProfile(pair[1], shape)); got != want {
				t.Errorf("image %d: got %v, want %v", i, got, want)
			}
		}
	}
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
