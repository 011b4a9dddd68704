package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"assay/model/rng"

	"pgregory.net/rapid"
)

// walked is a PathResult that outlives fold.
type walked struct {
	grad    []float32
	regions int
}

func walkPaths(t testing.TB, w *Worker, n int, fill func(i int, p *Path)) []walked {
	t.Helper()
	var out []walked
	err := w.PathGradients(context.Background(), n, fill, func(i int, r PathResult) {
		if i != len(out) {
			t.Fatalf("fold %d came after %d", i, len(out))
		}
		out = append(out, walked{slices.Clone(r.Grad), r.Regions})
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != n {
		t.Fatalf("%d results, want %d", len(out), n)
	}
	return out
}

// testPath fills path i from streams that know only i. Some pixels do not move.
func testPath(n *Net, i int, p *Path) {
	s := rng.New(5, "test path", i)
	s.Normals(p.X)
	s.Normals(p.Baseline)
	for j := range p.X {
		if j%5 == 0 {
			p.X[j] = p.Baseline[j]
		}
	}
	p.Target.Class = i % n.Classes()
	if i%3 == 2 {
		p.Target.Minus = (i + 1) % n.Classes()
	}
}

// weightsOf lists tensors in the order of the network's parameters.
func weightsOf(n *Net, data ...[]float32) *Weights {
	w := &Weights{}
	for i, p := range n.Params() {
		w.Tensors = append(w.Tensors, Tensor{p.Name, p.Shape, data[i]})
	}
	return w
}

func TestPathGradientsKnownAnswers(t *testing.T) {
	dense := func(in Shape, ls ...Layer) *Net { return &Net{Input: in, Layers: ls} }
	flatten, relu := Layer{Kind: "flatten"}, Layer{Kind: "relu"}
	for _, r := range []struct {
		name    string
		net     *Net
		weights [][]float32
		base, x []float32
		want    []float32 // of class 0
		regions int
	}{
		{
			"an affine network is one region",
			dense(Shape{2, 1, 1}, flatten, Layer{Kind: "linear", Out: 2}, Layer{Kind: "linear", Out: 1}),
			[][]float32{{1, 2, 3, 4}, {5, 6}, {1, -1}, {0}},
			[]float32{0, 0},
			[]float32{1, 1},
			[]float32{-2, -2},
			1,
		},
		{
			// relu(2t-1) and relu(1-4t) switch at 1/2 and 1/4.
			"two relus",
			dense(Shape{1, 1, 1}, flatten, Layer{Kind: "linear", Out: 2}, relu, Layer{Kind: "linear", Out: 1}),
			[][]float32{{2, -4}, {-1, 1}, {3, 5}, {0}},
			[]float32{0},
			[]float32{1},
			[]float32{3*2/2. - 5*4/4.},
			3,
		},
		{
			// relu(relu(2t-1) - 1/2) switches at 3/4, on the second half alone.
			"a relu behind a relu",
			dense(Shape{1, 1, 1}, flatten, Layer{Kind: "linear", Out: 1}, relu, Layer{Kind: "linear", Out: 1}, relu, Layer{Kind: "linear", Out: 1}),
			[][]float32{{2}, {-1}, {1}, {-0.5}, {8}, {0}},
			[]float32{0},
			[]float32{1},
			[]float32{8 * 2 / 4.},
			3,
		},
		{
			// 1-t, 1/2, 2t-1 and -1: the maximum passes on at 1/2 and 3/4.
			"winners of a max-pool",
			dense(Shape{1, 2, 2}, Layer{Kind: "max_pool2d", Kernel: 2}, flatten, Layer{Kind: "linear", Out: 1}),
			[][]float32{{2}, {0}},
			[]float32{1, 0.5, -1, -1},
			[]float32{0, 0.5, 1, -1},
			[]float32{2 * 0.5, 2 * 0.25, 2 * 0.25, 0},
			3,
		},
		{
			// 1-2t and t-3/4 below a floor of 0: relus that the pool hides do not count.
			"a relu beside a max-pool",
			dense(Shape{1, 2, 2}, relu, Layer{Kind: "max_pool2d", Kernel: 2}, flatten, Layer{Kind: "linear", Out: 1}),
			[][]float32{{4}, {0}},
			[]float32{1, -0.75, 0.125, -1},
			[]float32{-1, 0.25, -0.375, -2},
			[]float32{4 * 0.5, 4 * 0.25, 0, 0},
			3,
		},
		{
			"a path of no length",
			dense(Shape{1, 1, 1}, flatten, Layer{Kind: "linear", Out: 1}, relu, Layer{Kind: "linear", Out: 1}),
			[][]float32{{2}, {1}, {3}, {0}},
			[]float32{1},
			[]float32{1},
			[]float32{6},
			1,
		},
		{
			// Below 0 for a quarter of the path.
			"leaky relu",
			dense(Shape{1, 1, 1}, flatten, Layer{Kind: "linear", Out: 1}, Layer{Kind: "leaky_relu", Slope: 0.5}, Layer{Kind: "linear", Out: 1}),
			[][]float32{{4}, {-1}, {2}, {0}},
			[]float32{0},
			[]float32{1},
			[]float32{8 * (0.75 + 0.25*0.5)},
			2,
		},
		{
			// x + relu(4x-1): the skip crosses the relu.
			"residual",
			dense(
				Shape{1, 1, 1}, Layer{Kind: "conv2d", Name: "a", Out: 1, Kernel: 1}, Layer{Kind: "conv2d", Out: 1, Kernel: 1}, relu,
				Layer{Kind: "add", From: "a"}, relu, flatten, Layer{Kind: "linear", Out: 1},
			),
			[][]float32{{1}, {0}, {4}, {-1}, {2}, {0}},
			[]float32{-1},
			[]float32{1},
			[]float32{2 * (0.5 + 4*0.375)}, // above 0 on half of the path, above 1/4 on 3/8
			3,
		},
	} {
		t.Run(r.name, func(t *testing.T) {
			if err := r.net.Resolve(); err != nil {
				t.Fatal(err)
			}
			m, err := New(r.net, weightsOf(r.net, r.weights...))
			if err != nil {
				t.Fatal(err)
			}
			got := walkPaths(t, m.Worker(), 1, func(_ int, p *Path) {
				copy(p.X, r.x)
				copy(p.Baseline, r.base)
			})[0]
			if got.regions != r.regions {
				t.Errorf("regions: got %d, want %d", got.regions, r.regions)
			}
			for j, want := range r.want {
				if math.Abs(float64(got.grad[j]-want)) > 1e-6 {
					t.Errorf("gradient: got %v, want %v", got.grad, r.want)
					break
				}
			}
		})
	}
}

// pathNets are those with every layer that is piecewise linear.
func pathNets() []*Net {
	var nets []*Net
	for _, n := range testNets() {
		if n.PiecewiseLinear() == nil {
			nets = append(nets, n)
		}
	}
	more := []*Net{
		{Name: "blocks", Input: Shape{2, 6, 6}, Layers: []Layer{
			{Kind: "conv2d", Out: 4, Kernel: 3, Padding: 1, NoBias: true},
			{Kind: "batch_norm2d"},
			{Kind: "relu", Name: "a"},
			{Kind: "conv2d", Out: 4, Kernel: 3, Padding: 1},
			{Kind: "leaky_relu"},
			{Kind: "conv2d", Name: "body", Out: 4, Kernel: 3, Padding: 1},
			{Kind: "add", From: "a"},
			{Kind: "relu", Name: "b"},
			{Kind: "conv2d", Name: "down", Out: 6, Kernel: 1, Stride: 2},
			{Kind: "conv2d", Out: 6, Kernel: 3, Stride: 2, Padding: 1, Input: "b"},
			{Kind: "relu"},
			{Kind: "conv2d", Out: 6, Kernel: 3, Padding: 1},
			{Kind: "add", From: "down"},
			{Kind: "relu"},
			{Kind: "dropout"},
			{Kind: "adaptive_avg_pool2d", Out: 1},
			{Kind: "flatten"},
			{Kind: "linear", Out: 4},
		}},
		{Name: "skip of the image", Input: Shape{3, 4, 4}, Layers: []Layer{
			{Kind: "conv2d", Out: 3, Kernel: 1},
			{Kind: "relu"},
			{Kind: "add", From: "input"},
			{Kind: "avg_pool2d", Kernel: 2},
			{Kind: "relu"},
			{Kind: "flatten"},
			{Kind: "linear", Out: 3},
		}},
		{Name: "relu first", Input: Shape{1, 4, 4}, Layers: []Layer{
			{Kind: "relu"},
			{Kind: "dropout"},
			{Kind: "relu"}, // never switches, but reads what the first one gives
			{Kind: "flatten"},
			{Kind: "linear", Out: 6},
			{Kind: "relu"},
			{Kind: "linear", Out: 3},
		}},
	}
	for _, n := range more {
		if err := n.Resolve(); err != nil {
			panic(fmt.Sprint(n.Name, err))
		}
	}
	return append(nets, more...)
}

// The limit of many points on the path is the same.
func TestPathGradientsAgainstManyPoints(t *testing.T) {
	const points = 2000
	for _, n := range pathNets() {
		if n.Name == "tutorial" {
			continue // against values from outside, in package attr
		}
		w := testModel(t, n).Worker()
		for i, got := range walkPaths(t, w, 5, func(i int, p *Path) { testPath(n, i, p) }) {
			path := Path{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPath(n, i, &path)
			want := make([]float64, n.Input.Size())
			err := w.Gradients(context.Background(), Gradient, points, func(k int, p *Point) {
				Lerp((float32(k)+0.5)/points, path.X, path.Baseline, p.X)
				p.Target = path.Target
			}, func(_ int, r Result) { Accumulate(1./points, r.Grad, want) })
			if err != nil {
				t.Fatal(err)
			}
			// A jump of the gradient is off by at most half a step.
			if d := relative(got.grad, want); d > 0.5*float64(got.regions)/points+1e-5 {
				t.Errorf("%s: path %d of %d regions differs by %v", n.Name, i, got.regions, d)
			}
		}
	}
}

func TestPathGradientsAreComplete(t *testing.T) {
	nets := pathNets()
	rapid.Check(t, func(r *rapid.T) {
		n := nets[rapid.IntRange(1, len(nets)-1).Draw(r, "net")]
		weights := Init(n, rapid.Uint64().Draw(r, "weights"))
		scale := float32(rapid.IntRange(1, 4).Draw(r, "scale"))
		for _, x := range weights.Tensors {
			for j := range x.Data {
				if !strings.Contains(x.Name, "running") {
					x.Data[j] *= scale
				}
			}
		}
		m, err := New(n, weights)
		if err != nil {
			t.Fatal(err)
		}
		w := m.Worker()
		first := rapid.IntRange(0, 1000).Draw(r, "first path")
		fill := func(i int, p *Path) { testPath(n, first+i, p) }
		for i, got := range walkPaths(t, w, 3, fill) {
			path := Path{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			fill(i, &path)
			var f [2]float64
			err := w.Logits(context.Background(), 2, func(k int, x []float32) {
				copy(x, [][]float32{path.Baseline, path.X}[k])
			}, func(k int, l []float32) { f[k] = path.Target.Of(l) })
			if err != nil {
				t.Fatal(err)
			}
			var sum, size float64
			for j, g := range got.grad {
				v := float64(g) * (float64(path.X[j]) - float64(path.Baseline[j]))
				sum += v
				size += math.Abs(v)
			}
			if d := sum - (f[1] - f[0]); math.Abs(d) > 1e-5*(size+math.Abs(f[0])+math.Abs(f[1])) {
				r.Fatalf("%s: path %d sums to %v, want %v", n.Name, i, sum, f[1]-f[0])
			}
		}
	})
}

// Neighbours, their number and the instruction set leave no trace.
func TestPathGradientsSameBits(t *testing.T) {
	for _, n := range pathNets() {
		if n.Name == "tutorial" {
			continue // its thousand regions take the portable kernels seconds
		}
		m := testModel(t, n)
		all := walkPaths(t, m.Worker(), 20, func(i int, p *Path) { testPath(n, i, p) })
		for _, level := range testLevels() {
			w := newModel(n, m.Weights(), level).Worker()
			for _, i := range []int{0, 7, 19} {
				alone := walkPaths(t, w, 1, func(_ int, p *Path) { testPath(n, i, p) })[0]
				if alone.regions != all[i].regions {
					t.Errorf("%s %v path %d alone: %d regions, want %d", n.Name, level, i, alone.regions, all[i].regions)
				}
				sameBits(t, fmt.Sprintf("%s %v path %d alone", n.Name, level, i), alone.grad, all[i].grad)
			}
		}
	}
}

// However many paths there are, the same few are open at a time.
func TestPathGradientsMemory(t *testing.T) {
	n := pathNets()[1]
	w := testModel(t, n).Worker()
	open := func(count int) int {
		walkPaths(t, w, count, func(i int, p *Path) { testPath(n, i%7, p) })
		return len(w.paths.free)
	}
	if few, many := open(60), open(300); few != many {
		t.Errorf("%d paths open at once among 300, %d among 60", many, few)
	}
}

func TestPathGradientsRefuse(t *testing.T) {
	n := &Net{Input: Shape{1, 1, 1}, Layers: []Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}, {Kind: "softplus", Name: "curve"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	err := testModel(t, n).Worker().PathGradients(context.Background(), 1, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "curve (softplus) is not piecewise linear") {
		t.Errorf("softplus: %v", err)
	}

	n = pathNets()[1]
	w := testModel(t, n).Worker()
	fill := func(i int, p *Path) { testPath(n, i, p) }
	want := walkPaths(t, w, 3, fill)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.PathGradients(ctx, 40, fill, func(int, PathResult) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	err = w.PathGradients(context.Background(), 3, func(_ int, p *Path) {
		for j := range p.X {
			p.X[j], p.Baseline[j] = 3e38, -3e38
		}
	}, func(int, PathResult) {})
	if err == nil || !strings.Contains(err.Error(), "overflows") {
		t.Errorf("overflow: %v", err)
	}
	for i, got := range walkPaths(t, w, 3, fill) {
		sameBits(t, "after two failures", got.grad, want[i].grad)
	}
}
