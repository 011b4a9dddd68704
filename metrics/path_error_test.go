package metrics

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"assay/model"
)

func TestPathError(t *testing.T) {
	exact := []float32{3, 0, 4}
	for _, r := range []struct {
		name       string
		got, exact []float32
		want       float64
	}{
		{"the same", exact, exact, 0},
		{"errors that cancel in the sum", []float32{4, -1, 4}, exact, math.Sqrt2 / 5},
		{"nothing", []float32{0, 0, 0}, exact, 1},
		{"an exact map of 0", exact, []float32{0, 0, 0}, math.NaN()},
	} {
		e := &Env{Exact: func(cases []Case, emit func(i int, m []float32)) error {
			for i := range cases {
				emit(i, r.exact)
			}
			return nil
		}}
		got, err := (&PathError{}).Score(e, []Case{{Map: r.got}, {Map: r.got}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !near(got[i][0], r.want, 1e-15) {
				t.Errorf("%s: got %v, want %v", r.name, got[i][0], r.want)
			}
		}
	}
}

func TestPathErrorOfWhatIsNoIntegral(t *testing.T) {
	got, err := (&PathError{}).Score(&Env{}, []Case{{Map: []float32{1}}})
	if err != nil || !math.IsNaN(got[0][0]) {
		t.Errorf("got %v, %v, want NaN", got, err)
	}
	failed := &Env{Exact: func([]Case, func(int, []float32)) error { return context.Canceled }}
	if _, err := (&PathError{}).Score(failed, []Case{{Map: []float32{1}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of Exact", err)
	}
}

func TestPathErrorRefusesCurves(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 1, W: 1}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "elu", Name: "bend"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	err := (&PathError{}).Check(n)
	if err == nil || !strings.Contains(err.Error(), "bend (elu) is not piecewise linear") {
		t.Errorf("got %v", err)
	}
}

// Outside values: 50 steps of Captum's quadrature against the float64 integral
// and against ours.
func TestPathErrorAgainstOutsideValues(t *testing.T) {
	o := openOutside(t, false)
	cases := o.cases(t, "ig_gausslegendre_50")
	got, err := (&PathError{}).Score(o.env(), cases)
	if err != nil {
		t.Fatal(err)
	}
	e := o.env()
	e.Exact = func(cases []Case, emit func(i int, m []float32)) error {
		for i, m := range o.images(t, "ig_exact") {
			emit(i, m)
		}
		return nil
	}
	want, err := (&PathError{}).Score(e, cases)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if !near(got[i][0], want[i][0], 1e-5) {
			t.Errorf("image %d: got %v, want %v", i, got[i][0], want[i][0])
		}
	}
}
