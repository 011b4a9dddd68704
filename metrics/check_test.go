package metrics

import (
	"fmt"
	"math"
	"testing"

	"assay/model"
)

// The probability of the only class there is tells nothing.
func TestProbabilityOfASingleClassIsRefused(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 8, W: 8}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 1}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	logit := &Deletion{Step: 32, Substrate: "zero", Output: "logit", Target: "predicted", Order: "abs"}
	for _, r := range []struct {
		m    Metric
		want string
	}{
		{Metrics["deletion"].New(), "output is probability, which of a single class is 1 whatever the image; want logit"},
		{Metrics["insertion"].New(), "output is probability, which of a single class is 1 whatever the image; want logit"},
		{Metrics["effective_complexity"].New(), "metric is effective_complexity, which watches a probability; of a single class that is 1 whatever the image"},
		{logit, "<nil>"},
		{Metrics["infidelity"].New(), "<nil>"},
	} {
		if got := fmt.Sprint(r.m.Check(n)); got != r.want {
			t.Errorf("%T: got %s, want %s", r.m, got, r.want)
		}
	}
}

func TestCheckReportsEveryFault(t *testing.T) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		m    Metric
		want string
	}{
		{"deletion", &Deletion{Step: 0, Substrate: "blurr", Output: "logits", Target: "label", Order: ""}, `step is 0, want 1 to 1024 pixels
substrate is "blurr", want zero, blur or mean; did you mean "blur"?
output is "logits", want probability or logit; did you mean "logit"?
target is "label", want explained, predicted or difference
order is "", want abs or signed`},
		{"insertion", &Insertion{Step: 1025, Substrate: "zero", Output: "probability", Target: "explained", Order: "abs"}, `step is 1025, want 1 to 1024 pixels`},
		{"parameter_randomization", &ParameterRandomization{Mode: "cascade", NSeeds: 0, MaxImages: -1}, `mode is "cascade", want both, cascading or independent; did you mean "cascading"?
n_seeds is 0, want 1 to 1000 randomisations
max_images is -1, want 0 to 2147483647 images`},
		{"parameter_randomization", &ParameterRandomization{Mode: "both", NSeeds: 1, Measures: []string{"hogg", "kendall", "ssim", "kendall"}}, `measures is "hogg", want spearman, kendall, ssim or hog; did you mean "hog"?
measures names kendall twice`},
		{"infidelity", &Infidelity{Perturbation: "gauss", Stdev: 0, Square: 0, Baseline: 1001, NPerturbSamples: 0}, `perturbation is "gauss", want gaussian or square
stdev is 0, want more than 0, at most 1000
square is 0, want 1 to 65536 pixels
baseline is 1001, want -1000 to 1000
n_perturb_samples is 0, want 1 to 100000 perturbations`},
		{"infidelity", &Infidelity{Perturbation: "square", Stdev: math.NaN(), Square: 33, NPerturbSamples: 100001}, `stdev is NaN, want more than 0, at most 1000
square is 33, want 1 to 32 pixels
n_perturb_samples is 100001, want 1 to 100000 perturbations`},
		{"sensitivity_max", &SensitivityMax{PerturbRadius: -0.02, NPerturbSamples: 0, NormOrd: "frob"}, `perturb_radius is -0.02, want more than 0, at most 1000
n_perturb_samples is 0, want 1 to 10000 perturbed images
norm_ord is "frob", want fro, l1 or inf; did you mean "fro"?`},
		{"pointing_game", &PointingGame{Compat: "quantas", Tolerance: 33}, `tolerance is 33, want 0 to 32 pixels
compat is "quantas", want quantus or nothing; did you mean "quantus"?`},
		{"attribution_localisation", &AttributionLocalisation{MaxSize: 0, Compat: "captum"}, `max_size is 0, want more than 0, at most 1
compat is "captum", want quantus or nothing`},
		{"relevance_mass_accuracy", &RelevanceMassAccuracy{Compat: "q"}, `compat is "q", want quantus or nothing`},
		{"top_k_intersection", &TopKIntersection{K: 1025}, `k is 1025, want 1 to 1024 pixels`},
		{"complexity", &Complexity{Features: "value"}, `features is "value", want values or pixels; did you mean "values"?`},
		{"sparseness", &Sparseness{Features: "all"}, `features is "all", want values or pixels
normalise is false, which means something with compat: quantus alone: the index does not depend on the map's scale`},
		{"effective_complexity", &EffectiveComplexity{Tolerance: 1, Target: "predict", Eps: 0.01, Normalise: true}, `target is "predict", want explained, predicted or difference; did you mean "predicted"?
tolerance is 1, want more than 0, less than 1
step is 0, want 1 to 1024 pixels
n_samples is 0, want 1 to 10000 fillings
eps is 0.01, which means something with compat: quantus alone; what the probability may be off is tolerance`},
		{"effective_complexity", &EffectiveComplexity{Target: "explained", Tolerance: 0.1, Step: 1, NSamples: 1, Eps: math.NaN(), Compat: "quantus"}, `eps is NaN, want 0 or more`},
	} {
		err := c.m.Check(n)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got\n%v\nwant\n%s", c.name, err, c.want)
			continue
		}
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			if _, ok := e.(*Problem); !ok {
				t.Errorf("%s: %v is a %T, want a *Problem", c.name, e, e)
			}
		}
	}
}
