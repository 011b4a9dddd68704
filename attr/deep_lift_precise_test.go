package attr

import (
	"math"
	"testing"

	"assay/model"
)

// missing returns by how much multipliers of the engine miss the change of the
// target, as a share of it.
func missing(t *testing.T, e *Env, rule model.Rule, in Input, base []float32) float64 {
	var miss float64
	err := e.Worker.Gradients(e.Ctx, rule, 1,
		func(_ int, p *model.Point) { copy(p.X, in.X); copy(p.Baseline, base); p.Target = in.Target },
		func(_ int, r model.Result) {
			sum, change := 0.0, in.Target.Of(r.Change)
			for j, v := range r.Grad {
				sum += float64(v) * (float64(in.X[j]) - float64(base[j]))
			}
			miss = math.Abs(sum-change) / math.Abs(change)
		})
	if err != nil {
		t.Fatal(err)
	}
	return miss
}

// balanced returns images on the line from one to another where the target is nearly
// that of the baseline 0, and all that speaks for it cancels with what speaks
// against.
func balanced(t *testing.T, e *Env, from, to Input) []Input {
	value := func(a float64) (x []float32, dF float64) {
		x = make([]float32, e.size())
		model.Lerp(float32(a), to.X, from.X, x)
		err := e.Worker.Gradients(e.Ctx, model.Rescale, 1,
			func(_ int, p *model.Point) { copy(p.X, x); clear(p.Baseline); p.Target = from.Target },
			func(_ int, r model.Result) { dF = from.Target.Of(r.Change) })
		if err != nil {
			t.Fatal(err)
		}
		return x, dF
	}
	low, high := 0.0, 1.0
	_, at0 := value(low)
	_, at1 := value(high)
	if (at0 > 0) == (at1 > 0) {
		return nil
	}
	var out []Input
	for range 16 {
		mid := (low + high) / 2
		x, dF := value(mid)
		out = append(out, Input{Index: len(out), X: x, Target: from.Target})
		if (dF > 0) == (at0 > 0) {
			low = mid
		} else {
			high = mid
		}
	}
	return out
}

// Where next to nothing is left of a map, float32 alone misses F(x)-F(b) by more
// than 1e-4 of it, and the method does not: it is off by the rounding of its own
// values at most. Maps that the engine has right are the engine's.
func TestDeepLiftIsCompleteWhereLittleIsLeft(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 9, W: 9}), 5)
	in := images(e, 12)
	again := 0
	for _, r := range []struct {
		rule string
		by   model.Rule
	}{{"rescale", model.Rescale}, {revealCancel, model.RevealCancel}} {
		for i := range in[1:] {
			near := balanced(t, e, in[i], in[i+1])
			m := &DeepLift{MultiplyByInputs: true, Rule: r.rule}
			local := *m
			local.MultiplyByInputs = false
			multipliers := attribute(t, e, &local, near)
			for k, a := range attribute(t, e, m, near) {
				var size float64
				for j, v := range a.Map {
					size += math.Abs(float64(v))
					if want := float64(multipliers[k].Map[j]) * float64(near[k].X[j]); math.Abs(float64(v)-want) > 0x1p-23*math.Abs(want) {
						t.Fatalf("%s image %d: value %d is %v, want the multiplier times the input, %v", r.rule, k, j, v, want)
					}
				}
				if d := math.Abs(a.delta()); d > max(1e-4*math.Abs(a.FX-a.FB), 0x1p-24*size) {
					t.Errorf("%s image %d: delta %v of %v", r.rule, k, d, a.FX-a.FB)
				}
				if missing(t, e, r.by, near[k], make([]float32, e.size())) > 1e-4 {
					again++
				}
			}
		}
	}
	t.Logf("%d maps were computed again", again)
	if again < 10 {
		t.Errorf("%d maps were computed again, want 10 at least: the inputs are not near enough", again)
	}
}
