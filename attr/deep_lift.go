package attr

import (
	"errors"
	"fmt"
	"strings"

	"assay/model"
)

// DeepLift carries the difference of the target between input and baseline back
// to the input values by the Rescale or the RevealCancel rule. It sums to
// F(x)-F(baseline) up to rounding.
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
			in := r.at(i)
			copy(m, res.Grad)
			a := Attribution{Map: m, FX: in.Target.Of(res.Logits)}
			if o.MultiplyByInputs {
				base := bases.at(i).X
				for j, v := range m {
					m[j] = float32(float64(v) * (float64(in.X[j]) - float64(base[j])))
				}
				a.FB, a.Summed = in.Target.Of(res.BaselineLogits), true
				if res.Change != nil { // it has digits that the two logits have lost
					a.FB = a.FX - in.Target.Of(res.Change)
				}
			}
			emit(i, a)
		})
	if err != nil {
		return fmt.Errorf("attr: deep_lift: %w", err)
	}
	return nil
}
