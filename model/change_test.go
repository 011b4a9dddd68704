package model

import (
	"context"
	"math"
	"testing"

	"assay/model/rng"
)

// The change of the logits between two inputs that are nearly the same has the
// digits that the float64 reference finds, where the difference of two rounded
// logits has lost most, and multipliers sum to it.
func TestChangeKeepsItsDigits(t *testing.T) {
	const near = 1e-5
	worst, lost := 0.0, 0.0
	for _, n := range testNets() {
		m := testModel(t, n)
		const points = 5
		at := func(i int, p *Point) {
			testPoint(n, i, p)
			noise := make([]float32, len(p.X))
			rng.New(8, "test change", i).Normals(noise)
			for j, v := range noise {
				p.Baseline[j] = p.X[j] + near*v
			}
		}
		err := m.Worker().Gradients(context.Background(), Rescale, points, at, func(i int, r Result) {
			p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			at(i, &p)
			acts, _ := ref{}.forward(n, m.weights, float64s(p.X))
			base, _ := ref{}.forward(n, m.weights, float64s(p.Baseline))
			fx, fb := acts[len(acts)-1], base[len(base)-1]
			change, rounded, size := 0.0, 0.0, 0.0
			for j := range fx {
				want := fx[j] - fb[j]
				change = max(change, math.Abs(float64(r.Change[j])-want))
				rounded = max(rounded, math.Abs(float64(r.Logits[j])-float64(r.BaselineLogits[j])-want))
				size = max(size, math.Abs(want))
			}
			worst, lost = max(worst, change/size), max(lost, rounded/size)
			if change > 1e-5*size {
				t.Errorf("%s point %d: the change of the logits is off by %.2g of the largest", n.Name, i, change/size)
			}
			var sum, terms float64
			for j := range p.X {
				v := float64(r.Grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j]))
				sum += v
				terms += math.Abs(v)
			}
			if d := math.Abs(sum - p.Target.Of(r.Change)); d > 16*0x1p-24*terms {
				t.Errorf("%s point %d: multipliers sum to %v, want %v: off by %.2g of 2^-24 times the sum of |terms|", n.Name, i, sum, p.Target.Of(r.Change), d/(0x1p-24*terms))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("changes are off by %.1e at most, differences of logits by %.1e", worst, lost)
	if lost < 10*worst {
		t.Errorf("differences of logits are off by %v, changes by %v: want a tenth at most", lost, worst)
	}
}
