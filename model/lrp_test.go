package model

import (
	"context"
	"fmt"
	"math"
	"testing"

	"assay/model/internal/kernel"
)

// lrpTestRules are rules of every kind with numbers that keep the divisions
// well conditioned.
var lrpTestRules = map[string]LRPRule{
	"epsilon":           {Kind: "epsilon", Epsilon: 0.02},
	"epsilon zero bias": {Kind: "epsilon", Epsilon: 0.02, ZeroBias: true},
	"gamma":             {Kind: "gamma", Epsilon: 1e-6, Gamma: 0.25},
	"gamma zero bias":   {Kind: "gamma", Epsilon: 1e-6, Gamma: 0.4, ZeroBias: true},
	"gamma captum":      {Kind: "gamma", Epsilon: 0.02, Gamma: 0.25, Captum: true},
	"alpha2 beta1":      {Kind: "alpha_beta", Epsilon: 1e-6, Alpha: 2, Beta: 1},
	"alpha1.5 beta0.5":  {Kind: "alpha_beta", Epsilon: 1e-6, Alpha: 1.5, Beta: 0.5, ZeroBias: true},
	"z_plus":            {Kind: "z_plus", Epsilon: 1e-6},
	"z_plus captum":     {Kind: "z_plus", Epsilon: 0.02, Captum: true},
	"z_box":             {Kind: "z_box", Epsilon: 1e-6, Low: []float32{-4}, High: []float32{4.5}},
	"w_square":          {Kind: "w_square", Epsilon: 1e-6},
	"flat":              {Kind: "flat", Epsilon: 1e-6},
}

// lrpTestedOn thins out the rules on the large network.
func lrpTestedOn(n *Net, rule string) bool {
	return n.Name != "tutorial" || rule == "epsilon" || rule == "gamma" || rule == "alpha2 beta1"
}

// everywhere gives every layer the same rule.
func everywhere(n *Net, r LRPRule) *LRP {
	l := &LRP{Norm: 1e-6}
	for range n.Layers {
		l.Rules = append(l.Rules, r)
	}
	return l
}

type relevant struct {
	rel, logits []float32
	layers      []RelevanceShare
	target      Target
}

