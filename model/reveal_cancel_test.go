package model

import (
	"context"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"assay/model/rng"
)

// revealCancel leads g, the multipliers of a relu's output, past the relu and
// the linear layer in front of it. z is the output of that layer, x its input;
// zr and xr are the baseline's.
func (r ref) revealCancel(w []float32, z, zr, x, xr, g, d []float64) {
	for k, v := range g {
		var up, down float64
		for q := range x {
			c := float64(w[k*len(x)+q]) * (x[q] - xr[q])
			up, down = up+max(c, 0), down+min(c, 0)
		}
		f := func(z float64) float64 { return max(zr[k]+z, 0) }
		mUp := (f(up) - f(0) + f(up+down) - f(down)) / (2 * up)
		mDown := (f(down) - f(0) + f(up+down) - f(up)) / (2 * down)
		left, right := step01(zr[k]), step01(z[k])
		if up <= 1e-10 {
			mUp = (left + right) / 2
		}
		if down >= -1e-10 {
			mDown = (left + right) / 2
		}
		for q := range x {
			w := float64(w[k*len(x)+q])
			switch c := w * (x[q] - xr[q]); {
			case c > 0:
				d[q] += w * mUp * v
			case c < 0:
				d[q] += w * mDown * v
			case x[q] == xr[q]:
				d[q] += w * (mUp + mDown) / 2 * v
			}
		}
	}
}

// part2 is one number for each of the two parts of a change: what is above 0 and
// what is below.
type part2 struct{ up, down float64 }

// paper is DeepLift on a network of linear layers and relus by the letter of
// section 3 of the paper: every neuron's change has two parts, each part a
// multiplier of its own, through every layer. It returns the inputs'
// contributions.
func paper(n *Net, w *Weights, x, xr []float64, t Target) []float64 {
	var reference ref
	acts, _ := reference.forward(n, w, x)
	racts, _ := reference.forward(n, w, xr)
	parts := make([][]part2, len(acts))
	parts[0] = make([]part2, len(x))
	for i := range x {
		parts[0][i] = part2{max(x[i]-xr[i], 0), min(x[i]-xr[i], 0)}
	}
	for li, l := range n.Layers {
		in, out := parts[li], make([]part2, len(acts[li+1]))
		for k := range out {
			switch l.Kind {
			case "linear":
				for q, p := range in {
					v := float64(w.Get(l.Name + ".weight")[k*len(in)+q])
					whole := v * (p.up + p.down)
					switch {
					case p.up+p.down == 0: // half of each part to either
						out[k].up += v * (p.up + p.down) / 2
						out[k].down += v * (p.up + p.down) / 2
					case whole > 0:
						out[k].up += whole
					default:
						out[k].down += whole
					}
				}
			case "relu":
				r := racts[li][k]
				f := func(z float64) float64 { return max(r+z, 0) }
				u, d := in[k].up, in[k].down
				out[k] = part2{(f(u) - f(0) + f(u+d) - f(d)) / 2, (f(d) - f(0) + f(u+d) - f(u)) / 2}
			default:
				out[k] = in[k]
			}
		}
		parts[li+1] = out
	}
	m := make([]part2, n.Classes())
	m[t.Class] = part2{1, 1}
	if t.Minus >= 0 {
		m[t.Minus] = part2{-1, -1}
	}
	for li := len(n.Layers) - 1; li >= 0; li-- {
		l, in := n.Layers[li], parts[li]
		d := make([]part2, len(in))
		for k, g := range m {
			switch l.Kind {
			case "linear":
				for q, p := range in {
					v := float64(w.Get(l.Name + ".weight")[k*len(in)+q])
					by := 0.0
					switch whole := v * (p.up + p.down); {
					case p.up+p.down == 0:
						by = v * (g.up + g.down) / 2
					case whole > 0:
						by = v * g.up
					case whole < 0:
						by = v * g.down
					}
					d[q].up, d[q].down = d[q].up+by, d[q].down+by
				}
			case "relu":
				// Of a part that is 0 the paper says nothing; ours is the limit.
				limit := (step01(racts[li][k]) + step01(acts[li][k])) / 2
				d[k].up = g.up * limit
				if in[k].up > 1e-10 {
					d[k].up = g.up * parts[li+1][k].up / in[k].up
				}
				d[k].down = g.down * limit
				if in[k].down < -1e-10 {
					d[k].down = g.down * parts[li+1][k].down / in[k].down
				}
			default:
				d[k] = g
			}
		}
		m = d
	}
	c := make([]float64, len(x))
	for i := range c {
		c[i] = m[i].up*parts[0][i].up + m[i].down*parts[0][i].down
	}
	return c
}

