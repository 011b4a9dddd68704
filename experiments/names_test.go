package experiments

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Names are made of characters that every file system takes, so different
// options may give the same; each configuration needs one of its own all the
// same.
func TestNamesAreUnique(t *testing.T) {
	s, err := Parse("spec.yaml", aliasHead+`attributions:
  - method: integrated_gradients
    baseline: ["image:a/b.png", "image:a_b.png", "image:A_b.png", zero]
metrics:
  - {metric: deletion, step: [1, 2]}
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range s.Attributions {
		got = append(got, a.ID)
	}
	for _, m := range s.Metrics {
		got = append(got, m.ID)
	}
	want := "integrated_gradients-baseline=image_a_b.png, integrated_gradients-baseline=image_a_b.png-2, integrated_gradients-baseline=image_A_b.png-3, integrated_gradients-baseline=zero, deletion-step=1, deletion-step=2"
	if got := strings.Join(got, ", "); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// The largest sweep there may be is read and named in a moment.
func TestLargestSweep(t *testing.T) {
	numbers := func(n, scale int) string {
		var s []string
		for i := range n {
			s = append(s, fmt.Sprint((i+1)*scale))
		}
		return strings.Join(s, ", ")
	}
	spec := aliasHead + "attributions:\n  - {method: integrated_gradients, n_steps: [" + numbers(100, 1) + "], baseline: [" + numbers(100, 3) + "]}\n"
	started := time.Now()
	s, err := Parse("spec.yaml", spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if n := len(s.Attributions); n != maxSweep {
		t.Errorf("got %d configurations, want %d", n, maxSweep)
	}
	if got, want := s.Attributions[maxSweep-1].ID, "integrated_gradients-n_steps=100-baseline=300"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A metric that stands in a list twice with the same options has one set of
// values; for other methods or images the second would be dropped in silence.
func TestMetricsTwice(t *testing.T) {
	const methods = "attributions: [{method: saliency}, {method: deep_lift}]\n"
	s, err := Parse("spec.yaml", aliasHead+methods+"metrics: [{metric: completeness}, {metric: completeness}]\n", nil)
	if err != nil || len(s.Metrics) != 1 {
		t.Errorf("the same twice: got %d metrics, %v, want one", len(s.Metrics), err)
	}
	for _, row := range []struct{ spec, want string }{
		{
			"metrics:\n  - {metric: completeness, only: [saliency]}\n  - {metric: completeness, only: [deep_lift]}\n",
			"spec.yaml:8:14: completeness is listed before with the same options, but for other methods or images: want one entry with all of them",
		},
		{
			"metrics:\n  - {metric: completeness, max_images: 3}\n  - {metric: completeness}\n",
			"spec.yaml:8:14: completeness is listed before with the same options, but for other methods or images: want one entry with all of them",
		},
	} {
		_, err := Parse("spec.yaml", aliasHead+methods+row.spec, nil)
		if err == nil || !strings.HasPrefix(err.Error(), row.want) {
			t.Errorf("got %v, want %s", err, row.want)
		}
	}
}

func TestRunNames(t *testing.T) {
	for _, row := range []struct{ name, want string }{
		{`""`, `name is ""`},
		{`"."`, `name is "."`},
		{`a b`, `name is "a b"`},
		{strings.Repeat("a", 201), "name has 201 characters, want at most 200"},
		{strings.Repeat("a", 200), ""},
		{"v1.0-a_b+c=d", ""},
	} {
		_, err := Parse("spec.yaml", strings.Replace(aliasHead, "name: x", "name: "+row.name, 1)+"attributions: [{method: saliency}]\n", nil)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%.20s: got %v, want %q", row.name, err, row.want)
		}
	}
}

// Options without effect name nothing, and configurations that differ in them alone
// are one.
func TestIdleOptionsAreNotTold(t *testing.T) {
	s, err := Parse("spec.yaml", aliasHead+`attributions:
  - {method: integrated_gradients, n_steps: [20, 50], quadrature: [riemann_left, exact]}
  - {method: lime, kernel: shapley, regression: linear, kernel_width: [1, 2], alpha: [1, 2]}
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range s.Attributions {
		got = append(got, a.ID)
	}
	want := "integrated_gradients-n_steps=20-quadrature=riemann_left, integrated_gradients-quadrature=exact, integrated_gradients-n_steps=50-quadrature=riemann_left, lime-kernel=shapley-regression=linear"
	if got := strings.Join(got, ", "); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}
