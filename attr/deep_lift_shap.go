package attr

import (
	"errors"
	"fmt"

	"assay/model"
	"assay/model/npy"
)

// DeepLiftSHAP is the mean of DeepLift's maps over the baselines of a
// distribution: every baseline once, so nothing is left to chance. It sums to
// F(x) less the mean of F over the baselines, up to rounding.
//
// Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions",
// NeurIPS 2017, section 4.2 (Deep SHAP), by the rules of DeepLift.
type DeepLiftSHAP struct {
	Baseline         Baseline `yaml:"baseline" doc:"what the input is compared with: train:N, images:PATH or any single baseline"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the multipliers"`
	// Rule is that of DeepLift.
	Rule string `yaml:"rule" doc:"reveal_cancel: at ReLUs behind linear layers, what speaks for and what speaks against have multipliers of their own" jsonschema:"enum=rescale,enum=reveal_cancel"`
	// Compat "captum" is that of DeepLift. With images as baselines Captum's
	// maps do not sum to the difference.
	Compat string `yaml:"compat" doc:"captum: max-pools route to the input's maximum alone" jsonschema:"enum=,enum=captum"`
}

// Check reports what DeepLift reports of rule and compat, baselines that cannot be read or have not the
// network's input shape, and those that are not a small number of images.
func (o *DeepLiftSHAP) Check(n *model.Net) error {
	err := o.Baseline.checkAny(n)
	switch {
	case o.Baseline.kind == "train" && o.Baseline.count == 0:
		err = &Problem{Option: "baseline", Msg: "is train, all training images; want train:N with their number"}
	case o.Baseline.kind == "uniform" || o.Baseline.kind == "gaussian":
		err = &Problem{Option: "baseline", Msg: fmt.Sprintf("is %s, noise without end; want train:N, images:PATH or a single image", o.Baseline)}
	}
	return errors.Join(err, checkDeepLiftRule(n, o.Rule, o.Compat))
}

// Attribute explains the inputs: a pass over input and baseline for each of the
// baselines.
func (o *DeepLiftSHAP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

// passes counts the baselines.
func (o *DeepLiftSHAP) passes() int {
	switch {
	case o.Baseline.kind == "train":
		return o.Baseline.count
	case o.Baseline.kind == "images":
		if a, err := npy.Read(o.Baseline.path); err == nil && len(a.Shape) > 0 {
			return a.Shape[0]
		}
	}
	return 1
}

// forwards counts them too: each goes forward beside the image (once for all
// images where their number divides model.Lanes).
func (o *DeepLiftSHAP) forwards(*model.Net) int { return o.passes() }

func (o *DeepLiftSHAP) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *DeepLiftSHAP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	d, err := o.Baseline.drawer(e)
	if err != nil {
		return err
	}
	if d.n < 1 {
		return named(o, fmt.Errorf("baseline %s is no finite number of images", o.Baseline))
	}
	size := e.size()
	in := Input{X: make([]float32, size)}
	m, acc := make([]float32, size), make([]float64, size)
	var change float64 // of the target, from all baselines
	next := 0          // baseline of the pair that is filled in
	over := &DeepLift{MultiplyByInputs: o.MultiplyByInputs, Rule: o.Rule, Compat: o.Compat, base: func(_ *Input, dst []float32) { d.fill(&in, next, dst) }}
	count := float64(d.n)
	return named(o, over.stream(e, n*d.n,
		func(k int, dst *Input) {
			if next = k % d.n; next == 0 {
				input(k/d.n, &in)
			}
			dst.Index, dst.Target = in.Index, in.Target
			copy(dst.X, in.X)
		},
		func(k int, a Attribution) {
			if k%d.n == 0 {
				clear(acc)
				change = 0
			}
			model.Accumulate(1, a.Map, acc)
			change += a.FX - a.FB
			if k%d.n < d.n-1 {
				return
			}
			for j, v := range acc {
				m[j] = float32(v / count)
			}
			emit(k/d.n, Attribution{Map: m, FX: a.FX, FB: a.FX - change/count, Summed: a.Summed})
		}))
}
