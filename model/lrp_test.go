package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
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
	l := &LRP{Norm: 0.02}
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
func connections(l Layer, s Shape, visit func(k, j, w int)) {
	if l.Kind == "conv2d" {
		ref{}.taps(l, s, l.output(s), visit)
		return
	}
	for k := range l.Out {
		for j := range s.Size() {
			visit(k, j, k*s.Size()+j)
		}
	}
}

// lrpWeights are a layer's weights with the batch norm behind it (nil for none)
// taken in.
func lrpWeights(wt *Weights, l Layer, norm *Layer) (w, b []float64) {
	w = float64s(wt.Get(l.Name + ".weight"))
	b = make([]float64, l.Out)
	if !l.NoBias {
		b = float64s(wt.Get(l.Name + ".bias"))
	}
	if norm == nil {
		return w, b
	}
	for c := range b {
		at := func(what string) float64 { return float64(wt.Get(norm.Name + "." + what)[c]) }
		scale := at("weight") / math.Sqrt(at("running_var")+normEpsOf(*norm))
		b[c] = (b[c]-at("running_mean"))*scale + at("bias")
		for j := range w[:len(w)/l.Out] {
			w[c*len(w)/l.Out+j] *= scale
		}
	}
	return w, b
}

// lrpLayer is a rule by its definition: over the contributions of every input
// to every output, in float64.
func lrpLayer(r LRPRule, l Layer, s Shape, w, b, x, z, rel []float64) []float64 {
	o := l.output(s)
	channel := func(k int) int { return k / (o.H * o.W) }
	// bound is that of input j, one of one for all or for every channel.
	bound := func(of []float32, j int) float64 {
		if len(of) == 0 {
			return 0
		}
		return float64(of[j*len(of)/s.Size()])
	}
	// part is what connection (x, w) counts in the sum of output k.
	part := func(x, w, low, high float64, k int, sign int) float64 {
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
			return c - low*math.Max(w, 0) - high*math.Min(w, 0)
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
		at := func(k, j, t int) float64 { return part(x[j], w[t], bound(r.Low, j), bound(r.High, j), k, sign) }
		connections(l, s, func(k, j, t int) { sum[k] += at(k, j, t) })
		for k := range sum {
			// The bias counts as the weight of an input 1, but has no part in
			// z_box and flat, and stays as it is for Captum.
			if v := b[channel(k)]; !r.ZeroBias && r.Kind != "z_box" && r.Kind != "flat" {
				if r.Captum {
					sum[k] += v
				} else {
					sum[k] += part(1, v, 0, 0, k, sign)
				}
			}
			sum[k] = stabilised(sum[k], r.Epsilon)
		}
		connections(l, s, func(k, j, t int) {
			if p := at(k, j, t); p != 0 {
				out[j] += c * p / sum[k] * rel[k]
			}
		})
	}
	return out
}

func stabilised(z, epsilon float64) float64 {
	if z >= 0 {
		return z + epsilon
	}
	return z - epsilon
}

// lrpReference is relevance propagation in float64, place by place: of the image
// and of every layer's output.
func lrpReference(n *Net, wt *Weights, lrp *LRP, x []float64, target Target) [][]float64 {
	var plain ref
	acts, arg := plain.forward(n, wt, x)
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	reads := n.reads()
	readers := make([]int, len(acts))
	for _, from := range reads {
		for _, p := range from {
			readers[p]++
		}
	}
	rel := make([][]float64, len(acts))
	for p := range rel {
		rel[p] = make([]float64, len(acts[p]))
	}
	logits := acts[len(acts)-1]
	rel[len(acts)-1][target.Class] = logits[target.Class]
	if target.Minus >= 0 {
		rel[len(acts)-1][target.Minus] = -logits[target.Minus]
	}
	// taken is the place of a batch norm that the convolution before it takes in.
	taken := func(p int) bool {
		from := reads[p-1][0]
		return n.Layers[p-1].Kind == "batch_norm2d" && from > 0 && n.Layers[from-1].Kind == "conv2d" && readers[from] == 1
	}
	for i := len(n.Layers) - 1; i >= 0; i-- {
		l, in, out := n.Layers[i], reads[i][0], rel[i+1]
		s, d, y := shapes[in], rel[in], acts[i+1]
		share := func(k int) float64 { return out[k] / stabilised(y[k], lrp.Norm) }
		switch l.Kind {
		case "conv2d", "linear":
			var bn *Layer
			for j := range n.Layers {
				if reads[j][0] == i+1 && taken(j+1) {
					bn, y = &n.Layers[j], acts[j+1]
				}
			}
			w, b := lrpWeights(wt, l, bn)
			for j, v := range lrpLayer(lrp.Rules[i], l, s, w, b, acts[in], y, out) {
				d[j] += v
			}
		case "max_pool2d":
			for k, v := range out {
				if lrp.Captum {
					v = y[k] * share(k)
				}
				d[arg[i][k]] += v
			}
		case "avg_pool2d", "adaptive_avg_pool2d":
			plain.windows(l, s, shapes[i+1], func(k, j, size int) { d[j] += acts[in][j] / float64(size) * share(k) })
		case "add":
			for k := range out {
				a, b := acts[in][k]*share(k), acts[reads[i][1]][k]*share(k)
				d[k] += a
				rel[reads[i][1]][k] += b
			}
		case "batch_norm2d":
			for k, v := range out {
				if !taken(i + 1) {
					c := k / (s.H * s.W)
					v = acts[in][k] * float64(wt.Get(l.Name + ".weight")[c]) / math.Sqrt(float64(wt.Get(l.Name + ".running_var")[c])+normEpsOf(l)) * share(k)
				}
				d[k] += v
			}
		default:
			for k, v := range out {
				d[k] += v
			}
		}
	}
	return rel
}

