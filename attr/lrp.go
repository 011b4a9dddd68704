package attr

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
)

// LRP propagates the target back to the input as relevance: every layer hands
// what it holds to its inputs in proportion to their share in it, by a rule
// that may differ from layer to layer (model.LRPRule). The map sums to F(x)
// less what the rules give to biases and stabilisers.
//
// Bach et al., "On Pixel-Wise Explanations for Non-Linear Classifier Decisions
// by Layer-Wise Relevance Propagation", PLOS ONE 2015. Presets and the parts of
// the biases are Zennit's (Anders et al., "Software for Dataset-wide XAI",
// arXiv:2106.13200, 2021).
type LRP struct {
	Preset string   `yaml:"preset" doc:"rules by kind and place of the layers: epsilon, epsilon_plus, epsilon_alpha2_beta1, epsilon_gamma_box, epsilon_plus_flat, epsilon_alpha2_beta1_flat, deep_taylor or excitation_backprop" jsonschema:"enum=epsilon,enum=epsilon_plus,enum=epsilon_alpha2_beta1,enum=epsilon_gamma_box,enum=epsilon_plus_flat,enum=epsilon_alpha2_beta1_flat,enum=deep_taylor,enum=excitation_backprop"`
	Rules  LRPRules `yaml:"rules" doc:"rules of single layers, over the preset's: LAYER=RULE, ... as in conv1=z_box, conv*=gamma(0.25), linear=epsilon(1e-6); a layer goes by its name or kind, and the first that fits counts"`
	// Epsilon is the stabiliser of the epsilon rule; the other rules have
	// Zennit's 1e-6.
	Epsilon  float64 `yaml:"epsilon" doc:"stabiliser of the rule epsilon where it gives none; 0 is LRP-0" jsonschema:"minimum=0"`
	Gamma    float64 `yaml:"gamma" doc:"weight of the favoured signs in the rule gamma where it gives none" jsonschema:"minimum=0"`
	ZeroBias bool    `yaml:"zero_bias" doc:"leave biases out of the rules, so that they get no relevance"`
	// Compat "captum" gives Captum's gamma and z_plus (its Alpha1_Beta0), its
	// stabiliser 1e-9 wherever a rule gives none of its own, its epsilon rule at
	// max-pools and the sign of its delta.
	Compat string `yaml:"compat" doc:"captum: its forms of gamma and z_plus, its stabiliser 1e-9 instead of epsilon, its sign of the delta" jsonschema:"enum=,enum=captum"`
}

const (
	lrpStabiliser       = 1e-6
	lrpStabiliserCaptum = 1e-9
)

// lrpPresets are the rules by kind of layer; first is that of the first layer
// of firstKind ("" for any with weights).
var lrpPresets = map[string]struct{ conv, linear, first, firstKind string }{
	"epsilon":                   {"epsilon", "epsilon", "", ""},
	"epsilon_plus":              {"z_plus", "epsilon", "", ""},
	"epsilon_alpha2_beta1":      {"alpha_beta", "epsilon", "", ""},
	"epsilon_gamma_box":         {"gamma", "epsilon", "z_box", "conv2d"},
	"epsilon_plus_flat":         {"z_plus", "epsilon", "flat", ""},
	"epsilon_alpha2_beta1_flat": {"alpha_beta", "epsilon", "flat", ""},
	"deep_taylor":               {"z_plus", "z_plus", "z_box", ""},
	"excitation_backprop":       {"z_plus", "z_plus", "", ""},
}

// lrpPresetNames lists the presets in the order of their documentation.
var lrpPresetNames = []string{
	"epsilon", "epsilon_plus", "epsilon_alpha2_beta1", "epsilon_gamma_box",
	"epsilon_plus_flat", "epsilon_alpha2_beta1_flat", "deep_taylor", "excitation_backprop",
}

