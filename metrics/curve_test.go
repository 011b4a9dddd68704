package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/model"
	"pgregory.net/rapid"
)

// perturbed is the slow definition: a copy of `from` with the first k pixels of
// the order taken out of `to`.
func perturbed(from, to []float32, order []int32, k, area int) []float32 {
	x := slices.Clone(from)
	for _, p := range order[:k] {
		for at := int(p); at < len(x); at += area {
			x[at] = to[at]
		}
	}
	return x
}

// On a linear network every point of every curve is known: w.x + b of an image
// perturbed from scratch.
func TestCurvesOfALinearNetwork(t *testing.T) {
	in := model.Shape{C: 2, H: 4, W: 5}
	const area = 20
	w := linear(t, in, [2][]float32{normals(40, "w0"), normals(40, "w1")}, [2]float32{0.5, -0.25})
	x := [][]float32{normals(40, "x0"), normals(40, "x1"), normals(40, "x2")}
	logits := logitsOf(t, w, x)
	mean := []float32{0.25, -0.5}
	rapid.Check(t, func(t *rapid.T) {
		o := Deletion{
			Step:      rapid.IntRange(1, area).Draw(t, "step"),
			Substrate: rapid.SampledFrom(substrates).Draw(t, "substrate"),
			Output:    rapid.SampledFrom([]string{"logit", "probability"}).Draw(t, "output"),
			Target:    rapid.SampledFrom(watched).Draw(t, "target"),
			Order:     rapid.SampledFrom([]string{"abs", "signed"}).Draw(t, "order"),
			Ascending: rapid.Bool().Draw(t, "ascending"),
		}
		insert := rapid.Bool().Draw(t, "insert")
		var cases []Case
		for i := range x {
			m := rapid.SliceOfN(rapid.Map(rapid.IntRange(-5, 5), func(i int) float32 { return float32(i) }), 40, 40).Draw(t, "map")
			target := model.Target{Class: rapid.IntRange(0, 1).Draw(t, "class"), Minus: rapid.IntRange(-1, 1).Draw(t, "minus")}
			cases = append(cases, Case{Index: i, X: x[i], Map: m, Logits: logits[i], Predicted: argmax(logits[i]), Target: target})
		}
		e := &Env{Ctx: context.Background(), Worker: w, Mean: mean}
		var metric Metric = &o
		if insert {
			s := Insertion(o)
			metric = &s
		}
		got, err := metric.Score(e, cases)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			// The order by the definition: a stable sort of all pixels.
			order := make([]int32, area)
			for p := range order {
				order[p] = int32(p)
			}
			importance := func(p int32) float64 {
				a, b := float64(c.Map[p]), float64(c.Map[p+area])
				if o.Order == "abs" {
					a, b = math.Abs(a), math.Abs(b)
				}
				return a + b
			}
			slices.SortStableFunc(order, func(p, q int32) int {
				d := importance(p) - importance(q)
				if !o.Ascending {
					d = -d
				}
				switch {
				case d < 0:
					return -1
				case d > 0:
					return 1
				}
				return 0
			})
			other := make([]float32, len(c.X))
			substrate(other, o.Substrate, c.X, in, mean)
			from, to := c.X, other
			if insert {
				from, to = other, c.X
			}
			target := map[string]model.Target{
				"explained":  {Class: c.Target.Class, Minus: -1},
				"predicted":  {Class: c.Predicted, Minus: -1},
				"difference": c.Target,
			}[o.Target]
			area20, last := 0.0, 0.0
			for k := 0; ; k++ {
				pixels := min(k*o.Step, area)
				y := make([]float64, 2)
				for class := range y {
					v := float64(w.Model().Weights().Get("fc1.bias")[class])
					for j, p := range perturbed(from, to, order, pixels, area) {
						v += float64(w.Model().Weights().Get("fc1.weight")[class*40+j]) * float64(p)
					}
					y[class] = v
				}
				if o.Output == "probability" {
					a, b := math.Exp(y[0]), math.Exp(y[1])
					y[0], y[1] = a/(a+b), b/(a+b)
				}
				want := y[target.Class]
				if target.Minus >= 0 {
					want -= y[target.Minus]
				}
				if !near(got[i][1+k], want, 1e-5) {
					t.Fatalf("image %d: point %d is %v, want %v", i, k, got[i][1+k], want)
				}
				if k > 0 {
					area20 += float64(pixels-min((k-1)*o.Step, area)) * (want + last) / 2
				}
				last = want
				if pixels == area {
					if len(got[i]) != k+2 {
						t.Fatalf("%d values, want %d", len(got[i]), k+2)
					}
					break
				}
			}
			if !near(got[i][0], area20/area, 1e-5) {
				t.Fatalf("image %d: auc %v, want %v", i, got[i][0], area20/area)
			}
		}
	})
}

