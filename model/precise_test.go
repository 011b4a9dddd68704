package model

import (
	"context"
	"math"
	"testing"

	"assay/model/rng"
)

// In float64 the multipliers are those of the reference and sum to the change of
// the target, and the engine's are near them; on inputs that are nearly their
// baselines too.
func TestMultipliersInFloat64(t *testing.T) {
	for _, n := range testNets() {
		m := testModel(t, n)
		for _, rule := range []Rule{Rescale, RevealCancel} {
			if n.Supports(rule) != nil {
				continue
			}
			at := func(i int, p *Point) {
				testPoint(n, i, p)
				if i%2 == 1 {
					noise := make([]float32, len(p.X))
					rng.New(3, "test precise", i).Normals(noise)
					for j, v := range noise {
						p.Baseline[j] = p.X[j] + 1e-5*v
					}
				}
			}
			w := m.Worker()
			err := w.Gradients(context.Background(), rule, 4, at, func(i int, r Result) {
				p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
				at(i, &p)
				grad := make([]float64, len(p.X))
				change := w.Multipliers(rule, &p, grad)

				var plain ref
				acts, arg := plain.forward(n, m.weights, float64s(p.X))
				base, barg := plain.forward(n, m.weights, float64s(p.Baseline))
				g := make([]float64, n.Classes())
				g[p.Target.Class]++
				want := acts[len(acts)-1][p.Target.Class] - base[len(base)-1][p.Target.Class]
				if j := p.Target.Minus; j >= 0 {
					g[j]--
					want -= acts[len(acts)-1][j] - base[len(base)-1][j]
				}
				if d := math.Abs(change - want); d > 1e-12 {
					t.Errorf("%s rule %d point %d: the target changes by %v, want %v", n.Name, rule, i, change, want)
				}
				var off, size, sum, terms float64
				for j, v := range plain.backward(n, m.weights, rule, acts, arg, base, barg, g) {
					off += (grad[j] - v) * (grad[j] - v)
					size += v * v
					c := grad[j] * (float64(p.X[j]) - float64(p.Baseline[j]))
					sum += c
					terms += math.Abs(c)
				}
				if d := math.Sqrt(off / size); !(d < 1e-7) {
					t.Errorf("%s rule %d point %d: multipliers off the reference by %.2g", n.Name, rule, i, d)
				}
				if d := math.Abs(sum - change); d > 1e-9*terms+1e-12 {
					t.Errorf("%s rule %d point %d: multipliers sum to %v, want %v", n.Name, rule, i, sum, change)
				}
				if d := relative(r.Grad, grad); d > 1e-4 {
					t.Errorf("%s rule %d point %d: the engine's multipliers are off by %.2g", n.Name, rule, i, d)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
