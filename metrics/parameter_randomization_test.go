package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"assay/model"
)

var tutorialFromOutput = []string{"fc3", "fc2", "fc1", "conv2", "conv1"}

// changed lists the layers whose weights or biases differ, output first.
func changed(a, b *model.Model) []string {
	var out []string
	for _, p := range a.Net().Params() {
		if !slices.Equal(a.Weights().Get(p.Name), b.Weights().Get(p.Name)) && !slices.Contains(out, p.Layer) {
			out = append(out, p.Layer)
		}
	}
	slices.Reverse(out)
	return out
}

func TestWhichLayersAreRandomised(t *testing.T) {
	o := openOutside(t, false)
	for _, c := range []struct {
		mode string
		want []string
	}{
		{"cascading", []string{"fc3", "fc3 fc2", "fc3 fc2 fc1", "fc3 fc2 fc1 conv2", "fc3 fc2 fc1 conv2 conv1"}},
		{"independent", tutorialFromOutput},
		{"both", []string{"fc3", "fc3 fc2", "fc2", "fc3 fc2 fc1", "fc1", "fc3 fc2 fc1 conv2", "conv2", "fc3 fc2 fc1 conv2 conv1", "conv1"}},
	} {
		t.Run(c.mode, func(t *testing.T) {
			var got []string
			e := o.env()
			drawn := map[string][]float32{}
			e.Explain = func(m *model.Model, cases []Case, emit func(int, []float32)) error {
				layers := changed(o.worker.Model(), m)
				got = append(got, strings.Join(layers, " "))
				for _, p := range m.Net().Params() {
					if !slices.Contains(layers, p.Layer) {
						continue
					}
					w := m.Weights().Get(p.Name)
					if before := drawn[p.Name]; before != nil && !slices.Equal(before, w) {
						t.Errorf("%s was drawn twice", p.Name)
					}
					drawn[p.Name] = w
					bound := float32(1 / math.Sqrt(float64(p.FanIn)))
					if slices.Max(w) > bound || slices.Min(w) < -bound {
						t.Errorf("%s leaves +-%v", p.Name, bound)
					}
				}
				for i := range cases {
					emit(i, cases[i].Map)
				}
				return nil
			}
			p := &ParameterRandomization{Mode: c.mode, NSeeds: 1}
			if _, err := p.Score(e, o.cases(t, "saliency")); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if _, explain := Cost(p, o.worker.Model().Net()); explain != len(got) {
				t.Errorf("Cost says %d attributions, there were %d", explain, len(got))
			}
		})
	}
}

// An edge detector and its like do not look at the network: every similarity is
// exactly 1. Negated maps turn the signed ones round and leave the others.
func TestMapsThatIgnoreTheNetwork(t *testing.T) {
	o := openOutside(t, false)
	for _, c := range []struct {
		name string
		sign float32
		want [4]float64 // spearman, spearman abs, ssim, ssim abs; NaN: not looked at
	}{
		{"unchanged", 1, [4]float64{1, 1, 1, 1}},
		{"doubled", 2, [4]float64{1, 1, 1, 1}},
		{"negated", -1, [4]float64{-1, 1, math.NaN(), 1}},
	} {
		e := o.env()
		e.Explain = func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
			for i := range cases {
				m := slices.Clone(cases[i].Map)
				for j := range m {
					m[j] *= c.sign
				}
				emit(i, m)
			}
			return nil
		}
		p := Metrics["parameter_randomization"].New()
		got, err := p.Score(e, o.cases(t, "ig_gausslegendre_50"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			for s := range 8 {
				row := got[i][s*6 : s*6+6]
				if row[0] != 1 {
					t.Errorf("%s: series %d starts with %v, want 1", c.name, s, row[0])
				}
				for k, v := range row[1:] {
					if want := c.want[s%4]; !math.IsNaN(want) && v != want {
						t.Errorf("%s: series %d, layer %d: %v, want %v", c.name, s, k+1, v, want)
					}
				}
			}
		}
	}
}

// What is undefined is NaN, and stays so in the mean over seeds.
func TestConstantMaps(t *testing.T) {
	o := openOutside(t, false)
	e := o.env()
	calls := 0
	constant := make([]float32, 3*32*32)
	e.Explain = func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
		calls++
		for i := range cases {
			if calls == 1 {
				emit(i, constant)
			} else {
				emit(i, cases[i].Map)
			}
		}
		return nil
	}
	p := &ParameterRandomization{Mode: "cascading", NSeeds: 2}
	got, err := p.Score(e, o.cases(t, "saliency"))
	if err != nil {
		t.Fatal(err)
	}
	for s := range 4 {
		for k, v := range got[0][s*6 : s*6+6] {
			if want := k == 1; math.IsNaN(v) != want {
				t.Errorf("series %d, layer %d: %v, want NaN %v", s, k, v, want)
			}
		}
	}
	cases := o.cases(t, "saliency")
	cases[0].Map = constant
	got, err = p.Score(e, cases)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range got[0] {
		if !math.IsNaN(v) {
			t.Errorf("value %d of a map that is 0 everywhere is %v, want NaN", k, v)
		}
	}
	if slices.ContainsFunc(got[1], math.IsNaN) {
		t.Error("the other image's values are NaN too")
	}
}