// A map that knows the network's weights beats every other: with logit output
// and the true contributions, deletion is the lowest possible curve.
func TestTheTrueContributionsDeleteFastest(t *testing.T) {
	in := model.Shape{C: 1, H: 6, W: 6}
	weights := normals(36, "w")
	w := linear(t, in, [2][]float32{weights, make([]float32, 36)}, [2]float32{})
	x := normals(36, "x")
	truth := make([]float32, 36)
	for i := range x {
		truth[i] = weights[i] * x[i]
	}
	c := Case{X: x, Map: truth, Target: model.Target{Class: 0, Minus: -1}, Logits: logitsOf(t, w, [][]float32{x})[0]}
	cases := []Case{c}
	for i := range 20 {
		d := c
		d.Map = normals(36, fmt.Sprintf("map %d", i))
		cases = append(cases, d)
	}
	d := &Deletion{Step: 1, Substrate: "zero", Output: "logit", Target: "explained", Order: "signed"}
	got, err := d.Score(&Env{Ctx: context.Background(), Worker: w}, cases)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases[1:] {
		for k := range got[0] {
			if got[0][k] > got[1+i][k]+1e-5 {
				t.Errorf("map %d: value %d is %v, below the %v of the true contributions", i, k, got[1+i][k], got[0][k])
			}
		}
	}
}

func TestSeriesOfCurves(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 2, W: 5}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m      Metric
		better int
	}{
		{&Deletion{Step: 4}, -1},
		{&Deletion{Step: 4, Ascending: true}, +1},
		{&Insertion{Step: 4}, +1},
		{&Insertion{Step: 4, Ascending: true}, -1},
	} {
		got := c.m.Series(n)
		if len(got) != 2 || got[0].Name != "auc" || got[1].Name != "curve" || got[0].X != nil || !slices.Equal(got[1].X, []float64{0, 0.4, 0.8, 1}) {
			t.Errorf("%T: series %+v", c.m, got)
		}
		for _, s := range got {
			if s.Better != c.better {
				t.Errorf("%T%+v: %s is better %+d, want %+d", c.m, c.m, s.Name, s.Better, c.better)
			}
		}
		if forward, explain := Cost(c.m, n); forward != 3 || explain != 0 {
			t.Errorf("%T costs %d, %d, want 3 forward passes", c.m, forward, explain)
		}
	}
}

func TestPixelOrder(t *testing.T) {
	m := []float32{1, -3, 2, 2 /* second channel */, 1, 0, -1, 0} // sums: abs 2 3 3 2, signed 2 -3 1 2
	for _, c := range []struct {
		signed, ascending bool
		want              []int32
	}{
		{false, false, []int32{1, 2, 0, 3}},
		{false, true, []int32{0, 3, 1, 2}},
		{true, false, []int32{0, 3, 2, 1}},
		{true, true, []int32{1, 2, 0, 3}},
	} {
		if got := pixelOrder(m, 4, c.signed, c.ascending); !slices.Equal(got, c.want) {
			t.Errorf("signed %v, ascending %v: got %v, want %v", c.signed, c.ascending, got, c.want)
		}
	}
}

