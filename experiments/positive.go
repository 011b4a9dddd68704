package experiments

import "assay/attr"

// positive says what a positive value in a method's maps stands for, as captions
// put it after "what is positive"; "" where it stands for nothing.
func (p *Plan) positive(method string, classes []string) string {
	switch family := attr.Methods[method].Family; {
	case method == "layer_activation" || method == "input":
		return "is so in what the map copies, whatever the class"
	case family == attr.Controls:
		return ""
	case family == attr.Neurons:
		return "speaks for the neuron's activation"
	}
	if aim, err := p.spec.Target.Resolve(classes); err == nil && aim.Contrast() {
		return "speaks for the first of the two classes, against the second"
	}
	return "speaks for the explained class"
}

// ranksNothing tells for every image whether its map has one value everywhere;
// nil where none has.
func ranksNothing(doubt []byte) []bool {
	var out []bool
	for i, d := range doubt {
		if attr.Doubt(d)&attr.OneValue != 0 {
			if out == nil {
				out = make([]bool, len(doubt))
			}
			out[i] = true
		}
	}
	return out
}
