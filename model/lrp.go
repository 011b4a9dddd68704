package model

import "fmt"

// LRPRule is one rule of layer-wise relevance propagation for one layer with
// weights: how the relevance R of the outputs is handed to the inputs x. Every
// rule has the form
//
//	z = sum of terms W'(x')          forward with changed weights and inputs
//	s = R / (z + epsilon sign z)     sign 0 is 1; nothing where the divisor is 0
//	R(input) = sum of terms x' * W'^T s
//
// and gives what falls to the layer's bias and to epsilon to nobody. With
// w+ = max(w, 0), w- = min(w, 0), x+ and x- alike:
//
//	epsilon     x with w, b (Bach et al. 2015, equation 58; epsilon 0: LRP-0, equation 56)
//	gamma       x+ with w + gamma w+, b + gamma b+ and x- with w + gamma w- where
//	            the output is above 0; where it is below, the signs exchanged
//	            (Montavon et al. 2019, section 10.2.3, in the form for inputs of
//	            both signs of Andeol et al. 2021)
//	alpha_beta  Alpha times [x+ with w+, b+ and x- with w-] less Beta times
//	            [x+ with w-, b- and x- with w+] (Bach et al. 2015, equation 60)
//	z_plus      alpha_beta with Alpha 1, Beta 0 (Montavon et al. 2017, section 4.2)
//	z_box       x with w less Low with w+ less High with w-; biases cancel
//	            (Montavon et al. 2017, section 4.3)
//	w_square    1 with w^2, b^2 (Montavon et al. 2017, section 4.1)
//	flat        1 with 1, no bias (Lapuschkin et al. 2019)
//	pass        R itself, of a layer whose output has its input's shape
//
// The biases' parts are those of Zennit (Anders et al. 2021).
type LRPRule struct {
	Kind    string  // one of LRPKinds
	Epsilon float64 // the stabiliser, >= 0
	Gamma   float64 // of gamma, >= 0
	Alpha   float64 // of alpha_beta; Alpha - Beta must be 1 or relevance is not conserved
	Beta    float64
	Low     []float32 // of z_box, per input channel or one for all: the smallest value an input can have
	High    []float32 // and the largest
	// ZeroBias leaves the bias out of z, so that nothing is given to it.
	ZeroBias bool
	// Captum takes Captum's form of gamma and z_plus: x, whatever its sign, with
	// the changed w and the unchanged b.
	Captum bool
}

// LRPKinds lists the kinds of rules.
var LRPKinds = []string{"epsilon", "gamma", "alpha_beta", "z_plus", "z_box", "w_square", "flat", "pass"}

// lrpTerm is one forward pass of a rule, by the names of its variants:
//
//	input   x, x+, x-, 1, low, high
//	weight  w, w+, w-, -w+, -w-, w^2, 1, w+gamma w+, w+gamma w-; of the bias too, "" for none
type lrpTerm struct{ input, weight, bias string }

// lrpGroup is the terms of a rule that share a divisor.
type lrpGroup struct {
	scale float64 // of the relevance that the group hands on
	sign  int     // outputs the group is for: above 0, below 0, or (0) all
	terms []lrpTerm
}

// groups returns the rule's terms. positive says that no input is below 0, so
// that x+ is x and there is no x-. An unknown kind is a fault of the caller.
func (r LRPRule) groups(positive bool) []lrpGroup {
	const up, down = "w+gamma w+", "w+gamma w-"
	var gs []lrpGroup
	switch r.Kind {
	case "epsilon":
		gs = []lrpGroup{{1, 0, []lrpTerm{{"x", "w", "w"}}}}
	case "gamma":
		gs = []lrpGroup{
			{1, 1, []lrpTerm{{"x+", up, up}, {"x-", down, ""}}},
			{1, -1, []lrpTerm{{"x+", down, down}, {"x-", up, ""}}},
		}
		if r.Captum {
			gs = []lrpGroup{{1, 0, []lrpTerm{{"x", up, "w"}}}}
		}
	case "z_plus":
		if r.Captum {
			gs = []lrpGroup{{1, 0, []lrpTerm{{"x", "w+", "w"}}}}
			break
		}
		gs = []lrpGroup{{1, 0, []lrpTerm{{"x+", "w+", "w+"}, {"x-", "w-", ""}}}}
	case "alpha_beta":
		gs = []lrpGroup{{r.Alpha, 0, []lrpTerm{{"x+", "w+", "w+"}, {"x-", "w-", ""}}}}
		if r.Beta != 0 {
			gs = append(gs, lrpGroup{-r.Beta, 0, []lrpTerm{{"x+", "w-", "w-"}, {"x-", "w+", ""}}})
		}
	case "z_box":
		// b - b+ - b- is 0, so no term has a bias.
		gs = []lrpGroup{{1, 0, []lrpTerm{{"x", "w", ""}, {"low", "-w+", ""}, {"high", "-w-", ""}}}}
	case "w_square":
		gs = []lrpGroup{{1, 0, []lrpTerm{{"1", "w^2", "w^2"}}}}
	case "flat":
		gs = []lrpGroup{{1, 0, []lrpTerm{{"1", "1", ""}}}}
	default:
		panic(fmt.Sprintf("model: LRP rule %q", r.Kind))
	}
	for i := range gs {
		var kept []lrpTerm
		for _, t := range gs[i].terms {
			if r.ZeroBias {
				t.bias = ""
			}
			if positive && t.input == "x-" {
				continue
			}
			if positive && t.input == "x+" {
				t.input = "x"
			}
			kept = append(kept, t)
		}
		gs[i].terms = kept
	}
	return gs
}

// weightVariant returns the function of one weight that a term names.
func weightVariant(name string, gamma float32) func(w float32) float32 {
	plus := func(w float32) float32 { return max(w, 0) }
	minus := func(w float32) float32 { return min(w, 0) }
	switch name {
	case "w+":
		return plus
	case "w-":
		return minus
	case "-w":
		return func(w float32) float32 { return -w }
	case "|w|":
		return func(w float32) float32 { return max(w, -w) }
	case "-w+":
		return func(w float32) float32 { return -plus(w) }
	case "-w-":
		return func(w float32) float32 { return -minus(w) }
	case "w^2":
		return func(w float32) float32 { return w * w }
	case "1":
		return func(float32) float32 { return 1 }
	case "w+gamma w+":
		return func(w float32) float32 { return w + float32(gamma*plus(w)) }
	case "w+gamma w-":
		return func(w float32) float32 { return w + float32(gamma*minus(w)) }
	}
	panic("model: LRP weight " + name)
}
