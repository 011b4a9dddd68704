package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"assay/model/internal/kernel"
)

// randomNet draws a small network of any of the kinds: images down to a pixel,
// kernels as large as what they read with its padding, strides beyond the
// kernel, layers that read and add what lies anywhere before them, several doing
// the same to the same. Every loose end becomes logits, which are added.
func randomNet(t *rapid.T, of []string) *Net {
	side := rapid.IntRange(1, 8)
	n := &Net{Name: "random", Input: Shape{rapid.IntRange(1, 3).Draw(t, "channels"), side.Draw(t, "rows"), side.Draw(t, "columns")}}
	shapes, flats, names := []Shape{n.Input}, []bool{false}, []string{imageName}
	loose := map[string]bool{}
	for i := range rapid.IntRange(0, 8).Draw(t, "layers") {
		l := Layer{Kind: rapid.SampledFrom(of).Draw(t, "kind"), Name: fmt.Sprint("layer", i+1)}
		at := len(shapes) - 1
		if rapid.IntRange(0, 3).Draw(t, "elsewhere") == 0 {
			at = rapid.IntRange(0, at).Draw(t, "input")
			l.Input = names[at]
		}
		s, flat := shapes[at], flats[at]
		least := min(s.H, s.W)
		switch {
		case flat && kinds[l.Kind].spatial:
			l.Kind = "relu"
		case l.Kind == "linear" && !flat && (s.H > 1 || s.W > 1):
			l.Kind = "flatten"
		}
		switch l.Kind {
		case "conv2d":
			l.Kernel = rapid.IntRange(1, min(5, 3*least-2)).Draw(t, "kernel")
			l.Padding = rapid.IntRange(max(0, (l.Kernel-least+1)/2), l.Kernel-1).Draw(t, "padding")
			l.Stride = rapid.IntRange(1, 4).Draw(t, "stride")
			l.Out = rapid.SampledFrom([]int{s.C, 1, 2, 7, 18, 35}).Draw(t, "out")
			l.NoBias = rapid.Bool().Draw(t, "no bias")
		case "linear":
			l.Out = rapid.IntRange(1, 9).Draw(t, "features")
			l.NoBias = rapid.Bool().Draw(t, "no bias")
		case "max_pool2d", "avg_pool2d":
			l.Kernel = rapid.IntRange(1, min(4, least)).Draw(t, "kernel")
			l.Stride = rapid.IntRange(1, 5).Draw(t, "stride")
		case "adaptive_avg_pool2d":
			l.Out = rapid.IntRange(1, min(least+2, 8)).Draw(t, "side")
		case "add":
			var same []int
			for j, other := range shapes {
				if other == s {
					same = append(same, j)
				}
			}
			j := rapid.SampledFrom(same).Draw(t, "from")
			l.From, flat = names[j], flat || flats[j]
			delete(loose, l.From)
		}
		flat = flat || l.Kind == "flatten" || l.Kind == "linear"
		l.fill()
		delete(loose, names[at])
		loose[l.Name] = true
		n.Layers = append(n.Layers, l)
		shapes, flats, names = append(shapes, l.output(s)), append(flats, flat), append(names, l.Name)
	}
	if len(n.Layers) == 0 {
		loose[imageName] = true
	}
	sum := ""
	for _, name := range slices.Sorted(maps.Keys(loose)) {
		logits := "logits of " + name
		n.Layers = append(n.Layers, Layer{Kind: "flatten", Name: "flat " + name, Input: name}, Layer{Kind: "linear", Name: logits, Out: 3})
		if sum != "" {
			n.Layers = append(n.Layers, Layer{Kind: "add", Name: "sum with " + logits, From: sum})
			logits = "sum with " + logits
		}
		sum = logits
	}
	if len(loose) > 1 {
		n.Layers = append(n.Layers, Layer{Kind: "linear", Name: "logits", Out: 3})
	}
	if err := n.Resolve(); err != nil {
		t.Fatal(n, err)
	}
	return n
}

// randomModel draws a network and gives it weights.
func randomModel(t *rapid.T, of []string) *Model {
	n := randomNet(t, of)
	m, err := New(n, testWeights(n, 3))
	if err != nil {
		t.Fatal(n, err)
	}
	return m
}

