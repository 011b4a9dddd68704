package model

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
)

// Workers on goroutines of their own share a model, and the parts of it, from the
// first pass on, which compiles: all get the bits that one alone gets.
func TestWorkersShareAModel(t *testing.T) {
	ctx := context.Background()
	for _, n := range testNets() {
		if n.Name != "residual" && n.Name != "skip" && n.Name != "copied" {
			continue
		}
		type values = map[string][]float32
		passes := []func(w *Worker, out values) error{}
		for name, rule := range rules {
			passes = append(passes, func(w *Worker, out values) error {
				return w.Gradients(ctx, rule, 5, func(i int, p *Point) { testPoint(n, i, p) }, func(i int, r Result) { out[fmt.Sprint(name, i)] = slices.Clone(r.Grad) })
			})
		}
		l := everywhere(n, lrpTestRules["gamma"])
		passes = append(
			passes,
			func(w *Worker, out values) error {
				return w.Relevance(ctx, l, 5, func(i int, p *Point) { testPoint(n, i, p) }, func(i int, r Relevance) { out[fmt.Sprint("relevance ", i)] = slices.Clone(r.Map) })
			},
			func(w *Worker, out values) error {
				return w.BiasGradients(ctx, 5, func(i int, p *Point) { testPoint(n, i, p) }, func(i int, _ Result, terms []BiasTerm) { out[fmt.Sprint("bias ", i)] = slices.Clone(terms[0].Values) })
			},
			func(w *Worker, out values) error {
				upto, err := w.Upto(n.Layers[1].Name)
				if err != nil {
					return err
				}
				return upto.Logits(ctx, 5, func(i int, x []float32) { testPoint(n, i, &Point{X: x}) }, func(i int, y []float32) { out[fmt.Sprint("part ", i)] = slices.Clone(y) })
			},
			func(w *Worker, out values) error {
				return w.PathGradients(ctx, 5, func(i int, p *Path) { copy(p.X, pointOf(n, i).X) }, func(i int, r PathResult) { out[fmt.Sprint("path ", i)] = slices.Clone(r.Grad) })
			},
		)
		run := func(m *Model, first int) (values, error) {
			out, w := values{}, m.Worker()
			for i := range passes {
				if err := passes[(first+i)%len(passes)](w, out); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
		want, err := run(testModel(t, n), 0)
		if err != nil {
			t.Fatal(n.Name, err)
		}
		shared := testModel(t, n)
		var got [4]values
		var errs [4]error
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() { got[i], errs[i] = run(shared, 3*i) })
		}
		wait.Wait()
		for i := range got {
			if errs[i] != nil {
				t.Fatal(n.Name, errs[i])
			}
			for name, x := range want {
				sameBits(t, fmt.Sprintf("%s worker %d %s", n.Name, i, name), got[i][name], x)
			}
		}
	}
}
