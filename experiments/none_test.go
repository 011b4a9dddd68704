package experiments

import (
	"reflect"
	"testing"

	"assay/attr"
	"assay/metrics"
)

// What lists of options print as a default can be given as a value: none is what
// an option is unless given.
func TestNoneIsWhatIsNotGiven(t *testing.T) {
	for name, e := range attr.Methods {
		for _, f := range options(reflect.ValueOf(e.New()).Elem()) {
			text := f.value.Kind() == reflect.String && f.value.String() == ""
			if text != (noneIsUnset[f.name] && f.value.Kind() == reflect.String) {
				t.Errorf("%s of %s: off by default is %v, none is accepted: %v", f.name, name, text, noneIsUnset[f.name])
			}
			if !noneIsUnset[f.name] && f.name != "rules" {
				continue
			}
			got, err := DecodeMethod(name, []string{f.name + "=none"}, "--param")
			if err != nil {
				t.Errorf("%s=none of %s: %v", f.name, name, err)
				continue
			}
			want, err := DecodeMethod(name, nil, "--param")
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Method, want.Method) {
				t.Errorf("%s=none of %s: got %+v, want %+v", f.name, name, got.Method, want.Method)
			}
		}
	}
	const head = "name: x\ndata: {dataset: shapes, images: \"0:4\"}\nmodel: {net: tutorial, weights: default}\nattributions: [{method: saliency}]\nmetrics: "
	s, err := Parse("spec.yaml", head+"[{metric: parameter_randomization, measures: none}, {metric: sparseness, compat: [none, quantus]}]\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Metrics[0].Metric, metrics.Metrics["parameter_randomization"].New(); !reflect.DeepEqual(got, want) {
		t.Errorf("measures: none: got %+v, want %+v", got, want)
	}
	if got, want := s.Metrics[1].Metric, metrics.Metrics["sparseness"].New(); !reflect.DeepEqual(got, want) {
		t.Errorf("compat: none: got %+v, want %+v", got, want)
	}
}

// Each way not to write a list says which ways there are.
func TestListsSayTheirForms(t *testing.T) {
	const forms = " ([channel, row, column] in the layer's activation, or [n] counting in that order from 0)"
	for _, r := range []struct{ param, want string }{
		{"neuron=7", "--param:1:8: neuron is a single value, want a list: [7]" + forms + "\n  neuron=7\n         ^"},
		{"neuron=[[1], [2]]", "--param:1:9: neuron is a list of lists, want one list" + forms + "\n  neuron=[[1], [2]]\n          ^"},
		{"neuron={n: 1}", "--param:1:8: neuron is a mapping, want a list" + forms + "\n  neuron={n: 1}\n         ^"},
	} {
		_, err := DecodeMethod("neuron_gradient", []string{r.param}, "--param")
		if err == nil || err.Error() != r.want {
			t.Errorf("%s: got %v\nwant %s", r.param, err, r.want)
		}
	}
}