// plain is m on the portable kernels.
func (m *Model) plain() *Model { return newModel(m.net, m.weights, kernel.Portable) }

func pointOf(n *Net, i int) Point {
	p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
	testPoint(n, i, &p)
	return p
}

func abs(x float64) float64 { return max(x, -x) }

// Whatever the layers and the rule, the engine agrees with the plain float64 one,
// has the same bits on every instruction set and in any company, and the rules
// that are meant to explain the whole difference.
func TestRandomNetworks(t *testing.T) {
	names := slices.Sorted(maps.Keys(rules))
	rapid.Check(t, func(rt *rapid.T) {
		m := randomModel(rt, kindNames)
		n, rule := m.net, rapid.SampledFrom(names).Draw(rt, "rule")
		points := rapid.SampledFrom([]int{1, 3, 16, 17, 33}).Draw(rt, "points")
		got := evaluate(t, m.Worker(), rules[rule], 0, points)
		from := max(0, points-2)
		for i, a := range evaluate(t, m.plain().Worker(), rules[rule], from, points-from) {
			id := fmt.Sprintf("%v %s point %d", n, rule, from+i)
			sameBits(t, id+" gradient", got[from+i].grad, a.grad)
			sameBits(t, id+" logits", got[from+i].logits, a.logits)
		}
		var r ref
		for i := 0; i < points; i += 8 {
			p, a := pointOf(n, i), got[i]
			if !rules[rule].baselined() { // which testPoint draws behind the image
				p.Baseline = nil
			}
			acts, arg := r.forward(n, m.weights, float64s(p.X))
			if d := relative(a.logits, acts[len(acts)-1]); d > 2e-5 {
				rt.Errorf("%v\n%s point %d: logits off by %.2g", n, rule, i, d)
			}
			var base [][]float64
			var baseArg [][]int
			if p.Baseline != nil {
				base, baseArg = r.forward(n, m.weights, float64s(p.Baseline))
			}
			g := make([]float64, n.Classes())
			g[p.Target.Class]++
			if p.Target.Minus >= 0 {
				g[p.Target.Minus]--
			}
			want := r.backward(n, m.weights, rules[rule], acts, arg, base, baseArg, g)
			// Quotients of changes that nearly vanish are the worst of it.
			if d := relative(a.grad, want); d > 1e-3 {
				rt.Errorf("%v\n%s point %d: gradient off by %.2g", n, rule, i, d)
			}
			if rule != "rescale" && rule != "reveal cancel" {
				continue
			}
			sum, largest := 0.0, 1.0
			for j := range p.X {
				c := float64(a.grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j]))
				sum += c
				largest = max(largest, abs(c))
			}
			if want := p.Target.Of(a.logits) - p.Target.Of(a.ref); abs(sum-want) > 2e-5*max(largest, abs(want)) {
				rt.Errorf("%v\n%s point %d: multipliers sum to %v, want %v", n, rule, i, sum, want)
			}
		}
	})
}

// Whatever the layers and the batch, a step's gradients are those of the plain
// float64 engine, with the same bits on every instruction set.
func TestTrainingOfRandomNetworks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := randomNet(rt, kindNames)
		w := testWeights(n, 3)
		batch := rapid.SampledFrom([]int{2, 3, 4, 5, 9}).Draw(rt, "batch")
		x, xs, labels := make([][]float32, batch), make([][]float64, batch), make([]int, batch)
		for i := range x {
			x[i] = pointOf(n, i).X
			xs[i], labels[i] = float64s(x[i]), i%3
		}
		var got *Weights
		for _, level := range testLevels() {
			tr, err := newTrainer(level, n, w)
			if err != nil {
				rt.Fatal(n, err)
			}
			if _, err := tr.Step(x, labels, SGD{LR: 1}); err != nil {
				rt.Fatal(n, err)
			}
			first := got
			got = tr.Velocity()
			for i := range got.Tensors {
				if first != nil {
					sameBits(t, fmt.Sprint(n, " ", level, " ", got.Tensors[i].Name), got.Tensors[i].Data, first.Tensors[i].Data)
				}
			}
		}
		r := trainingRef(n)
		tape := r.run(n, w, xs)
		_, g := crossEntropy(tape.acts[len(n.Layers)], labels)
		want := map[string][]float64{}
		for _, p := range w.Tensors {
			want[p.Name] = make([]float64, len(p.Data))
		}
		r.back(n, w, Gradient, tape, tape, g, func(name string) []float64 { return want[name] })
		for _, v := range got.Tensors {
			// Before a batch norm a gradient may be 0 but for rounding.
			for j, got := range v.Data {
				if d := abs(float64(got) - want[v.Name][j]); d > 1e-3*max(1, abs(want[v.Name][j])) {
					rt.Errorf("%v\nbatch of %d: gradient of %s[%d] is %v, want %v", n, batch, v.Name, j, got, want[v.Name][j])
				}
			}
		}
	})
}