func TestRelevanceAgainstReference(t *testing.T) {
	if testing.Short() {
		t.Skip("a long comparison on one goroutine")
	}
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
				want := lrpReference(n, m.weights, everywhere(n, r), float64s(p.X), p.Target)[0]
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
				scale, left := 1.0, a.target.Of(a.logits)
				for _, s := range a.layers {
					scale = max(scale, math.Abs(s.Out), math.Abs(s.In), math.Abs(s.Bias))
				}
				for _, s := range a.layers {
					id := fmt.Sprintf("%s %s point %d: layer %s", n.Name, name, i, s.Layer)
					if d := s.In + s.Bias + s.Stabiliser - s.Out; math.Abs(d) > 2e-5*scale {
						t.Errorf("%s hands on %v + %v to the bias + %v to the stabiliser, want %v in all", id, s.In, s.Bias, s.Stabiliser, s.Out)
					}
					if r.ZeroBias && s.Bias != 0 && s.Layer != "first" && s.Layer != "alone" {
						t.Errorf("%s gives %v to the bias, want 0", id, s.Bias)
					}
					left -= s.Bias + s.Stabiliser
				}
				var sum float64
				for _, v := range a.rel {
					sum += float64(v)
				}
				if math.Abs(sum-left) > 2e-5*scale {
					t.Errorf("%s %s point %d: the map sums to %v, want %v", n.Name, name, i, sum, left)
				}
			}
		}
	}
}

