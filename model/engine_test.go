package model

import (
	"context"
	"fmt"
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
	"assay/model/rng"
)

// testNets are small networks that together have every layer, odd sizes,
// padding, strides, overlapping pools and channel counts off the tile.
func testNets() []*Net {
	nets := []*Net{
		Nets["tutorial"].New(Shape{3, 32, 32}, 10),
		{Name: "padded", Input: Shape{2, 9, 7}, Layers: []Layer{
			{Kind: "conv2d", Out: 5, Kernel: 3, Padding: 1},
			{Kind: "relu"},
			{Kind: "conv2d", Out: 7, Kernel: 3, Padding: 2},
			{Kind: "max_pool2d", Kernel: 3, Stride: 2},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 9},
			{Kind: "relu"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "strided", Input: Shape{3, 11, 11}, Layers: []Layer{
			{Kind: "conv2d", Out: 4, Kernel: 3, Stride: 2, Padding: 1},
			{Kind: "relu"},
			{Kind: "max_pool2d", Kernel: 2},
			{Kind: "conv2d", Out: 8, Kernel: 1, Stride: 2},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 5},
		}},
		{Name: "linear", Input: Shape{1, 3, 5}, Layers: []Layer{
			{Kind: "flatten"},
			{Kind: "linear", Out: 2},
		}},
		{Name: "wide", Input: Shape{1, 6, 6}, Layers: []Layer{
			{Kind: "conv2d", Out: 13, Kernel: 5, Stride: 3, Padding: 4},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 17},
			{Kind: "relu"},
			{Kind: "linear", Out: 10},
		}},
		{Name: "blocks of channels", Input: Shape{2, 7, 7}, Layers: []Layer{
			{Kind: "conv2d", Out: 19, Kernel: 3, Padding: 1},
			{Kind: "relu"},
			{Kind: "conv2d", Out: 24, Kernel: 3, Stride: 2, Padding: 1},
			{Kind: "relu"},
			{Kind: "conv2d", Out: 17, Kernel: 3, Padding: 1},
			{Kind: "flatten"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "copied", Input: Shape{4, 8, 8}, Layers: []Layer{ // channels 4 KiB apart; pools that leave a rest
			{Kind: "conv2d", Out: 20, Kernel: 3, Padding: 1},
			{Kind: "relu"},
			{Kind: "conv2d", Out: 13, Kernel: 2},
			{Kind: "relu"},
			{Kind: "max_pool2d", Kernel: 2},
			{Kind: "flatten"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "normed", Input: Shape{2, 8, 8}, Layers: []Layer{
			{Kind: "batch_norm2d", Name: "first"}, // nothing to fold it into
			{Kind: "conv2d", Out: 6, Kernel: 3, Padding: 1, NoBias: true},
			{Kind: "batch_norm2d"},
			{Kind: "relu"},
			{Kind: "max_pool2d", Kernel: 2},
			{Kind: "conv2d", Out: 5, Kernel: 2},
			{Kind: "batch_norm2d"},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 7, NoBias: true},
			{Kind: "relu"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "averaged", Input: Shape{2, 12, 9}, Layers: []Layer{
			{Kind: "conv2d", Out: 7, Kernel: 2, Stride: 1, Padding: 1},
			{Kind: "leaky_relu", Slope: 0.2},
			{Kind: "avg_pool2d", Kernel: 3, Stride: 2},
			{Kind: "conv2d", Out: 5, Kernel: 3, Padding: 2},
			{Kind: "elu"},
			{Kind: "dropout", P: 0.25},
			{Kind: "avg_pool2d", Kernel: 2},
			{Kind: "tanh"},
			{Kind: "conv2d", Out: 4, Kernel: 2},
			{Kind: "softplus"},
			{Kind: "adaptive_avg_pool2d", Out: 1},
			{Kind: "sigmoid"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "residual", Input: Shape{3, 9, 8}, Layers: []Layer{
			{Kind: "conv2d", Name: "stem", Out: 6, Kernel: 3, Padding: 1},
			{Kind: "relu", Name: "a"},
			{Kind: "conv2d", Out: 6, Kernel: 3, Padding: 1, NoBias: true},
			{Kind: "batch_norm2d"},
			{Kind: "add", From: "a"},
			{Kind: "relu", Name: "b"},
			{Kind: "conv2d", Name: "body", Out: 7, Kernel: 3, Stride: 2, Padding: 1, NoBias: true},
			{Kind: "batch_norm2d", Name: "body norm"},
			{Kind: "conv2d", Name: "side", Out: 7, Kernel: 1, Stride: 2, NoBias: true, Input: "b"},
			{Kind: "batch_norm2d", Name: "side norm"},
			{Kind: "add", Name: "joined", From: "body norm"},
			{Kind: "relu", Name: "c"},
			{Kind: "dropout", P: 0.5},
			{Kind: "conv2d", Out: 7, Kernel: 3, Padding: 1},
			{Kind: "add", From: "c"},
			{Kind: "add", From: "c"},
			{Kind: "add", From: "joined"},
			{Kind: "adaptive_avg_pool2d", Out: 1},
			{Kind: "flatten"},
			{Kind: "linear", Name: "fc", Out: 4},
			{Kind: "add", Name: "twice", From: "fc", Input: "fc"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "skip", Input: Shape{2, 6, 6}, Layers: []Layer{
			{Kind: "conv2d", Out: 2, Kernel: 3, Padding: 1},
			{Kind: "add", From: "input"},
			{Kind: "max_pool2d", Kernel: 3},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 8},
			{Kind: "add", From: "flatten1"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "uneven averages, options of norms", Input: Shape{2, 7, 5}, Layers: []Layer{
			{Kind: "conv2d", Out: 4, Kernel: 3, Padding: 1},
			{Kind: "relu"},
			{Kind: "adaptive_avg_pool2d", Out: 3},
			{Kind: "conv2d", Out: 5, Kernel: 2},
			{Kind: "batch_norm2d", Eps: 0.02, Momentum: 0.3},
			{Kind: "leaky_relu", Slope: 0.2},
			{Kind: "adaptive_avg_pool2d", Out: 3}, // of 2x2
			{Kind: "batch_norm2d", Name: "alone", Eps: 0.5},
			{Kind: "flatten"},
			{Kind: "linear", Out: 3},
		}},
	}
	for _, n := range nets {
		if err := n.Resolve(); err != nil {
			panic(fmt.Sprint(n.Name, err))
		}
	}
	return nets
}

// testWeights are Init with batch norms that do something.
func testWeights(n *Net, seed uint64) *Weights {
	w := Init(n, seed)
	for i, p := range n.Params() {
		s := rng.New(seed, "norm/"+p.Name)
		for j := range w.Tensors[i].Data {
			if p.Norm {
				w.Tensors[i].Data[j] = p.Start + float32(0.4*(2*s.Float64()-1))
			}
		}
	}
	return w
}

func testModel(t *testing.T, n *Net) *Model {
	t.Helper()
	m, err := New(n, testWeights(n, 7))
	if err != nil {
		t.Fatal(n.Name, err)
	}
	return m
}

// testPoint fills point i from streams that know only i.
func testPoint(n *Net, i int, p *Point) {
	s := rng.New(3, "test point", i)
	s.Normals(p.X)
	if p.Baseline != nil {
		s.Normals(p.Baseline)
		for j := range p.Baseline {
			if j%3 == 0 {
				p.Baseline[j] = p.X[j] // equal values are the hard case of the Rescale rule
			}
		}
	}
	p.Target.Class = i % n.Classes()
	if i%4 == 3 {
		p.Target.Minus = (i + 1) % n.Classes()
	}
}

type answer struct{ grad, logits, ref, change []float32 }

func evaluate(t *testing.T, w *Worker, rule Rule, from, n int) []answer {
	t.Helper()
	var out []answer
	c := func(x []float32) []float32 { return append([]float32(nil), x...) }
	err := w.Gradients(context.Background(), rule, n, func(i int, p *Point) { testPoint(w.m.net, from+i, p) }, func(i int, r Result) {
		if i != len(out) {
			t.Fatalf("fold %d came after %d", i, len(out))
		}
		out = append(out, answer{c(r.Grad), c(r.Logits), c(r.BaselineLogits), c(r.Change)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func relative(got []float32, want []float64) float64 {
	var d, s float64
	for i, v := range want {
		d += (float64(got[i]) - v) * (float64(got[i]) - v)
		s += v * v
	}
	return math.Sqrt(d / max(s, 1e-30))
}

var rules = map[string]Rule{"gradient": Gradient, "rescale": Rescale, "rescale captum": RescaleCaptum, "guided": GuidedBackprop, "deconvolution": Deconvolution, "reveal cancel": RevealCancel}

// The engine against the plain float64 one.
func TestEngineAgainstReference(t *testing.T) {
	if testing.Short() {
		t.Skip("a long comparison on one goroutine")
	}
	for _, n := range testNets() {
		m := testModel(t, n)
		for name, rule := range rules {
			const points = 19
			got := evaluate(t, m.Worker(), rule, 0, points)
			var r ref
			for i := range points {
				p := Point{X: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
				if rule.baselined() {
					p.Baseline = make([]float32, n.Input.Size())
				}
				testPoint(n, i, &p)
				acts, arg := r.forward(n, m.weights, float64s(p.X))
				var ra [][]float64
				var rarg [][]int
				if rule.baselined() {
					ra, rarg = r.forward(n, m.weights, float64s(p.Baseline))
					if d := relative(got[i].ref, ra[len(ra)-1]); d > 1e-5 {
						t.Errorf("%s %s point %d: baseline logits off by %.2g", n.Name, name, i, d)
					}
				}
				g := make([]float64, n.Classes())
				g[p.Target.Class]++
				if p.Target.Minus >= 0 {
					g[p.Target.Minus]--
				}
				if d := relative(got[i].logits, acts[len(acts)-1]); d > 1e-5 {
					t.Errorf("%s %s point %d: logits off by %.2g", n.Name, name, i, d)
				}
				want := r.backward(n, m.weights, rule, acts, arg, ra, rarg, g)
				if d := relative(got[i].grad, want); d > 2e-5 {
					t.Errorf("%s %s point %d: gradient off by %.2g", n.Name, name, i, d)
				}
			}
		}
	}
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// DeepLift's multipliers explain the whole difference to the baseline.
func TestRescaleIsComplete(t *testing.T) {
	for _, n := range testNets() {
		m := testModel(t, n)
		for i, a := range append(evaluate(t, m.Worker(), Rescale, 0, 16), evaluate(t, m.Worker(), RevealCancel, 0, 16)...) {
			i %= 16
			p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			var sum float64
			for j := range p.X {
				sum += float64(a.grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j]))
			}
			if want := p.Target.Of(a.logits) - p.Target.Of(a.ref); math.Abs(sum-want) > 1e-5*max(1, math.Abs(want)) {
				t.Errorf("%s point %d: multipliers sum to %v, want %v", n.Name, i, sum, want)
			}
		}
	}
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %x, want %x", what, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
		}
	}
}

// A point's bits depend neither on the instruction set nor on its company.
func TestSameBits(t *testing.T) {
	for _, n := range testNets() {
		for name, rule := range rules {
			m := testModel(t, n)
			want := evaluate(t, m.Worker(), rule, 0, 37)
			for _, level := range testLevels() {
				m := testModel(t, n)
				m.level = level
				from := 0
				for _, batch := range []int{1, 16, 5, 15} {
					for i, a := range evaluate(t, m.Worker(), rule, from, batch) {
						id := fmt.Sprintf("%s %s %v batch %d point %d", n.Name, name, level, batch, from+i)
						sameBits(t, id+" gradient", a.grad, want[from+i].grad)
						sameBits(t, id+" logits", a.logits, want[from+i].logits)
					}
					from += batch
				}
			}
		}
	}
}

// Two layers that do the same to the same activation have a backward rule each:
// what comes back to the one, 2, passes by it alone, what comes back to the other,
// -1, does not, where a single one would let pass their sum.
func TestLayersThatDoTheSameStayTwo(t *testing.T) {
	for _, kind := range []string{"relu", "leaky_relu"} {
		n := &Net{Input: Shape{1, 1, 1}, Layers: []Layer{
			{Kind: kind, Name: "one"},
			{Kind: "linear", Name: "a", Out: 1, NoBias: true},
			{Kind: kind, Name: "other", Input: "input"},
			{Kind: "linear", Name: "b", Out: 1, NoBias: true},
			{Kind: "add", From: "a"},
			{Kind: "linear", Name: "logit", Out: 1, NoBias: true},
		}}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		m, err := New(n, &Weights{Tensors: []Tensor{{"a.weight", []int{1, 1}, []float32{2}}, {"b.weight", []int{1, 1}, []float32{-1}}, {"logit.weight", []int{1, 1}, []float32{1}}}})
		if err != nil {
			t.Fatal(err)
		}
		for rule, want := range map[Rule]float32{Gradient: 1, GuidedBackprop: 2, Deconvolution: 2} {
			err := m.Worker().Gradients(context.Background(), rule, 1, func(_ int, p *Point) { p.X[0] = 1 }, func(_ int, r Result) {
				if r.Grad[0] != want {
					t.Errorf("%s, rule %d: got %v, want %v", kind, rule, r.Grad[0], want)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Gorgonia's own machine gives the same bits from the same graph.
func TestTapeMachineGivesTheSameBits(t *testing.T) {
	for _, n := range testNets() {
		weights := testWeights(n, 7)
		type built struct {
			name string
			g    *graph
			outs []*gorgonia.Node
		}
		var all []built
		add := func(name string, g *graph, outs []*gorgonia.Node) { all = append(all, built{name, g, outs}) }
		g, outs := forwardGraph(n)
		add("forward", g, outs)
		for name, rule := range rules {
			g, outs := backwardGraph(n, rule)
			add(name, g, outs)
		}
		for name, rule := range lrpTestRules {
			g, outs, err := relevanceGraph(n, everywhere(n, rule))
			if err != nil {
				t.Fatal(err)
			}
			add("lrp "+name, g, outs)
		}
		g, outs = biasGraph(n)
		add("bias terms", g, outs)
		g, outs = trainingGraph(n, trainingLanes)
		add("training", g, outs)
		for _, b := range all {
			in := b.g.compile(activeLevel(), b.outs).instance()
			bind := func(node *gorgonia.Node, data []float32) {
				v := tensor.New(tensor.WithShape(node.Shape()...), tensor.WithBacking(append([]float32(nil), data...)))
				if err := gorgonia.Let(node, v); err != nil {
					t.Fatal(err)
				}
			}
			for _, w := range weights.Tensors {
				copy(in.weights[w.Name], w.Data)
				if node := b.g.weights[w.Name]; node != nil {
					bind(node, w.Data)
				}
			}
			for name, node := range b.g.leaves {
				x := in.leaf[name]
				rng.New(5, "leaf "+name).Normals(x)
				if name == "valid" {
					copy(x, []float32{1, 1, 1, 0})
				}
				bind(node, x)
			}
			in.prepare()
			in.run()
			vm := gorgonia.NewTapeMachine(b.g.g)
			if err := vm.RunAll(); err != nil {
				t.Fatalf("%s %s: %v", n.Name, b.name, err)
			}
			for i, o := range b.outs {
				sameBits(t, fmt.Sprintf("%s %s output %d", n.Name, b.name, i), in.out[i], o.Value().Data().([]float32))
			}
			vm.Close()
		}
	}
}

// Every derivative against central differences of the float64 network.
func TestGradientsAgainstFiniteDifferences(t *testing.T) {
	if testing.Short() {
		t.Skip("a long comparison on one goroutine")
	}
	for _, n := range testNets() {
		w := testWeights(n, 11)
		r := trainingRef(n)
		x := make([][]float32, 4)
		labels := make([]int, 4)
		for i := range x {
			x[i] = make([]float32, n.Input.Size())
			rng.New(1, "fd", i).Normals(x[i])
			labels[i] = (i * 3) % n.Classes()
		}
		loss := func() float64 {
			xs := make([][]float64, len(x))
			for i := range x {
				xs[i] = float64s(x[i])
			}
			acts := r.run(n, w, xs).acts
			loss, _ := crossEntropy(acts[len(acts)-1], labels)
			return loss
		}
		// One step with momentum 0 and lr 1 moves every weight by its gradient.
		tr, err := NewTrainer(n, w)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tr.Step(x, labels, SGD{LR: 1})
		if err != nil {
			t.Fatal(err)
		}
		if want := loss(); math.Abs(got-want) > 1e-5 {
			t.Errorf("%s: loss %v, want %v", n.Name, got, want)
		}
		pick := rng.New(2, "pick")
		for _, v := range tr.Velocity().Tensors {
			data := w.Get(v.Name)
			var num, den float64
			for range 12 {
				j := pick.IntN(len(data))
				old := data[j]
				const h = 1.0 / 65536
				data[j] = old + h
				up, hi := loss(), data[j]
				data[j] = old - h
				down, lo := loss(), data[j]
				data[j] = old
				want := (up - down) / (float64(hi) - float64(lo))
				d := want - float64(v.Data[j])
				num += d * d
				den += want*want + 1e-8
			}
			// A kink of a relu or pool between the two points is the limit.
			if e := math.Sqrt(num / den); e > 0.02 && !beforeNorm(n, v.Name) {
				t.Errorf("%s: gradient of %s off by %.2g", n.Name, v.Name, e)
			}
		}
		// And by the input, outside training.
		r = ref{}
		m, err := New(n, w)
		if err != nil {
			t.Fatal(err)
		}
		err = m.Worker().Gradients(context.Background(), Gradient, 4, func(i int, p *Point) {
			copy(p.X, x[i])
			p.Target.Class = labels[i]
		}, func(i int, res Result) {
			in := float64s(x[i])
			var num, den float64
			for range 12 {
				j := pick.IntN(len(in))
				old := in[j]
				const h = 1.0 / 65536
				in[j] = old + h
				up, _ := r.forward(n, w, in)
				in[j] = old - h
				down, _ := r.forward(n, w, in)
				in[j] = old
				want := (up[len(up)-1][labels[i]] - down[len(down)-1][labels[i]]) / (2 * h)
				d := want - float64(res.Grad[j])
				num += d * d
				den += want*want + 1e-8
			}
			if e := math.Sqrt(num / den); e > 0.02 {
				t.Errorf("%s: input gradient of point %d off by %.2g", n.Name, i, e)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// trainingRef normalises by the batch and draws dropout as a new trainer does in
// its first step.
func trainingRef(n *Net) ref {
	return ref{train: true, mask: func(layer string, image int) []float64 {
		i, _ := n.find(layer)
		mask := make([]float32, n.Shapes()[i].Size())
		drawMask(mask, 1, 0, n.Layers[i].P, 0, layer, 0, image)
		return float64s(mask)
	}}
}

// crossEntropy returns the mean loss of a batch and its derivative by the logits.
func crossEntropy(logits [][]float64, labels []int) (loss float64, grad [][]float64) {
	for i, z := range logits {
		g, sum := make([]float64, len(z)), 0.0
		for _, v := range z {
			sum += math.Exp(v)
		}
		for c, v := range z {
			g[c] = math.Exp(v) / sum / float64(len(logits))
		}
		g[labels[i]] -= 1 / float64(len(logits))
		loss += (math.Log(sum) - z[labels[i]]) / float64(len(logits))
		grad = append(grad, g)
	}
	return loss, grad
}

// The weight gradients and running statistics against the plain float64 ones,
// tightly, and for batches that are no multiple of a block.
func TestTrainerAgainstReference(t *testing.T) {
	for _, n := range testNets() {
		for _, batch := range []int{2, 3, 4, 6, 9, 17} {
			w := testWeights(n, 13)
			tr, err := NewTrainer(n, w)
			if err != nil {
				t.Fatal(err)
			}
			x := make([][]float32, batch)
			xs := make([][]float64, batch)
			labels := make([]int, batch)
			want := map[string][]float64{}
			for _, p := range w.Tensors {
				want[p.Name] = make([]float64, len(p.Data))
			}
			for i := range x {
				x[i] = make([]float32, n.Input.Size())
				rng.New(1, "batch", i).Normals(x[i])
				xs[i] = float64s(x[i])
				labels[i] = i % n.Classes()
			}
			r := trainingRef(n)
			tape := r.run(n, w, xs)
			loss, g := crossEntropy(tape.acts[len(n.Layers)], labels)
			r.back(n, w, Gradient, tape, tape, g, func(name string) []float64 { return want[name] })
			got, err := tr.Step(x, labels, SGD{LR: 0.5})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got-loss) > 1e-5*max(1, loss) {
				t.Errorf("%s batch %d: loss %v, want %v", n.Name, batch, got, loss)
			}
			for _, v := range tr.Velocity().Tensors {
				if d := relative(v.Data, want[v.Name]); d > 2e-5 && !beforeNorm(n, v.Name) {
					t.Errorf("%s batch %d: gradient of %s off by %.2g", n.Name, batch, v.Name, d)
				}
			}
			for i, l := range n.Layers {
				if l.Kind != "batch_norm2d" {
					continue
				}
				s := n.Shapes()[i]
				count := float64(batch * s.H * s.W)
				momentum := 0.1
				if l.Momentum != 0 {
					momentum = l.Momentum
				}
				for _, stat := range []struct {
					name     string
					of       []float64
					unbiased float64
				}{{".running_mean", tape.mean[l.Name], 1}, {".running_var", tape.variance[l.Name], count / (count - 1)}} {
					want := make([]float64, s.C)
					for c, old := range w.Get(l.Name + stat.name) {
						want[c] = (1-momentum)*float64(old) + momentum*stat.of[c]*stat.unbiased
					}
					if d := relative(tr.Weights().Get(l.Name+stat.name), want); d > 1e-6 {
						t.Errorf("%s batch %d: %s%s off by %.2g", n.Name, batch, l.Name, stat.name, d)
					}
				}
			}
		}
	}
}

// beforeNorm reports whether the parameter is the bias of a convolution before a
// batch norm, whose gradient is 0 but for rounding.
func beforeNorm(n *Net, name string) bool {
	for i, l := range n.Layers[1:] {
		if l.Kind == "batch_norm2d" && name == n.Layers[i].Name+".bias" {
			return true
		}
	}
	return false
}

// Training gives the same bits on every instruction set.
func TestTrainingSameBits(t *testing.T) {
	for _, n := range testNets() {
		var want *Weights
		for _, level := range testLevels() {
			tr, err := newTrainer(level, n, testWeights(n, 1))
			if err != nil {
				t.Fatal(err)
			}
			for step := range 4 {
				x := make([][]float32, 4+step)
				labels := make([]int, len(x))
				for i := range x {
					x[i] = make([]float32, n.Input.Size())
					rng.New(2, "train", step, i).Normals(x[i])
					labels[i] = (step + i) % n.Classes()
				}
				if _, err := tr.Step(x, labels, SGD{LR: 0.01, Momentum: 0.9, WeightDecay: 1e-3}); err != nil {
					t.Fatal(err)
				}
			}
			got := tr.Weights()
			if want == nil {
				want = got
			}
			for i, w := range got.Tensors {
				sameBits(t, fmt.Sprint(n.Name, " ", level, " ", w.Name), w.Data, want.Tensors[i].Data)
			}
		}
	}
}

// A pass allocates nothing.
func TestNoAllocation(t *testing.T) {
	n := Nets["tutorial"].New(Shape{3, 32, 32}, 10)
	m := testModel(t, n)
	w := m.Worker()
	fill := func(i int, p *Point) { p.Target.Class = i % 10 }
	fold := func(int, Result) {}
	ctx := context.Background()
	if a := testing.AllocsPerRun(5, func() { _ = w.Gradients(ctx, Gradient, 64, fill, fold) }); a > 2 {
		t.Errorf("64 gradients allocate %v times", a)
	}
	tr, err := NewTrainer(n, Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	x := [][]float32{make([]float32, 3072), make([]float32, 3072), make([]float32, 3072), make([]float32, 3072)}
	labels := []int{1, 2, 3, 4}
	if a := testing.AllocsPerRun(5, func() { _, _ = tr.Step(x, labels, SGD{LR: 0.001}) }); a > 0 {
		t.Errorf("a step allocates %v times", a)
	}
}

// A network cut in two gives the whole: the activations of the first part put
// through the second are the logits, and the gradients chain.
func TestParts(t *testing.T) {
	ctx := context.Background()
	for _, n := range testNets() {
		m := testModel(t, n)
		whole := evaluate(t, m.Worker(), Gradient, 0, 5)
		for i, l := range n.Layers[:len(n.Layers)-1] {
			a, err := m.Upto(l.Name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := m.After(l.Name)
			if err != nil {
				if !crossed(n, i) {
					t.Fatal(err)
				}
				continue // TestCutsThatASkipCrosses
			}
			if crossed(n, i) {
				t.Errorf("%s can be cut at %s, past which a layer reads", n.Name, l.Name)
			}
			// A batch norm that is no longer folded rounds in other places.
			folded := n.Layers[i].Kind == "conv2d" && n.Layers[i+1].Kind == "batch_norm2d"
			if got, want := b.Net().Input, n.Shapes()[i]; got != want || a.Net().Classes() != want.Size() {
				t.Fatalf("%s cut at %s: %v in the middle, want %v", n.Name, l.Name, got, want)
			}
			var acts [][]float32
			err = a.Worker().Logits(ctx, 5, func(i int, x []float32) {
				p := Point{X: x}
				testPoint(n, i, &p)
			}, func(_ int, y []float32) { acts = append(acts, append([]float32(nil), y...)) })
			if err != nil {
				t.Fatal(err)
			}
			var back [][]float32
			err = b.Worker().Gradients(ctx, Gradient, 5, func(i int, p *Point) {
				copy(p.X, acts[i])
				x := p.X
				p.X = make([]float32, n.Input.Size())
				testPoint(n, i, p)
				p.X = x
			}, func(i int, r Result) {
				if folded {
					if d := relative(r.Logits, float64s(whole[i].logits)); d > 1e-5 {
						t.Errorf("%s cut at %s: logits of %d off by %.2g", n.Name, l.Name, i, d)
					}
				} else {
					sameBits(t, fmt.Sprintf("%s cut at %s: logits of %d", n.Name, l.Name, i), r.Logits, whole[i].logits)
				}
				back = append(back, append([]float32(nil), r.Grad...))
			})
			if err != nil {
				t.Fatal(err)
			}
			// The chain rule by one neuron at a time, on the small networks.
			if a.Net().Classes() > 100 {
				continue
			}
			for i := range 5 {
				sum := make([]float64, n.Input.Size())
				err = a.Worker().Gradients(ctx, Gradient, len(back[i]), func(j int, p *Point) {
					q := Point{X: p.X}
					testPoint(n, i, &q)
					p.Target.Class = j
				}, func(j int, r Result) { Accumulate(float64(back[i][j]), r.Grad, sum) })
				if err != nil {
					t.Fatal(err)
				}
				if d := relative(whole[i].grad, sum); d > 1e-5 {
					t.Errorf("%s cut at %s: gradient of %d off by %.2g", n.Name, l.Name, i, d)
				}
			}
		}
		if _, err := m.Upto("nowhere"); err == nil {
			t.Error("a layer that does not exist passes")
		}
	}
}

// crossed reports whether a layer behind layer i reads something before it.
func crossed(n *Net, i int) bool {
	for _, r := range n.reads()[i+1:] {
		for _, j := range r {
			if j <= i {
				return true
			}
		}
	}
	return false
}

// testLevels lists the instruction sets to compare; in a short run, as under the
// race detector, the fastest alone stands for all.
func testLevels() []kernel.Level {
	l := kernel.Levels()
	if testing.Short() {
		l = l[len(l)-1:]
	}
	return l
}
