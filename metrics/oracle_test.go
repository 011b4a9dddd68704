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
		// The metric compares the same way.
		shape := o.worker.Model().Net().Input
		all := newProfile(a[i], shape).compare(newProfile(b[i], shape))
		for k, s := range measures {
			if s.name == measure+" abs" && all[k] != got {
				t.Errorf("image %d: compare gives %v, want %v", i, all[k], got)
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
