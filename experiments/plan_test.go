package experiments

import (
	"slices"
	"strings"
	"testing"

	"assay/model"
)

// planOf plans a specification for a manifest that was never opened.
func planOf(t *testing.T, spec string, change func(s *Spec, m *Manifest), modelHash string) *Plan {
	t.Helper()
	s, err := Parse("spec.yaml", spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &Manifest{
		Shape: model.Shape{C: 3, H: 32, W: 32}, Classes: make([]string, 10), DataHash: "data", Layers: s.Model.Layers,
	}
	for i := range 40 {
		m.Images = append(m.Images, i)
	}
	if change != nil {
		change(s, m)
	}
	p, err := newPlan(s, m, modelHash)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func allKeys(p *Plan) []string {
	var ks []string
	for _, t := range p.Tasks {
		ks = append(ks, p.keys(t)...)
	}
	slices.Sort(ks)
	return ks
}

// TestPlanKeys shows that a key depends on everything that may change a number,
// and on nothing else.
func TestPlanKeys(t *testing.T) {
	base := allKeys(planOf(t, tiny, nil, "model"))
	if len(slices.Compact(slices.Clone(base))) != len(base) {
		t.Fatal("two cells have one key")
	}
	for _, row := range []struct {
		name   string
		spec   string
		change func(s *Spec, m *Manifest)
		model  string
		common int // keys that stay
	}{
		{"nothing", tiny, nil, "model", len(base)},
		{"layout and comments", "# a comment\n" + strings.ReplaceAll(tiny, "n_steps: [3, 5]", "n_steps:\n      - 3\n      - 5"), nil, "model", len(base)},
		{"where the data lie", tiny, func(s *Spec, _ *Manifest) { s.Data.Dir = "/elsewhere" }, "model", len(base)},
		{"formats of the report", tiny, func(s *Spec, _ *Manifest) { s.Report.Formats = []string{"latex"} }, "model", len(base)},
		{"model", tiny, nil, "other", 0},
		{"data", tiny, func(_ *Spec, m *Manifest) { m.DataHash = "other" }, "model", 0},
		{"seed", tiny, func(s *Spec, _ *Manifest) { s.Seed = 6 }, "model", 0},
		{"target", tiny, func(s *Spec, _ *Manifest) { s.Target = "predicted" }, "model", 0},
		{"images of the second block", tiny, func(_ *Spec, m *Manifest) { m.Images[39] = 77 }, "model", -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys := allKeys(planOf(t, row.spec, row.change, row.model))
			common := 0
			for _, k := range keys {
				if _, ok := slices.BinarySearch(base, k); ok {
					common++
				}
			}
			if row.common < 0 && common > 0 && common < len(base) {
				return
			}
			if common != row.common {
				t.Errorf("%d of %d keys stay, want %d", common, len(base), row.common)
			}
		})
	}
}

// TestPlanGrows shows that a method or metric added to a specification leaves
// the cells of the others as they are.
func TestPlanGrows(t *testing.T) {
	base := allKeys(planOf(t, tiny, nil, "model"))
	grown := strings.Replace(tiny, "metrics:\n", "  - {method: saliency, abs: false}\nmetrics:\n  - metric: insertion\n", 1)
	keys := allKeys(planOf(t, grown, nil, "model"))
	for _, k := range base {
		if _, ok := slices.BinarySearch(keys, k); !ok {
			t.Errorf("cell %s is gone", k)
		}
	}
	if len(keys) <= len(base) {
		t.Errorf("%d cells, want more than %d", len(keys), len(base))
	}
}

func TestPlanCoversEveryCellOnce(t *testing.T) {
	p := planOf(t, tiny, nil, "model")
	seen := map[[2]int]bool{}
	for i, task := range p.Tasks {
		if task.Number != i {
			t.Errorf("task %d has number %d", i, task.Number)
		}
		if i > 0 && task.work() > p.Tasks[i-1].work() {
			t.Errorf("task %d costs more than the one before", i)
		}
		for _, a := range p.Groups[task.Group] {
			at := [2]int{a, task.Block}
			if seen[at] {
				t.Errorf("attribution %d is explained twice on block %d", a, task.Block)
			}
			seen[at] = true
		}
	}
	if want := len(p.Attributions) * p.Blocks(); len(seen) != want {
		t.Errorf("%d of %d attributions and blocks", len(seen), want)
	}
	for n := 1; n <= 4; n++ {
		total := 0
		for i := range n {
			for _, task := range p.Tasks {
				if (Shard{i, n}).has(task.Number) {
					total++
				}
			}
		}
		if total != len(p.Tasks) {
			t.Errorf("%d shards do %d tasks, want %d", n, total, len(p.Tasks))
		}
	}
}

// TestPlanCost counts by hand what tasks take.
func TestPlanCost(t *testing.T) {
	const head = `
name: cost
data: {dataset: shapes, images: "0:20", n_train: 20, n_test: 20}
model: {net: tutorial, weights: default}
controls: false
attributions:
`
	for _, r := range []struct {
		name                string
		attributions        string
		gradients, forwards int // per image, without those for F(x) and F(baseline)
		bounded             bool
	}{
		{"gradients", "  - {method: integrated_gradients, n_steps: 7}", 7, 0, false},
		{"masks", "  - {method: rise, n_masks: 30}", 0, 31, false},
		{"a tunnel over masks", "  - {method: noise_tunnel, over: {method: rise, n_masks: 30}, nt_samples: 3}", 0, 93, false},
		{"tunnels share", "  - {method: noise_tunnel, over: {method: rise, n_masks: 30}, nt_samples: [2, 3], stdevs: [0.1, 0.2]}", 0, 2 * 93, false},
		{"relative noise is another", "  - {method: noise_tunnel, nt_samples: [2, 3], stdevs_relative: [true, false]}", 6, 0, false},
		{"steps to a tolerance", "  - {method: integrated_gradients, tolerance: 0.1, max_steps: 64}", 64, 0, true},
		{"samples to a tolerance", "  - {method: noise_tunnel, tolerance: 0.1, max_samples: 40}", 40, 0, true},
		{"steps to a tolerance of a layer", "  - {method: layer_integrated_gradients, tolerance: 0.1, max_steps: 64}", 64, 0, true},
	} {
		t.Run(r.name, func(t *testing.T) {
			p := planOf(t, head+r.attributions+"\n", func(_ *Spec, m *Manifest) {
				m.Layers = model.Nets["tutorial"].New(m.Shape, len(m.Classes)).Layers
				m.Images = m.Images[:20]
			}, "model")
			if len(p.Tasks) != 1 {
				t.Fatalf("%d tasks, want 1", len(p.Tasks))
			}
			task := p.Tasks[0]
			edges := 1 + 2*len(p.Attributions)
			if task.Gradients != 20*r.gradients || task.Forwards != 20*(r.forwards+edges) || p.bounded(task) != r.bounded {
				t.Errorf("%d gradients, %d passes forward, bounded %v; want %d, %d, %v", task.Gradients, task.Forwards, p.bounded(task), 20*r.gradients, 20*(r.forwards+edges), r.bounded)
			}
		})
	}
}
