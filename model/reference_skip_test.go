package model

import (
	"context"
	"fmt"
	"testing"

	"assay/model/rng"
)

// A baseline that stays the same from block to block is carried forward once;
// results are those of a worker that sees it for the first time.
func TestKeptBaselineGivesTheSameBits(t *testing.T) {
	for _, n := range testNets() {
		for _, rule := range []Rule{Rescale, RescaleCaptum} {
			m := testModel(t, n)
			// The baseline changes with every second block, and back.
			one := func(w *Worker, from, count int) []answer {
				var out []answer
				err := w.Gradients(context.Background(), rule, count, func(i int, p *Point) {
					testPoint(n, from+i, p)
					rng.New(1, "kept baseline", (from+i)/(2*Lanes)%2).Normals(p.Baseline)
				}, func(_ int, r Result) {
					c := func(x []float32) []float32 { return append([]float32(nil), x...) }
					out = append(out, answer{c(r.Grad), c(r.Logits), c(r.BaselineLogits), c(r.Change)})
				})
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			const points = 6 * Lanes
			for i, a := range one(m.Worker(), 0, points) {
				if i%5 > 0 {
					continue
				}
				alone := one(m.Worker(), i, 1)[0]
				id := fmt.Sprintf("%s rule %d point %d", n.Name, rule, i)
				sameBits(t, id+" gradient", a.grad, alone.grad)
				sameBits(t, id+" baseline logits", a.ref, alone.ref)
			}
		}
	}
}