// Without biases and stabiliser, the epsilon rule is input times gradient.
func TestRelevanceWithoutEpsilonIsInputTimesGradient(t *testing.T) {
	for _, n := range testNets() {
		if slices.ContainsFunc(n.Layers, func(l Layer) bool {
			return !slices.Contains([]string{"conv2d", "linear", "relu", "max_pool2d", "avg_pool2d", "flatten", "add", "dropout"}, l.Kind)
		}) {
			continue // curves, and batch norms, whose shifts are biases
		}
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
		l := everywhere(n, LRPRule{Kind: "epsilon"})
		l.Norm = 0
		for i, a := range propagate(t, m.Worker(), l, 0, 5) {
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
		{"fc1.weight", []int{2, 2}, []float32{1, -1, 2, 1}},
		{"fc1.bias", []int{2}, []float32{1, 0}},
		{"fc2.weight", []int{1, 2}, []float32{3, -1}},
		{"fc2.bias", []int{1}, []float32{2}},
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

// accounted returns how many of the shares belong to layers up to layer i.
func accounted(n *Net, shares []RelevanceShare, i int) int {
	for k, s := range shares {
		if j, _ := n.find(s.Layer); j > i {
			return k
		}
	}
	return len(shares)
}

// Relevance of a layer is what the account says flows into the layers behind.
func TestRelevanceOfLayers(t *testing.T) {
	for _, n := range testNets() {
		if slices.ContainsFunc(n.Layers, func(l Layer) bool { return l.From != "" }) {
			continue // relevance flows past the layers
		}
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
				behind := whole[p].layers[accounted(n, whole[p].layers, i):]
				if len(behind) > 0 {
					want = behind[0].In
				}
				if !slices.Equal(a.layers, behind) {
					t.Errorf("%s %s point %d: the account is %v, want that of the layers behind, %v", n.Name, layer.Name, p, a.layers, behind)
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

// What flows through a layer is not all that reaches its input, also where the
// engine has no node for the layer: others may read that input too.
func TestRelevanceOfLayersThatChangeNothing(t *testing.T) {
	head := []Layer{{Kind: "linear", Name: "a", Out: 3, Input: "asked"}, {Kind: "linear", Name: "b", Out: 3, Input: "read"}, {Kind: "add", From: "a"}, {Kind: "linear", Out: 2}}
	pooled := []Layer{{Kind: "max_pool2d", Kernel: 2, Input: "asked"}, {Kind: "flatten"}, {Kind: "linear", Name: "a", Out: 3}, {Kind: "flatten", Input: "read"}}
	for name, layers := range map[string][]Layer{
		"dropout":              append([]Layer{{Kind: "flatten", Name: "read"}, {Kind: "dropout", Name: "asked"}}, head...),
		"flatten of the flat":  append([]Layer{{Kind: "flatten", Name: "read"}, {Kind: "flatten", Name: "asked"}}, head...),
		"relu before a pool":   append(append([]Layer{{Kind: "conv2d", Name: "read", Out: 2, Kernel: 1}, {Kind: "relu", Name: "asked"}}, pooled...), Layer{Kind: "linear", Name: "b", Out: 3}, Layer{Kind: "add", From: "a"}, Layer{Kind: "linear", Out: 2}),
		"one of two that pool": {{Kind: "max_pool2d", Name: "asked", Kernel: 2}, {Kind: "flatten"}, {Kind: "linear", Name: "a", Out: 3}, {Kind: "max_pool2d", Kernel: 2, Input: "input"}, {Kind: "flatten"}, {Kind: "linear", Name: "b", Out: 3}, {Kind: "add", From: "a"}, {Kind: "linear", Out: 2}},
	} {
		n := &Net{Name: name, Input: Shape{2, 2, 2}, Layers: layers}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		m := testModel(t, n)
		l := everywhere(n, lrpTestRules["gamma"])
		l.Layer = "asked"
		at, err := n.find(l.Layer)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range propagate(t, m.Worker(), l, 0, 3) {
			p := pointOf(n, i)
			if d := relative(a.rel, lrpReference(n, m.weights, l, float64s(p.X), p.Target)[at+1]); !(d < 1e-5) {
				t.Errorf("%s, point %d: relevance off by %.2g", name, i, d)
			}
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
			for _, level := range testLevels() {
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

// A layer that changes nothing, and a network without any layer before the last.
func TestRelevanceOfOddNetworks(t *testing.T) {
	for _, layers := range [][]Layer{
		{{Kind: "flatten"}, {Kind: "flatten"}, {Kind: "linear", Out: 4}, {Kind: "flatten"}, {Kind: "relu"}, {Kind: "dropout"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}},
		{{Kind: "linear", Out: 2}},
		{{Kind: "relu"}, {Kind: "max_pool2d", Kernel: 1}, {Kind: "linear", Out: 2}},
	} {
		n := &Net{Input: Shape{5, 1, 1}, Layers: layers}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		m := testModel(t, n)
		for name, r := range lrpTestRules {
			for i, a := range propagate(t, m.Worker(), everywhere(n, r), 0, 3) {
				p := Point{X: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
				testPoint(n, i, &p)
				if d := relative(a.rel, lrpReference(n, m.weights, everywhere(n, r), float64s(p.X), p.Target)[0]); !(d < 1e-4) {
					t.Errorf("%v %s point %d: relevance off by %.2g", n, name, i, d)
				}
			}
		}
	}
}

// Deep networks lose no more than shallow ones.
func TestRelevanceOfDeepNetworksIsConserved(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of two deep networks")
	}
	for name, rules := range map[string][]string{"vgg11_bn": {"gamma"}, "resnet20": {"epsilon", "alpha2 beta1", "flat"}} {
		n := Nets[name].New(Shape{3, 32, 32}, 10)
		m := testModel(t, n)
		for _, rule := range rules {
			for i, a := range propagate(t, m.Worker(), everywhere(n, lrpTestRules[rule]), 0, 2) {
				var sum float64
				scale, left := 0.0, a.target.Of(a.logits)
				for _, v := range a.rel {
					sum += float64(v)
					scale += math.Abs(float64(v))
				}
				for _, s := range a.layers {
					left -= s.Bias + s.Stabiliser
					scale = max(scale, math.Abs(s.Out), math.Abs(s.Bias))
				}
				t.Logf("%s %s point %d: target %.4g, map %.4g, difference to the account %.1e", name, rule, i, a.target.Of(a.logits), sum, sum-left)
				if math.Abs(sum-left) > 1e-4*scale {
					t.Errorf("%s %s point %d: the map sums to %v, want %v", name, rule, i, sum, left)
				}
			}
		}
	}
}