// Check reports an unknown preset or compat, rules for layers that the network
// does not have or that have no weights, and rules that a layer cannot have.
func (o *LRP) Check(n *model.Net) error {
	errs := []error{
		oneOf("preset", o.Preset, lrpPresetNames...),
		atLeastZero("epsilon", o.Epsilon),
		atLeastZero("gamma", o.Gamma),
		oneOf("compat", o.Compat, "", "captum"),
		o.Rules.check(n),
	}
	if errs[0] == nil && errs[4] == nil {
		// Any normalisation will do to see whether the rules fit.
		one := make([]float32, n.Input.C)
		for i := range one {
			one[i] = 1
		}
		_, err := o.plan(n, one, one)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// atLeastZero reports a negative, infinite or missing number.
func atLeastZero(option string, got float64) error {
	if !(got >= 0) || math.IsInf(got, 0) {
		return &Problem{Option: option, Msg: fmt.Sprintf("is %v, want a finite number of at least 0", got)}
	}
	return nil
}

// plan gives every layer with weights its rule. mean and std per channel say
// where black and white lie, the bounds of z_box.
func (o *LRP) plan(n *model.Net, mean, std []float32) (*model.LRP, error) {
	captum := o.Compat == "captum"
	stabiliser, epsilon := lrpStabiliser, o.Epsilon
	if captum {
		stabiliser, epsilon = lrpStabiliserCaptum, lrpStabiliserCaptum
	}
	p := lrpPresets[o.Preset]
	out := &model.LRP{Rules: make([]model.LRPRule, len(n.Layers)), Norm: stabiliser, Captum: captum}
	var errs []error
	fail := func(l model.Layer, format string, a ...any) {
		option := "preset"
		if o.Rules.of(l) != nil {
			option = "rules"
		}
		errs = append(errs, &Problem{Option: option, Msg: fmt.Sprintf("gives layer %s %s", l.Name, fmt.Sprintf(format, a...))})
	}
	first := true
	shapes := n.Shapes()
	for i, l := range n.Layers {
		kind := p.linear
		switch l.Kind {
		case "conv2d":
			kind = p.conv
		case "linear":
		default:
			continue
		}
		if first && p.first != "" && (p.firstKind == "" || p.firstKind == l.Kind) {
			kind, first = p.first, false
		}
		r := model.LRPRule{Kind: kind, Epsilon: stabiliser, Gamma: o.Gamma, Alpha: 2, Beta: 1, ZeroBias: o.ZeroBias, Captum: captum}
		if kind == "epsilon" {
			r.Epsilon = epsilon
		}
		if own := o.Rules.of(l); own != nil {
			r.Kind, r.Epsilon = own.kind, stabiliser
			if own.kind == "epsilon" {
				r.Epsilon = epsilon
			}
			own.apply(&r)
		}
		if captum && r.Kind != "epsilon" && r.Kind != "gamma" && r.Kind != "z_plus" {
			fail(l, "the rule %s, which Captum has not (compat: captum); it has epsilon, gamma and z_plus", r.Kind)
		}
		switch {
		case r.Kind == "z_box" && r.Low == nil:
			if l := boundless(n, i); l != "" {
				fail(n.Layers[i], "the rule z_box, but it reads %s instead of the image; say its bounds: z_box(LOW, HIGH)", l)
				break
			}
			if len(mean) != n.Input.C || len(std) != n.Input.C {
				return nil, fmt.Errorf("%d means and %d deviations for the %d channels that z_box needs the bounds of", len(mean), len(std), n.Input.C)
			}
			for c := range mean {
				r.Low = append(r.Low, (0-mean[c])/std[c])
				r.High = append(r.High, (1-mean[c])/std[c])
			}
		case r.Kind == "pass":
			in := inputShape(n, i)
			if in.Size() != shapes[i].Size() {
				fail(l, "the rule pass, but turns %v into %v", in, shapes[i])
			}
		}
		out.Rules[i] = r
	}
	return out, errors.Join(errs...)
}

// inputShape is the shape of what layer i reads.
func inputShape(n *model.Net, i int) model.Shape {
	from := reads(n, i)
	for j, l := range n.Layers[:i] {
		if l.Name == from {
			return n.Shapes()[j]
		}
	}
	return n.Input
}

// boundless returns the layer that puts what layer i reads out of the bounds of
// the image, "" if there is none: pools and reshapings stay within them.
func boundless(n *model.Net, i int) string {
	for {
		from := reads(n, i)
		if from == "input" {
			return ""
		}
		for i = 0; n.Layers[i].Name != from; i++ {
		}
		switch n.Layers[i].Kind {
		case "flatten", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "dropout":
		default:
			return from
		}
	}
}

// Attribute explains the inputs, one pass each.
func (o *LRP) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	return o.stream(e, len(in), given(in), emit)
}

func (o *LRP) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	if err := o.propagate(e, "", n, input, emit); err != nil {
		return fmt.Errorf("attr: lrp: %w", err)
	}
	return nil
}

// propagate emits the relevance of the output of a layer, or, where it is "",
// of the input.
func (o *LRP) propagate(e *Env, layer string, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	net := e.Worker.Model().Net()
	l, err := o.plan(net, e.Mean, e.Std)
	if err != nil {
		return err
	}
	l.Layer = layer
	targets := make([]model.Target, model.Lanes+1) // of the points between fill and fold
	var m []float32
	var in Input
	return e.Worker.Relevance(e.Ctx, l, n,
		func(i int, p *model.Point) {
			in.X = p.X
			input(i, &in)
			p.Target = in.Target
			targets[i%len(targets)] = in.Target
		},
		func(i int, r model.Relevance) {
			m = append(m[:0], r.Map...)
			a := Attribution{Map: m, FX: targets[i%len(targets)].Of(r.Logits), Summed: true, Reversed: l.Captum, Relevance: r.Layers}
			for _, l := range r.Layers {
				a.Bias += l.Bias
			}
			emit(i, a)
		})
}