// The plain engine's own derivatives are those of its loss, by central
// differences in float64 on networks without corners.
func TestReferenceOfSmoothNetworks(t *testing.T) {
	smooth := slices.DeleteFunc(slices.Clone(kindNames), func(kind string) bool {
		return kind == "relu" || kind == "leaky_relu" || kind == "max_pool2d" || kind == "elu" // whose slope has one
	})
	rapid.Check(t, func(rt *rapid.T) {
		n := randomNet(rt, smooth)
		w := testWeights(n, 3)
		const batch = 3
		xs, labels := make([][]float64, batch), make([]int, batch)
		for i := range xs {
			xs[i], labels[i] = float64s(pointOf(n, i).X), i%3
		}
		r := trainingRef(n)
		loss := func() float64 {
			tape := r.run(n, w, xs)
			l, _ := crossEntropy(tape.acts[len(n.Layers)], labels)
			return l
		}
		tape := r.run(n, w, xs)
		_, g := crossEntropy(tape.acts[len(n.Layers)], labels)
		grad := map[string][]float64{}
		for _, p := range w.Tensors {
			grad[p.Name] = make([]float64, len(p.Data))
		}
		dx := r.back(n, w, Gradient, tape, tape, g, func(name string) []float64 { return grad[name] })
		check := func(what string, got, up, down, step float64) {
			if want := (up - down) / step; abs(got-want) > 1e-4*max(1, abs(want)) {
				rt.Errorf("%v\nderivative by %s is %v, want %v", n, what, got, want)
			}
		}
		const h = 0x1p-14
		for i, p := range n.Params() {
			if p.Statistic {
				continue
			}
			data := w.Tensors[i].Data
			j := rapid.IntRange(0, len(data)-1).Draw(rt, "weight")
			old := data[j]
			data[j] = old + h
			up, high := loss(), data[j]
			data[j] = old - h
			down, low := loss(), data[j]
			data[j] = old
			check(fmt.Sprintf("%s[%d]", p.Name, j), grad[p.Name][j], up, down, float64(high)-float64(low))
		}
		j := rapid.IntRange(0, len(xs[0])-1).Draw(rt, "value")
		old := xs[0][j]
		xs[0][j] = old + h
		up := loss()
		xs[0][j] = old - h
		down := loss()
		check(fmt.Sprintf("value %d of the image", j), dx[0][j], up, down, 2*h)
	})
}