func TestProbability(t *testing.T) {
	for _, c := range []struct {
		name   string
		logits []float32
		t      model.Target
		want   float64
	}{
		{"equal logits", []float32{3, 3, 3, 3}, model.Target{Class: 2, Minus: -1}, 0.25},
		{"large logits", []float32{3000, 2999, -3000}, model.Target{Class: 0, Minus: -1}, 1 / (1 + math.Exp(-1))},
		{"very unlikely", []float32{1000, 0}, model.Target{Class: 1, Minus: -1}, 0},
		{"a difference", []float32{0, float32(math.Log(3))}, model.Target{Class: 1, Minus: 0}, 0.5},
	} {
		if got := probability(c.logits, c.t); !near(got, c.want, 1e-7) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A map that puts no pixel first has no curve: the order would be that of the
// pixels' indices. Cancelling channels do by order signed what zeros do.
func TestNoCurveWithoutRanks(t *testing.T) {
	in := model.Shape{C: 2, H: 2, W: 2}
	w := linear(t, in, [2][]float32{{1, 2, 3, 4, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0}}, [2]float32{})
	for _, r := range []struct {
		name, order string
		m           []float32
		want        bool // that it is defined
	}{
		{"zeros", "abs", make([]float32, 8), false},
		{"one value", "abs", []float32{2, 2, 2, 2, 2, 2, 2, 2}, false},
		{"channels that cancel", "signed", []float32{1, 2, 3, 4, -1, -2, -3, -4}, false},
		{"the same by magnitude", "abs", []float32{1, 2, 3, 4, -1, -2, -3, -4}, true},
		{"one pixel first", "abs", []float32{0, 0, 0, 1, 0, 0, 0, 0}, true},
	} {
		c := Case{X: []float32{1, 1, 1, 1, 0, 0, 0, 0}, Map: r.m, Logits: []float32{10, 0}, Target: model.Target{Minus: -1}}
		for _, insert := range []bool{false, true} {
			o := curve{Deletion: Deletion{Step: 1, Substrate: "zero", Output: "probability", Target: "explained", Order: r.order}, insert: insert}
			out, err := o.score(&Env{Ctx: context.Background(), Worker: w}, []Case{c})
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range out[0] {
				if math.IsNaN(v) == r.want {
					t.Errorf("%s, insert %v: value %d is %v, want it defined: %v", r.name, insert, k, v, r.want)
				}
			}
		}
	}
}

func TestCurveErrors(t *testing.T) {
	in := model.Shape{C: 1, H: 2, W: 2}
	w := linear(t, in, [2][]float32{{1, 1, 1, 1}, {0, 0, 0, 0}}, [2]float32{})
	good := Case{Index: 3, X: make([]float32, 4), Map: make([]float32, 4), Logits: make([]float32, 2), Target: model.Target{Minus: -1}}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for _, c := range []struct {
		name string
		ctx  context.Context
		edit func(d *Deletion, c *Case)
		want string
	}{
		{"map of another size", nil, func(_ *Deletion, c *Case) { c.Map = c.Map[1:] }, "metrics: deletion: image 3: the number of attributions is 3, want 4"},
		{"image of another size", nil, func(_ *Deletion, c *Case) { c.X = nil }, "metrics: deletion: image 3: the number of inputs is 0, want 4"},
		{"no logits", nil, func(_ *Deletion, c *Case) { c.Logits = nil }, "metrics: deletion: image 3: the number of logits is 0, want 2"},
		{"no such class", nil, func(_ *Deletion, c *Case) { c.Target.Class = 2 }, "metrics: deletion: image 3: the target class is 2, want 0 to 1"},
		{"no mean", nil, func(d *Deletion, _ *Case) { d.Substrate = "mean" }, "metrics: deletion: substrate mean: the mean colour has 0 channels, the network's input 1"},
		{"unchecked option", nil, func(d *Deletion, _ *Case) { d.Step = 0 }, "metrics: deletion: step is 0, want 1 to 4 pixels"},
		{"cancelled", stopped, func(*Deletion, *Case) {}, "metrics: deletion: context canceled"},
	} {
		d := Metrics["deletion"].New().(*Deletion)
		d.Step = 2
		bad := good
		c.edit(d, &bad)
		ctx := c.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		_, err := d.Score(&Env{Ctx: ctx, Worker: w}, []Case{bad})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if c.ctx != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v is not context.Canceled", c.name, err)
		}
	}
}