// The mean over two seeds is the mean of each, and the first is n_seeds 1.
func TestSeedsAreAveraged(t *testing.T) {
	o := openOutside(t, false)
	cases := o.cases(t, "input_x_gradient")[:1]
	score := func(n int) []float64 {
		got, err := (&ParameterRandomization{Mode: "independent", NSeeds: n}).Score(o.env(), cases)
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	one, two := score(1), score(2)
	second := make([]float64, len(one))
	n := o.worker.Model().Net()
	ms := (&ParameterRandomization{}).chosen()
	original := newProfile(cases[0].Map, n.Input, ms)
	for k, layer := range fromOutput(n) {
		m, err := randomize(o.worker.Model(), []string{layer}, o.env().Seed, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = gradientTimesInput(m, cases, func(_ int, again []float32) {
			for s, v := range original.compare(newProfile(again, n.Input, ms), ms) {
				second[s*6+k+1] = v
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for k := range one {
		want := (one[k] + second[k]) / 2
		if k%6 == 0 {
			want = 1
		}
		if !near(two[k], want, 0) {
			t.Errorf("value %d: %v, want %v", k, two[k], want)
		}
	}
	if slices.Equal(one, two) {
		t.Error("the second seed draws what the first drew")
	}
}

// Every measure knows a map again, sees one turned round for what it is, and
// gives the same whichever others are asked for.
func TestMeasures(t *testing.T) {
	o := openOutside(t, false)
	n := o.worker.Model().Net()
	cases := o.cases(t, "ig_gausslegendre_50")
	all := []string{"hog", "ssim", "kendall", "spearman"}
	score := func(sign float32, measures ...string) [][]float64 {
		e := o.env()
		e.Explain = func(_ *model.Model, cases []Case, emit func(int, []float32)) error {
			for i := range cases {
				m := slices.Clone(cases[i].Map)
				for j := range m {
					m[j] *= sign
				}
				emit(i, m)
			}
			return nil
		}
		p := &ParameterRandomization{Mode: "independent", NSeeds: 1, Measures: measures}
		got, err := p.Score(e, cases)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	p := &ParameterRandomization{Mode: "independent", NSeeds: 1, Measures: all}
	var names []string
	for _, s := range p.Series(n) {
		names = append(names, s.Name)
	}
	if got, want := strings.Join(names, ", "), "independent hog, independent hog abs, independent ssim, independent ssim abs, independent kendall, independent kendall abs, independent spearman, independent spearman abs"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	same, turned := score(1, all...), score(-1, all...)
	for i := range cases {
		if k := slices.IndexFunc(same[i], func(v float64) bool { return v != 1 }); k >= 0 || len(same[i]) != 8*6 {
			t.Errorf("image %d: value %d of %d is not 1 for an unchanged map", i, k, len(same[i]))
		}
		// Gradients have no sign; SSIM of what is turned round is not looked at.
		for s, want := range []float64{1, 1, math.NaN(), 1, -1, 1, -1, 1} {
			for k, got := range turned[i][s*6+1 : s*6+6] {
				if !math.IsNaN(want) && !near(got, want, 1e-9) {
					t.Errorf("image %d: %s of the negated map, layer %d: %v, want %v", i, names[s], k+1, got, want)
				}
			}
		}
	}
	for k, m := range all {
		for i, got := range score(-1, m) {
			if want := turned[i][k*12 : k*12+12]; !slices.Equal(got, want) {
				t.Errorf("image %d: %s alone gives %v, want %v", i, m, got, want)
			}
		}
	}
}

// Images without a HOG descriptor are refused before a run.
func TestMeasuresOfSmallImages(t *testing.T) {
	for _, r := range []struct {
		h, w     int
		measures []string
		want     string
	}{
		{24, 23, []string{"hog"}, "measures names hog, which needs images of at least 24x24 pixels, and these have 24x23"},
		{10, 24, []string{"spearman", "ssim"}, "measures names ssim, which needs images of at least 11x11 pixels, and these have 10x24"},
		{24, 24, []string{"ssim", "hog"}, "<nil>"},
		{2, 2, []string{"spearman", "kendall"}, "<nil>"},
		{2, 2, nil, "<nil>"}, // nobody asked for what is undefined here
	} {
		n := &model.Net{Name: "linear", Input: model.Shape{C: 1, H: r.h, W: r.w}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		p := &ParameterRandomization{Mode: "both", NSeeds: 1, Measures: r.measures}
		if got := fmt.Sprint(p.Check(n)); got != r.want {
			t.Errorf("%v of %dx%d pixels: got %s, want %s", r.measures, r.h, r.w, got, r.want)
		}
	}
}

func TestExplainErrors(t *testing.T) {
	o := openOutside(t, false)
	p := &ParameterRandomization{Mode: "cascading", NSeeds: 1}
	e := o.env()
	e.Explain = func(*model.Model, []Case, func(int, []float32)) error { return context.Canceled }
	_, err := p.Score(e, o.cases(t, "saliency"))
	if want := "metrics: parameter_randomization: with fc3 randomised: context canceled"; err == nil || err.Error() != want || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %s", err, want)
	}
	e.Explain = func(*model.Model, []Case, func(int, []float32)) error { return nil }
	_, err = p.Score(e, o.cases(t, "saliency"))
	if want := "metrics: parameter_randomization: with fc3 randomised: 0 maps came, want 2"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestLimit(t *testing.T) {
	var m Metric = &ParameterRandomization{MaxImages: 12}
	if l, ok := m.(interface{ Limit() int }); !ok || l.Limit() != 12 {
		t.Error("Limit does not answer max_images")
	}
}