func propagate(t *testing.T, w *Worker, l *LRP, from, n int) []relevant {
	t.Helper()
	var out []relevant
	var targets []Target
	err := w.Relevance(context.Background(), l, n, func(i int, p *Point) {
		testPoint(w.m.net, from+i, p)
		targets = append(targets, p.Target)
	}, func(i int, r Relevance) {
		out = append(out, relevant{append([]float32(nil), r.Map...), append([]float32(nil), r.Logits...), append([]RelevanceShare(nil), r.Layers...), targets[i]})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// connections calls visit for every input j, output k and weight w between
// them.
func connections(l Layer, s Shape, visit func(j, k, w int)) {
	o := l.output(s)
	if l.Kind == "linear" {
		for k := range l.Out {
			for j := range s.Size() {
				visit(j, k, k*s.Size()+j)
			}
		}
		return
	}
	for k := range o.Size() {
		c, row, col := k/(o.H*o.W), k/o.W%o.H, k%o.W
		for i := range s.C {
			for ky := range l.Kernel {
				for kx := range l.Kernel {
					y, x := row*l.Stride+ky-l.Padding, col*l.Stride+kx-l.Padding
					if y >= 0 && y < s.H && x >= 0 && x < s.W {
						visit((i*s.H+y)*s.W+x, k, ((c*s.C+i)*l.Kernel+ky)*l.Kernel+kx)
					}
				}
			}
		}
	}
}

// lrpLayer is a rule by its definition: over the contributions of every input
// to every output, in float64.
func lrpLayer(r LRPRule, l Layer, s Shape, w, b []float32, x, z, rel []float64) []float64 {
	o := l.output(s)
	channel := func(k int) int { return k / (o.H * o.W) }
	// part is what connection (x, w) counts in the sum of output k.
	part := func(x, w float64, k int, sign int) float64 {
		c := x * w
		positive, negative := math.Max(c, 0), math.Min(c, 0)
		switch r.Kind {
		case "epsilon":
			return c
		case "gamma":
			if r.Captum {
				return c + r.Gamma*x*math.Max(w, 0)
			}
			if z[k] > 0 && sign > 0 {
				return c + r.Gamma*positive
			}
			if z[k] < 0 && sign < 0 {
				return c + r.Gamma*negative
			}
			return 0
		case "alpha_beta":
			if sign > 0 {
				return positive
			}
			return negative
		case "z_plus":
			if r.Captum {
				return x * math.Max(w, 0)
			}
			return positive
		case "z_box":
			return c - float64(r.Low[0])*math.Max(w, 0) - float64(r.High[0])*math.Min(w, 0)
		case "w_square":
			return w * w
		case "flat":
			return 1
		}
		panic(r.Kind)
	}
	scale := map[int]float64{1: 1}
	if r.Kind == "alpha_beta" {
		scale = map[int]float64{1: r.Alpha, -1: -r.Beta}
	} else if r.Kind == "gamma" && !r.Captum {
		scale = map[int]float64{1: 1, -1: 1}
	}
	out := make([]float64, s.Size())
	for sign, c := range scale {
		sum := make([]float64, len(rel))
		connections(l, s, func(j, k, t int) { sum[k] += part(x[j], float64(w[t]), k, sign) })
		for k := range sum {
			// The bias counts as the weight of an input 1, but has no part in
			// z_box and flat, and stays as it is for Captum.
			if v := float64(b[channel(k)]); !r.ZeroBias && r.Kind != "z_box" && r.Kind != "flat" {
				if r.Captum {
					sum[k] += v
				} else {
					sum[k] += part(1, v, k, sign)
				}
			}
			if sum[k] >= 0 {
				sum[k] += r.Epsilon
			} else {
				sum[k] -= r.Epsilon
			}
		}
		connections(l, s, func(j, k, t int) {
			if p := part(x[j], float64(w[t]), k, sign); p != 0 {
				out[j] += c * p / sum[k] * rel[k]
			}
		})
	}
	return out
}

// lrpReference is relevance propagation in float64.
func lrpReference(n *Net, wt *Weights, r LRPRule, x []float64, target Target) []float64 {
	var plain ref
	acts, arg := plain.forward(n, wt, x)
	logits := acts[len(acts)-1]
	rel := make([]float64, len(logits))
	rel[target.Class] = logits[target.Class]
	if target.Minus >= 0 {
		rel[target.Minus] = -logits[target.Minus]
	}
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	for i := len(n.Layers) - 1; i >= 0; i-- {
		l := n.Layers[i]
		switch l.Kind {
		case "conv2d", "linear":
			rel = lrpLayer(r, l, shapes[i], wt.Get(l.Name+".weight"), wt.Get(l.Name+".bias"), acts[i], acts[i+1], rel)
		case "max_pool2d":
			d := make([]float64, len(acts[i]))
			for k, v := range rel {
				d[arg[i][k]] += v
			}
			rel = d
		}
	}
	return rel
}

func TestRelevanceAgainstReference(t *testing.T) {
	for _, n := range testNets() {
		m := testModel(t, n)
		for name, r := range lrpTestRules {
			if !lrpTestedOn(n, name) {
				continue
			}
			points := 5
			if n.Name == "tutorial" {
				points = 1
			}
			got := propagate(t, m.Worker(), everywhere(n, r), 2, points)
			for i, a := range got {
				p := Point{X: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
				testPoint(n, 2+i, &p)
				want := lrpReference(n, m.weights, r, float64s(p.X), p.Target)
				if d := relative(a.rel, want); !(d < 1e-4) {
					t.Errorf("%s %s point %d: relevance off by %.2g", n.Name, name, i, d)
				}
			}
		}
	}
}

// Nothing is lost between the layers but what the account says.
func TestRelevanceIsConserved(t *testing.T) {
	for _, n := range testNets() {
		m := testModel(t, n)
		for name, r := range lrpTestRules {
			for i, a := range propagate(t, m.Worker(), everywhere(n, r), 0, 6) {
				above := a.target.Of(a.logits)
				scale := 1.0
				for j := len(a.layers) - 1; j >= 0; j-- {
					s := a.layers[j]
					id := fmt.Sprintf("%s %s point %d: layer %s", n.Name, name, i, s.Layer)
					scale = max(scale, math.Abs(s.Out), math.Abs(s.In), math.Abs(s.Bias))
					if d := s.Out - above; math.Abs(d) > 2e-5*scale {
						t.Errorf("%s takes %v, want the %v of the layer above", id, s.Out, above)
					}
					if d := s.In + s.Bias + s.Stabiliser - s.Out; math.Abs(d) > 2e-5*scale {
						t.Errorf("%s hands on %v + %v to the bias + %v to the stabiliser, want %v in all", id, s.In, s.Bias, s.Stabiliser, s.Out)
					}
					if r.ZeroBias && s.Bias != 0 {
						t.Errorf("%s gives %v to the bias, want 0", id, s.Bias)
					}
					above = s.In
				}
				var sum float64
				for _, v := range a.rel {
					sum += float64(v)
				}
				if math.Abs(sum-above) > 2e-5*scale {
					t.Errorf("%s %s point %d: the map sums to %v, want %v", n.Name, name, i, sum, above)
				}
				// Rules without bias and with sums that cannot vanish lose nothing.
				if r.Kind == "z_box" || r.Kind == "flat" {
					if want := a.target.Of(a.logits); math.Abs(sum-want) > 2e-5*scale {
						t.Errorf("%s %s point %d: the map sums to %v, want the logit %v", n.Name, name, i, sum, want)
					}
				}
			}
		}
	}
}

// Without biases and stabiliser, the epsilon rule is input times gradient.
func TestRelevanceWithoutEpsilonIsInputTimesGradient(t *testing.T) {
	for _, n := range testNets() {
		w := Init(n, 7)
		for _, p := range w.Tensors {
			if len(p.Shape) == 1 {
				clear(p.Data)
			}
		}
		m, err := New(n, w)
		if err != nil {
			t.Fatal(err)
		}
		grads := evaluate(t, m.Worker(), Gradient, 0, 5)
		for i, a := range propagate(t, m.Worker(), everywhere(n, LRPRule{Kind: "epsilon"}), 0, 5) {
			p := Point{X: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			want := make([]float64, len(p.X))
			for j, v := range p.X {
				want[j] = float64(v) * float64(grads[i].grad[j])
			}
			if d := relative(a.rel, want); !(d < 1e-5) {
				t.Errorf("%s point %d: off by %.2g", n.Name, i, d)
			}
		}
	}
}

// A net whose relevance can be worked out by hand: 2 inputs, 2 hidden units, 1
// output.
func TestRelevanceOfKnownValues(t *testing.T) {
	n := &Net{Input: Shape{2, 1, 1}, Layers: []Layer{{Kind: "linear", Out: 2}, {Kind: "relu"}, {Kind: "linear", Out: 1}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := New(n, &Weights{Tensors: []Tensor{
		{"fc1.weight", []int{2, 2}, []float32{1, -1, 2, 1}}, {"fc1.bias", []int{2}, []float32{1, 0}},
		{"fc2.weight", []int{1, 2}, []float32{3, -1}}, {"fc2.bias", []int{1}, []float32{2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	// x = (2, 1): hidden 2-1+1 = 2 and 4+1 = 5; output 6-5+2 = 3.
	for _, r := range []struct {
		name   string
		hidden LRPRule
		output LRPRule
		want   [2]float64
		bias   float64
	}{
		// hidden 6, -5, bias 2; first: 2/2, -1/2, bias 1/2 of 6; second: 4/5, 1/5 of -5
		{"epsilon", LRPRule{Kind: "epsilon"}, LRPRule{Kind: "epsilon"}, [2]float64{6 - 4, -3 - 1}, 2 + 3},
		// hidden 3*6/8, 0, bias 3*2/8; first: 2/3, bias 1/3
		{"z_plus", LRPRule{Kind: "z_plus"}, LRPRule{Kind: "z_plus"}, [2]float64{1.5, 0}, 0.75 + 0.75},
		// hidden 2*3*6/8 = 4.5, -1*3*5/5 = -3, bias 1.5; first: 2*4.5*2/3 less
		// 4.5, bias 3; second has no negative part: 2*-3*(4/5, 1/5)
		{"alpha 2 beta 1", LRPRule{Kind: "alpha_beta", Alpha: 2, Beta: 1}, LRPRule{Kind: "alpha_beta", Alpha: 2, Beta: 1}, [2]float64{6 - 4.8, -4.5 - 1.2}, 1.5 + 3},
		// with gamma 1: hidden 12, -5, bias 4 of 11; first 4, -1, bias 2 of 5 of
		// 36/11; second 8, 2 of 10 of -15/11
		{"gamma", LRPRule{Kind: "gamma", Gamma: 1}, LRPRule{Kind: "gamma", Gamma: 1}, [2]float64{(28.8 - 12) / 11, (-7.2 - 3) / 11}, (12 + 14.4) / 11},
		{"flat", LRPRule{Kind: "flat"}, LRPRule{Kind: "flat"}, [2]float64{1.5, 1.5}, 0},
		// weights squared: hidden 3*9/14, 3*1/14, bias 3*4/14; first 1/3, 1/3,
		// bias 1/3; second 4/5, 1/5
		{"w_square", LRPRule{Kind: "w_square"}, LRPRule{Kind: "w_square"}, [2]float64{9.0/14 + 12.0/70, 9.0/14 + 3.0/70}, 12.0/14 + 9.0/14},
		// flat above: 1.5 each; box 0 to 3: first 2*1, (1-3)*-1 of 4; second 4, 1 of 5
		{"z_box", LRPRule{Kind: "z_box", Low: []float32{0}, High: []float32{3}}, LRPRule{Kind: "flat"}, [2]float64{0.75 + 1.2, 0.75 + 0.3}, 0},
		{"pass", LRPRule{Kind: "pass"}, LRPRule{Kind: "flat"}, [2]float64{1.5, 1.5}, 0},
	} {
		l := &LRP{Rules: []LRPRule{r.hidden, {}, r.output}}
		err := m.Worker().Relevance(context.Background(), l, 1, func(_ int, p *Point) { copy(p.X, []float32{2, 1}) }, func(_ int, rel Relevance) {
			var bias float64
			for _, s := range rel.Layers {
				bias += s.Bias
			}
			for j, want := range r.want {
				if math.Abs(float64(rel.Map[j])-want) > 1e-6 {
					t.Errorf("%s: relevance %v, want %v", r.name, rel.Map, r.want)
					break
				}
			}
			if math.Abs(bias-r.bias) > 1e-6 {
				t.Errorf("%s: the biases get %v, want %v", r.name, bias, r.bias)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Relevance of a layer is what the account says flows into the layers behind.
func TestRelevanceOfLayers(t *testing.T) {
	for _, n := range testNets() {
		m := testModel(t, n)
		l := everywhere(n, LRPRule{Kind: "z_plus", Epsilon: 1e-6})
		whole := propagate(t, m.Worker(), l, 0, 3)
		for i, layer := range n.Layers {
			at := *l
			at.Layer = layer.Name
			for p, a := range propagate(t, m.Worker(), &at, 0, 3) {
				if got, want := len(a.rel), n.Shapes()[i].Size(); got != want {
					t.Fatalf("%s %s: %d values, want %d", n.Name, layer.Name, got, want)
				}
				want := whole[p].target.Of(whole[p].logits)
				for j, behind := range n.Layers {
					if j > i && (behind.Kind == "conv2d" || behind.Kind == "linear") {
						for _, s := range whole[p].layers {
							if s.Layer == behind.Name {
								want = s.In
							}
						}
						break
					}
				}
				var sum float64
				for _, v := range a.rel {
					sum += float64(v)
				}
				if math.Abs(sum-want) > 2e-5*max(1, math.Abs(want)) {
					t.Errorf("%s %s point %d: relevance sums to %v, want %v", n.Name, layer.Name, p, sum, want)
				}
			}
		}
		at := *l
		at.Layer = "nowhere"
		if err := m.Worker().Relevance(context.Background(), &at, 1, func(int, *Point) {}, func(int, Relevance) {}); err == nil {
			t.Error("a layer that does not exist passes")
		}
	}
}

// Relevance has the same bits on every instruction set and in any company.
func TestRelevanceSameBits(t *testing.T) {
	for _, n := range testNets() {
		for name, r := range lrpTestRules {
			if !lrpTestedOn(n, name) {
				continue
			}
			want := propagate(t, testModel(t, n).Worker(), everywhere(n, r), 0, 21)
			for _, level := range kernel.Levels() {
				m := testModel(t, n)
				m.level = level
				from := 0
				for _, batch := range []int{1, 16, 4} {
					for i, a := range propagate(t, m.Worker(), everywhere(n, r), from, batch) {
						id := fmt.Sprintf("%s %s %v batch %d point %d", n.Name, name, level, batch, from+i)
						sameBits(t, id, a.rel, want[from+i].rel)
						for j, s := range a.layers {
							if s != want[from+i].layers[j] {
								t.Errorf("%s: account %v, want %v", id, s, want[from+i].layers[j])
							}
						}
					}
					from += batch
				}
			}
		}
	}
}
