package attr

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"assay/model"
)

// DeepLift carries the difference of the target between input and baseline back
// to the input values by the Rescale or the RevealCancel rule. It sums to
// F(x)-F(baseline) within 1e-4 of that, or the rounding of its own values where
// less is left of them: a map that float32 leaves further off is computed again in
// float64.
//
// Shrikumar, Greenside & Kundaje, "Learning Important Features Through
// Propagating Activation Differences", ICML 2017, section 3.5, with the
// cross-maximum rule at max-pools. Captum's answer is another one (see Compat).
type DeepLift struct {
	Baseline         Baseline `yaml:"baseline" doc:"what the input is compared with: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
	MultiplyByInputs bool     `yaml:"multiply_by_inputs" doc:"multiply by input minus baseline; without it the multipliers"`
	// Rule "reveal_cancel" applies to ReLUs that read a linear layer; elsewhere
	// Rescale holds, as in the paper's DeepLIFT-fc-RC-conv-RS. "" is rescale.
	Rule string `yaml:"rule" doc:"reveal_cancel: at ReLUs behind linear layers, what speaks for and what speaks against have multipliers of their own" jsonschema:"enum=rescale,enum=reveal_cancel"`
	// Compat "captum" routes a max-pool to the maximum of the input alone, as
	// Captum does.
	Compat string `yaml:"compat" doc:"captum: max-pools route to the input's maximum alone" jsonschema:"enum=,enum=captum"`

	// base replaces Baseline by one that the caller makes for every input.
	base func(in *Input, dst []float32)
}

// Check reports an unknown rule or compat, reveal_cancel where Captum has no such
// rule or the network no ReLU behind a linear layer, and a baseline that cannot be
// read or has not the network's input shape.
func (o *DeepLift) Check(n *model.Net) error {
	return errors.Join(o.Baseline.check(n), checkDeepLiftRule(n, o.Rule, o.Compat))
}

// revealCancel is the option's word for the rule.
const revealCancel = "reveal_cancel"

func checkDeepLiftRule(n *model.Net, rule, compat string) error {
	var err error
	switch {
	case rule == "":
	case rule != revealCancel:
		err = oneOf("rule", rule, "rescale", revealCancel)
	case compat == "captum":
		err = &Problem{Option: "rule", Msg: "is reveal_cancel, which Captum has not; want rescale with compat captum"}
	default:
		if why := n.Supports(model.RevealCancel); why != nil {
			err = &Problem{Option: "rule", Msg: "is reveal_cancel: " + strings.TrimPrefix(why.Error(), "model: ")}
		}
	}
	return errors.Join(err, oneOf("compat", compat, "", "captum"))
}

// Attribute explains the inputs: one pass over input and baseline each.
func (o *DeepLift) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *DeepLift) passes() int { return 1 }

// forwards counts the baseline, which goes forward alone (once for all images if
// it is the same for all).
func (o *DeepLift) forwards(*model.Net) int { return 1 }

func (o *DeepLift) baselines() []Baseline { return []Baseline{o.Baseline} }

// from returns what writes the baseline of an input.
func (o *DeepLift) from(e *Env) (func(in *Input, dst []float32), error) {
	if o.base != nil {
		return o.base, nil
	}
	return o.Baseline.one(e)
}

// incomplete is the share of F(x)-F(baseline) by which a map may miss it before it
// is computed again in float64.
const incomplete = 1e-4

func (o *DeepLift) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	from, err := o.from(e)
	if err != nil {
		return err
	}
	by := model.Rescale
	switch {
	case o.Rule == revealCancel:
		by = model.RevealCancel
	case o.Compat == "captum":
		by = model.RescaleCaptum
	}
	size := e.size()
	r, bases := newRing(1, size), newRing(1, size)
	m := make([]float32, size)
	var wide []float64 // multipliers in float64
	err = e.Worker.Gradients(e.Ctx, by, n,
		func(i int, p *model.Point) {
			in := r.at(i)
			input(i, in)
			copy(p.X, in.X)
			from(in, bases.at(i).X)
			copy(p.Baseline, bases.at(i).X)
			p.Target = in.Target
		},
		func(i int, res model.Result) {
			in, base := r.at(i), bases.at(i).X
			a := Attribution{Map: m, FX: in.Target.Of(res.Logits), FB: in.Target.Of(res.BaselineLogits), Summed: o.MultiplyByInputs}
			sum := times(res.Grad, in.X, base, m)
			if res.Change != nil { // it has digits that the two logits have lost
				change := in.Target.Of(res.Change)
				if math.Abs(sum-change) > incomplete*math.Abs(change) {
					if wide == nil {
						wide = make([]float64, size)
					}
					change = e.Worker.Multipliers(by, &model.Point{X: in.X, Baseline: base, Target: in.Target}, wide)
					for j, v := range wide {
						res.Grad[j] = float32(v)
						m[j] = float32(v * (float64(in.X[j]) - float64(base[j])))
					}
				}
				a.FB = a.FX - change
			}
			if !o.MultiplyByInputs {
				copy(m, res.Grad)
				a.FB = 0
			}
			emit(i, a)
		})
	if err != nil {
		return fmt.Errorf("attr: deep_lift: %w", err)
	}
	return nil
}

// times writes multipliers times x less base, and returns the sum of what it wrote.
func times(multipliers, x, base, to []float32) float64 {
	x, base, to = x[:len(multipliers)], base[:len(multipliers)], to[:len(multipliers)]
	var sums [4]float64
	for j, v := range multipliers {
		to[j] = float32(float64(v) * (float64(x[j]) - float64(base[j])))
		sums[j%4] += float64(to[j])
	}
	return (sums[0] + sums[2]) + (sums[1] + sums[3])
}
