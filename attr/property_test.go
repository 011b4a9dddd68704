package attr

import (
	"math"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

// drawNet draws a small network: perhaps a strided or padded convolution,
// perhaps a pool, perhaps a hidden layer.
func drawNet(t *rapid.T) *model.Net {
	n := &model.Net{Input: model.Shape{
		C: rapid.IntRange(1, 3).Draw(t, "channels"),
		H: rapid.IntRange(5, 9).Draw(t, "height"),
		W: rapid.IntRange(5, 9).Draw(t, "width"),
	}}
	if rapid.Bool().Draw(t, "conv") {
		k := rapid.IntRange(1, 3).Draw(t, "kernel")
		n.Layers = append(n.Layers, model.Layer{
			Kind: "conv2d", Kernel: k,
			Out:     rapid.IntRange(1, 4).Draw(t, "maps"),
			Stride:  rapid.IntRange(1, 2).Draw(t, "stride"),
			Padding: rapid.IntRange(0, k-1).Draw(t, "padding"),
		}, model.Layer{Kind: "relu"})
		if rapid.Bool().Draw(t, "pool") {
			n.Layers = append(n.Layers, model.Layer{Kind: "max_pool2d", Kernel: 2})
		}
	}
	n.Layers = append(n.Layers, model.Layer{Kind: "flatten"})
	if rapid.Bool().Draw(t, "hidden") {
		n.Layers = append(n.Layers, model.Layer{Kind: "linear", Out: rapid.IntRange(1, 8).Draw(t, "width of hidden")}, model.Layer{Kind: "relu"})
	}
	n.Layers = append(n.Layers, model.Layer{Kind: "linear", Out: 3})
	return n
}

func TestCompletenessOnRandomNets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e := env(t, drawNet(r), rapid.Uint64().Draw(r, "seed"))
		in := images(e, 3)
		b := ConstantBaseline(float32(rapid.IntRange(-4, 4).Draw(r, "baseline")) / 4)
		for _, row := range []struct {
			m   Method
			tol float64
		}{
			{&DeepLift{MultiplyByInputs: true, Baseline: b}, 1e-4},
			{&DeepLift{MultiplyByInputs: true, Baseline: b, Rule: hiddenRule(e)}, 1e-4},
			// The gradient jumps where a ReLU switches; the error is of the
			// order of the jumps over n_steps.
			{&IntegratedGradients{NSteps: 500, Quadrature: "gausslegendre", MultiplyByInputs: true, Baseline: b}, 2e-2},
			{&IntegratedGradients{NSteps: 500, Quadrature: "riemann_middle", MultiplyByInputs: true, Baseline: b}, 2e-2},
			{&IntegratedGradients{NSteps: 500, Quadrature: "riemann_trapezoid", MultiplyByInputs: true, Baseline: b}, 2e-2},
		} {
			for i, a := range attribute(t, e, row.m, in) {
				var scale float64 = 1
				for _, v := range a.Map {
					scale += math.Abs(float64(v))
				}
				if d := a.delta(); math.Abs(d) > row.tol*scale {
					r.Fatalf("%T image %d: delta %v of F(x)-F(b) = %v, want below %v", row.m, i, d, a.FX-a.FB, row.tol*scale)
				}
			}
		}
	})
}

// Attributions with captum's trapezoid are those with ours times (n-1)/n.
func TestTrapezoidsDifferByAFactor(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 2, H: 7, W: 7}), 5)
	in := images(e, 2)
	ours := attribute(t, e, &IntegratedGradients{NSteps: 10, Quadrature: "riemann_trapezoid", MultiplyByInputs: true}, in)
	theirs := attribute(t, e, &IntegratedGradients{NSteps: 10, Quadrature: "riemann_trapezoid", MultiplyByInputs: true, Compat: "captum"}, in)
	for i := range ours {
		want := make([]float64, len(ours[i].Map))
		for j, v := range ours[i].Map {
			want[j] = 0.9 * float64(v)
		}
		if d := relative(theirs[i].Map, want); d > 1e-6 {
			t.Errorf("image %d: relative difference %v from 0.9 times ours", i, d)
		}
	}
}