// Whatever the layers and their rules, the relevance of the image and of every
// layer is what the definitions give, with the same bits on every instruction set.
// Sums of two activations divide by what may be nearly 0, so stabilisers are wide.
func TestRelevanceOfRandomNetworks(t *testing.T) {
	names := slices.Sorted(maps.Keys(lrpTestRules))
	rapid.Check(t, func(rt *rapid.T) {
		m := randomModel(rt, kindNames)
		n := m.net
		l := &LRP{Norm: 0.1, Captum: rapid.IntRange(0, 4).Draw(rt, "captum") == 0}
		shapes := append([]Shape{n.Input}, n.Shapes()...)
		var drawn []string
		for _, reads := range n.reads() {
			name := rapid.SampledFrom(names).Draw(rt, "rule")
			r := lrpTestRules[name]
			r.Epsilon = max(r.Epsilon, 0.02)
			if channels := shapes[reads[0]].C; r.Kind == "z_box" && rapid.Bool().Draw(rt, "a bound for every channel") {
				r.Low, r.High = make([]float32, channels), make([]float32, channels)
				for c := range channels {
					r.Low[c], r.High[c] = -4-float32(c)/4, 4.5+float32(c)/8
				}
			}
			l.Rules, drawn = append(l.Rules, r), append(drawn, name)
		}
		at := rapid.IntRange(-1, len(n.Layers)-1).Draw(rt, "layer")
		if at >= 0 {
			l.Layer = n.Layers[at].Name
		}
		const points = 2
		got, want := propagate(t, m.Worker(), l, 0, points), propagate(t, m.plain().Worker(), l, 0, points)
		for i, a := range got {
			id := fmt.Sprintf("%v\nrules %v layer %q captum %v point %d", n, drawn, l.Layer, l.Captum, i)
			sameBits(t, id, a.rel, want[i].rel)
			if !slices.Equal(a.layers, want[i].layers) {
				rt.Errorf("%s: account %v, want %v", id, a.layers, want[i].layers)
			}
			p := pointOf(n, i)
			all := lrpReference(n, m.weights, l, float64s(p.X), p.Target)
			scale := 0.0
			for _, rel := range all {
				for _, v := range rel {
					scale = max(scale, abs(v))
				}
			}
			for j, v := range all[at+1] {
				if !(abs(float64(a.rel[j])-v) <= 1e-4*scale) {
					rt.Errorf("%s: relevance %d is %v, want %v", id, j, a.rel[j], v)
					break
				}
			}
		}
	})
}

// Whatever the piecewise linear layers, what the biases give and gradient times
// input sum to the logit.
func TestBiasTermsOfRandomNetworks(t *testing.T) {
	linear := slices.DeleteFunc(slices.Clone(kindNames), func(kind string) bool { return kinds[kind].smooth })
	rapid.Check(t, func(rt *rapid.T) {
		m := randomModel(rt, linear)
		n := m.net
		err := m.Worker().BiasGradients(context.Background(), 18, func(i int, p *Point) { testPoint(n, i, p) }, func(i int, r Result, terms []BiasTerm) {
			x := make([]float32, n.Input.Size())
			p := Point{X: x, Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			sum, largest := 0.0, 1.0
			for j, g := range r.Grad {
				sum += float64(g) * float64(x[j])
			}
			for _, b := range terms {
				for _, v := range b.Values {
					sum += float64(v)
					largest = max(largest, abs(float64(v)))
				}
			}
			if want := p.Target.Of(r.Logits); abs(sum-want) > 1e-4*max(largest, abs(want)) {
				rt.Errorf("%v\npoint %d: the terms sum to %v, want %v", n, i, sum, want)
			}
		})
		if err != nil {
			rt.Fatal(n, err)
		}
	})
}

// Whatever the layers, a network up to one of them gives that layer's
// activation, and what comes behind makes the logits of it.
func TestPartsOfRandomNetworks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := randomModel(rt, kindNames)
		n := m.net
		at := rapid.IntRange(0, len(n.Layers)-1).Draw(rt, "layer")
		const points = 3
		acts := make([][][]float64, points)
		for i := range acts {
			acts[i], _ = ref{}.forward(n, m.weights, float64s(pointOf(n, i).X))
		}
		run := func(m *Model, what string, x func(i int) []float32, want int) (out [][]float32) {
			err := m.Worker().Logits(context.Background(), points, func(i int, to []float32) { copy(to, x(i)) }, func(i int, y []float32) {
				if d := relative(y, acts[i][want]); d > 2e-5 {
					rt.Errorf("%v\n%s %s: values of point %d off by %.2g", n, what, n.Layers[at].Name, i, d)
				}
				out = append(out, slices.Clone(y))
			})
			if err != nil {
				rt.Fatal(n, what, err)
			}
			return out
		}
		upto, err := m.Upto(n.Layers[at].Name)
		if err != nil {
			rt.Fatal(n, err)
		}
		inner := run(upto, "up to", func(i int) []float32 { return pointOf(n, i).X }, at+1)
		if at == len(n.Layers)-1 {
			return
		}
		after, err := m.After(n.Layers[at].Name)
		if (err != nil) != crossed(n, at) {
			rt.Fatalf("%v\ncut at %s: %v", n, n.Layers[at].Name, err)
		}
		if err == nil {
			run(after, "after", func(i int) []float32 { return inner[i] }, len(n.Layers))
		}
	})
}
