package attr

import (
	"bytes"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/model"

	"go.yaml.in/yaml/v4"
)

// captums are the methods that Captum has, and alike those of them that do not
// depart from it.
var (
	captums = append([]string{
		"integrated_gradients", "gradient_shap", "deep_lift", "deep_lift_shap", "lrp", "noise_tunnel", "grad_cam",
		"occlusion", "feature_permutation", "shapley_values", "shapley_value_sampling", "lime", "kernel_shap",
		"layer_integrated_gradients", "layer_deep_lift", "layer_gradient_shap", "layer_conductance", "internal_influence", "layer_lrp",
		"neuron_integrated_gradients", "neuron_conductance", "neuron_deep_lift",
	}, alike...)
	alike = []string{
		"saliency", "input_x_gradient", "guided_backprop", "deconvolution", "guided_grad_cam", "feature_ablation",
		"layer_activation", "layer_gradient_x_activation", "layer_feature_ablation",
		"neuron_gradient", "neuron_guided_backprop", "neuron_deconvolution",
	}
)

func TestEveryEntry(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)
	year := regexp.MustCompile(`\b(19|20)\d\d\b`)
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 2)
	in := images(e, 18)
	tutorial := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := tutorial.Resolve(); err != nil {
		t.Fatal(err)
	}
	costs := regexp.MustCompile(`^(none|(1 gradient|[2-9]\d* gradients|1\d+ gradients)?( and )?(1 forward pass|[2-9]\d* forward passes|1\d+ forward passes)?)$`)
	for name, entry := range Methods {
		t.Run(name, func(t *testing.T) {
			m := entry.New()
			if !snake.MatchString(name) || Name(m) != name {
				t.Errorf("the name is %q, and Name says %q", name, Name(m))
			}
			if !year.MatchString(entry.Citation) || entry.About == "" {
				t.Errorf("About %q and Citation %q, want one line and a source with its year", entry.About, entry.Citation)
			}
			if !slices.Contains(Families, entry.Family) {
				t.Errorf("Family %q, want one of %q", entry.Family, Families)
			}
			// Captum's methods say nothing where they do as Captum does.
			as := strings.HasPrefix(entry.Departs, "not in Captum")
			if as == slices.Contains(captums, name) || (entry.Departs == "") != slices.Contains(alike, name) || strings.HasSuffix(entry.Departs, ".") {
				t.Errorf("Departs %q, want in what the method differs from Captum's, or that it is not in Captum", entry.Departs)
			}
			if cost := Cost(m, tutorial); !costs.MatchString(partWords.ReplaceAllString(cost, "")) || (cost == "none") != (entry.Family == Controls) {
				t.Errorf("Cost %q, want passes, or none for controls alone", cost)
			}
			if reflect.ValueOf(m).Pointer() == reflect.ValueOf(entry.New()).Pointer() && reflect.TypeOf(m).Elem().Size() > 0 {
				t.Error("New returns the same value twice")
			}
			for _, f := range reflect.VisibleFields(reflect.TypeOf(m).Elem()) {
				if f.IsExported() && f.Tag.Get("yaml") != ",inline" && (!snake.MatchString(f.Tag.Get("yaml")) || f.Tag.Get("doc") == "") {
					t.Errorf("field %s: yaml %q, doc %q", f.Name, f.Tag.Get("yaml"), f.Tag.Get("doc"))
				}
			}
			d, err := yaml.NewLoader(bytes.NewReader([]byte("no_such_option: 1")), yaml.WithKnownFields())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Load(entry.New()); err == nil {
				t.Error("an unknown option was taken")
			}
			first, second := attribute(t, e, m, in), attribute(t, e, entry.New(), in)
			for i := range first {
				if got, want := len(first[i].Map), MapShape(m, e.Worker.Model().Net()).Size(); got != want {
					t.Fatalf("image %d: %d values, want %d", i, got, want)
				}
				for _, v := range first[i].Map {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("image %d: value %v", i, v)
					}
				}
				same(t, name, second[i], first[i])
			}
		})
	}
}

// partWords say which part of the network passes run through.
var partWords = regexp.MustCompile(` (back )?to the layer| of what lies (behind the layer|before the neuron)`)

func TestCost(t *testing.T) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []struct {
		m    Method
		want string
	}{
		{&Random{}, "none"},
		{&Saliency{}, "1 gradient"},
		{&LayerActivation{}, "1 forward pass to the layer"},
		{Methods["integrated_gradients"].New(), "50 gradients"},
		{Methods["rise"].New(), "8001 forward passes"},
		{Methods["gradient_shap"].New(), "5 gradients and 5 forward passes"},
		{&ExpectedGradients{NSamples: 7}, "7 gradients"},
		{Methods["layer_gradient_shap"].New(), "5 gradients back to the layer and 10 forward passes to the layer"},
		{Methods["layer_conductance"].New(), "50 gradients back to the layer and 51 forward passes to the layer"},
		{&LayerConductance{Path: Path{NSteps: 9}, Compat: "captum"}, "9 gradients back to the layer and 1 forward pass to the layer"},
		{Methods["layer_integrated_gradients"].New(), "50 gradients of what lies behind the layer"},
		{Methods["grad_cam"].New(), "1 gradient back to the layer"},
		{Methods["layer_feature_ablation"].New(), "1603 forward passes of what lies behind the layer"},
		{Methods["neuron_deep_lift"].New(), "1 gradient of what lies before the neuron and 1 forward pass of what lies before the neuron"},
		{&NoiseTunnel{Over: Methods["layer_integrated_gradients"].New(), NTSamples: 2}, "100 gradients of what lies behind the layer"},
		{&NoiseTunnel{Over: Methods["gradient_shap"].New(), NTSamples: 2}, "10 gradients"},
		{&NoiseTunnel{Over: &Saliency{}, NTSamples: 7}, "7 gradients"},
		{&NoiseTunnel{Over: &Rise{NMasks: 9}, NTSamples: 7}, "70 forward passes"},
		{&NoiseTunnel{Over: &Rise{NMasks: 9}, Tolerance: 0.1, MaxSamples: 20}, "at most 200 forward passes"},
		{&NoiseTunnel{Over: &IntegratedGradients{Tolerance: 0.1, MaxSteps: 32}, NTSamples: 2}, "at most 64 gradients"},
	} {
		if got := Cost(r.m, n); got != r.want {
			t.Errorf("%s: %q, want %q", Name(r.m), got, r.want)
		}
	}
}

// Names come by family, and by name within.
func TestNames(t *testing.T) {
	names := Names()
	if len(names) != len(Methods) || names[0] != "blur_integrated_gradients" || names[len(names)-1] != "random" {
		t.Errorf("names %v, want all, gradients first and controls last", names)
	}
	for i, name := range names[1:] {
		a, b := slices.Index(Families, Methods[names[i]].Family), slices.Index(Families, Methods[name].Family)
		if a > b || a == b && names[i] >= name {
			t.Errorf("%s comes before %s", names[i], name)
		}
	}
}