// With parts and multipliers carried through every layer as the paper has it,
// the contributions are ours, which carry them through pairs of layers alone.
func TestRevealCancelByTheLetter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := &Net{Name: "dense", Input: Shape{rapid.IntRange(1, 3).Draw(rt, "channels"), 2, rapid.IntRange(1, 4).Draw(rt, "columns")}, Layers: []Layer{{Kind: "flatten"}}}
		for range rapid.IntRange(1, 4).Draw(rt, "depth") {
			n.Layers = append(n.Layers, Layer{Kind: "linear", Out: rapid.IntRange(1, 9).Draw(rt, "features")}, Layer{Kind: "relu"}) // biases: without them relus stand on their corners, where the rule jumps
		}
		n.Layers = append(n.Layers, Layer{Kind: "linear", Out: 3})
		if err := n.Resolve(); err != nil {
			rt.Fatal(err)
		}
		w := testWeights(n, rapid.Uint64().Draw(rt, "seed"))
		for _, p := range w.Tensors {
			for i := range p.Data {
				p.Data[i] *= 2
			}
		}
		m, err := New(n, w)
		if err != nil {
			rt.Fatal(err)
		}
		for i, a := range evaluate(t, m.Worker(), RevealCancel, 0, 5) {
			p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			want := paper(n, w, float64s(p.X), float64s(p.Baseline), p.Target)
			scale := 1.0
			for _, v := range want {
				scale = max(scale, abs(v))
			}
			for j, v := range want {
				if got := float64(a.grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j])); abs(got-v) > 1e-5*scale {
					rt.Errorf("%v\npoint %d: contribution %d is %v, want %v", n, i, j, got, v)
				}
			}
		}
	})
}

// setWeights sets a network's weights by name; the rest is 0.
func setWeights(t *testing.T, n *Net, values map[string][]float32) *Model {
	t.Helper()
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	w := Init(n, 1)
	for _, p := range w.Tensors {
		clear(p.Data)
		copy(p.Data, values[p.Name])
	}
	m, err := New(n, w)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// min(x1, x2) as x1 - relu(x1-x2), the paper's example of section 3.5.3: Rescale
// gives all of it to the smaller input. Of a relu whose input has parts up and
// down, the multipliers follow by hand.
func TestRevealCancelKnownAnswers(t *testing.T) {
	// h1 = relu(x1), h2 = relu(x1-x2); the first logit is h1-h2.
	minimum := map[string][]float32{"fc1.weight": {1, 0, 1, -1}, "fc2.weight": {1, -1}}
	// A relu of 2 x1 - 3 x2 + 1, and twice that.
	single := map[string][]float32{"fc1.weight": {2, -3}, "fc1.bias": {1}, "fc2.weight": {2}}
	for _, r := range []struct {
		name    string
		hidden  int
		weights map[string][]float32
		x, base [2]float32
		rescale [2]float32 // contributions
		reveal  [2]float32
	}{
		{"the second is the smaller", 2, minimum, [2]float32{3, 1}, [2]float32{}, [2]float32{0, 1}, [2]float32{0.5, 0.5}},
		{"the first is the smaller", 2, minimum, [2]float32{1, 3}, [2]float32{}, [2]float32{1, 0}, [2]float32{0.5, 0.5}},
		{"equal", 2, minimum, [2]float32{2, 2}, [2]float32{}, [2]float32{2, 0}, [2]float32{1, 1}},
		// z goes from 1 to 0 by +4 and -5: relu from 1 to 0. Up gives 4 before
		// and 0 after down, down -1 before and -5 after up.
		{"cancelling", 1, single, [2]float32{2, 5.0 / 3}, [2]float32{}, [2]float32{8, -10}, [2]float32{4, -6}},
		// z goes from 1 to 5; no part is below 0.
		{"one part alone", 1, single, [2]float32{2, 0}, [2]float32{}, [2]float32{8, 0}, [2]float32{8, 0}},
		{"no change", 1, single, [2]float32{2, 1}, [2]float32{2, 1}, [2]float32{0, 0}, [2]float32{0, 0}},
	} {
		t.Run(r.name, func(t *testing.T) {
			m := setWeights(t, &Net{Input: Shape{2, 1, 1}, Layers: []Layer{
				{Kind: "flatten"}, {Kind: "linear", Name: "fc1", Out: r.hidden}, {Kind: "relu"}, {Kind: "linear", Name: "fc2", Out: 1},
			}}, r.weights)
			for rule, want := range map[Rule][2]float32{Rescale: r.rescale, RevealCancel: r.reveal} {
				err := m.Worker().Gradients(context.Background(), rule, 1, func(_ int, p *Point) {
					copy(p.X, r.x[:])
					copy(p.Baseline, r.base[:])
				}, func(_ int, res Result) {
					for j, v := range want {
						if got := res.Grad[j] * (r.x[j] - r.base[j]); math.Abs(float64(got-v)) > 2e-6 {
							t.Errorf("rule %d: contribution %d is %v, want %v", rule, j, got, v)
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// What else reads a linear layer, and relus that share one, leave the whole
// explained and every bit independent of the order in which Gorgonia walks.
func TestRevealCancelOfSharedLayers(t *testing.T) {
	fc := func(name, in string) Layer { return Layer{Kind: "linear", Name: name, Out: 7, Input: in} }
	relu := func(name, in string) Layer { return Layer{Kind: "relu", Name: name, Input: in} }
	add := func(name, in, from string) Layer { return Layer{Kind: "add", Name: name, Input: in, From: from} }
	for _, n := range []*Net{
		{Name: "past the relu", Layers: []Layer{fc("a", "f"), relu("r", "a"), add("s", "r", "a")}},
		{Name: "two relus", Layers: []Layer{fc("a", "f"), relu("r", "a"), {Kind: "flatten", Name: "g", Input: "a"}, relu("q", "g"), add("s", "r", "q")}},
		{Name: "three relus", Layers: []Layer{fc("a", "f"), relu("r", "a"), relu("q", "a"), relu("p", "a"), add("s", "r", "q"), add("u", "s", "p")}},
		{Name: "behind a flatten", Layers: []Layer{fc("a", "f"), {Kind: "flatten", Name: "g"}, relu("r", "g"), add("s", "r", "g")}},
		{Name: "two readers of one input", Layers: []Layer{fc("a", "f"), relu("r", "a"), fc("b", "f"), relu("q", "b"), add("s", "r", "q"), add("u", "s", "b"), add("v", "u", "f")}},
		{Name: "dropout", Layers: []Layer{fc("a", "f"), {Kind: "dropout", Name: "d", P: 0.5}, relu("r", "d"), fc("b", "r"), relu("q", "b")}},
	} {
		t.Run(n.Name, func(t *testing.T) {
			n.Input = Shape{7, 1, 1}
			n.Layers = append(append([]Layer{{Kind: "flatten", Name: "f"}}, n.Layers...), Layer{Kind: "linear", Name: "end", Out: 3})
			if err := n.Resolve(); err != nil {
				t.Fatal(err)
			}
			m := testModel(t, n)
			got := evaluate(t, m.Worker(), RevealCancel, 0, 16)
			for i, a := range got {
				p := Point{X: make([]float32, 7), Baseline: make([]float32, 7), Target: Target{Minus: -1}}
				testPoint(n, i, &p)
				var r ref
				acts, arg := r.forward(n, m.weights, float64s(p.X))
				ra, rarg := r.forward(n, m.weights, float64s(p.Baseline))
				g := make([]float64, 3)
				g[p.Target.Class]++
				if p.Target.Minus >= 0 {
					g[p.Target.Minus]--
				}
				if d := relative(a.grad, r.backward(n, m.weights, RevealCancel, acts, arg, ra, rarg, g)); d > 1e-5 {
					t.Errorf("point %d: multipliers off by %.2g", i, d)
				}
			}
			for range 5 {
				for i, a := range evaluate(t, testModel(t, n).Worker(), RevealCancel, 0, 16) {
					sameBits(t, "built anew", a.grad, got[i].grad)
				}
			}
		})
	}
}

// A relu's multiplier is a mean of slopes.
func TestRevealCancelIsAMeanSlope(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		number := func(name string) float64 {
			return float64(float32(rng.New(rapid.Uint64().Draw(rt, name), name).Float64()*8 - 4))
		}
		r, up, down := number("r"), math.Abs(number("up")), -math.Abs(number("down"))
		mu, md := revealCancel(r+up+down, r, up, down)
		for _, m := range []float64{mu, md} {
			if m < -1e-9 || m > 1+1e-9 {
				rt.Errorf("relu from %v by %v and %v: multiplier %v, want 0 to 1", r, up, down, m)
			}
		}
		if got, want := mu*up+md*down, max(r+up+down, 0)-max(r, 0); math.Abs(got-want) > 1e-9 {
			rt.Errorf("relu from %v by %v and %v: %v, want %v", r, up, down, got, want)
		}
	})
}

func TestSupportsRevealCancel(t *testing.T) {
	n := &Net{Input: Shape{1, 4, 4}, Layers: []Layer{{Kind: "conv2d", Out: 2, Kernel: 3}, {Kind: "relu"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	if err := n.Supports(RevealCancel); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("got %v, want a refusal", err)
	}
	if err := Nets["tutorial"].New(Shape{3, 32, 32}, 10).Supports(RevealCancel); err != nil {
		t.Error(err)
	}
}
