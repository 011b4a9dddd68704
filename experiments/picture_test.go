package experiments

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/attr"
	"assay/reports"
)

const pictured = "name: x\ndata: {dataset: shapes}\nmodel: {net: tutorial, weights: default}\nattributions: [{method: saliency}]\n"

func TestPictureOptions(t *testing.T) {
	base := reports.DefaultPicture()
	masked := base
	masked.Method, masked.Sign, masked.OutlierPerc = "masked_image", "positive", 10
	for _, c := range []struct {
		name, report string
		want         pictures
	}{
		{"default", "", pictures{base}},
		{"one", "report: {picture: {method: masked_image, sign: positive, outlier_perc: 10}}\n", pictures{masked}},
		{"several", "report: {picture: [{}, {method: masked_image, sign: positive, outlier_perc: 10}]}\n", pictures{base, masked}},
	} {
		s, err := Parse("spec.yaml", pictured+c.report, nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, s.Report.Picture); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

func TestPictureFaults(t *testing.T) {
	for _, c := range []struct{ name, report, want string }{
		{"unknown key", "report: {picture: {methods: heat_map}}", `spec.yaml:5:20: unknown key "methods" in picture; did you mean "method"?`},
		{"method", "report: {picture: {method: heatmap}}", `spec.yaml:5:28: method is "heatmap", want heat_map`},
		{"outlier", "report: {picture: {outlier_perc: 120}}", "spec.yaml:5:34: outlier_perc: want auto or 0 to below 100 percent"},
		{"masked", "report: {picture: [{}, {method: masked_image, sign: all}]}", "spec.yaml:5:53: sign is all, want positive"},
		{"empty", "report: {picture: []}", "spec.yaml:5:19: picture is an empty list"},
		{"colours", "report: {picture: {cmap: jet}}", `spec.yaml:5:26: cmap is "jet", want auto or one of`},
	} {
		_, err := Parse("spec.yaml", pictured+c.report+"\n", nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// How maps are drawn is no part of what a run is.
func TestPictureLeavesRunAlone(t *testing.T) {
	var specs []string
	for _, r := range []string{"", "report: {formats: [], figures: [], picture: {cmap: viridis}}\n"} {
		s, err := Parse("spec.yaml", pictured+r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r != "" && (s.Report.Formats == nil || s.Report.Figures == nil || len(s.Report.Formats)+len(s.Report.Figures) > 0) {
			t.Errorf("got formats %v and figures %v, want empty lists", s.Report.Formats, s.Report.Figures)
		}
		specs = append(specs, s.Canonical())
	}
	if specs[0] != specs[1] {
		t.Errorf("got\n%s\nwant\n%s", specs[1], specs[0])
	}
}

func TestDefaultWeights(t *testing.T) {
	s, err := Parse("spec.yaml", pictured, []string{"data.n_test=20"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := s.Prepare(); err != nil || b.weights == nil {
		t.Errorf("got weights %v and error %v", b, err)
	}
	for _, set := range []string{"model.net=vgg11_bn", "data={dataset: cifar10, dir: x}"} {
		_, err := Parse("spec.yaml", pictured, []string{set})
		if want := "weights are default, which are the net tutorial's for the dataset shapes"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", set, err, want)
		}
	}
}

// Options of a nested method that do not name it are of the default one.
func TestNestedDefault(t *testing.T) {
	m, err := DecodeMethod("noise_tunnel", []string{"over.abs=false"}, "--param")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := m.Method.(*attr.NoiseTunnel).Over.(*attr.Saliency); !ok || s.Abs {
		t.Errorf("got over %+v, want saliency with abs false", m.Method.(*attr.NoiseTunnel).Over)
	}
	s, err := Parse("spec.yaml", strings.Replace(pictured, "{method: saliency}", "{method: noise_tunnel, over: {abs: [true, false]}}", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range s.Attributions {
		if !a.Control {
			ids = append(ids, a.ID)
		}
	}
	if want := []string{"noise_tunnel-over.abs=true", "noise_tunnel-over.abs=false"}; !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
	_, err = DecodeMethod("noise_tunnel", []string{"over.n_steps=5"}, "--param")
	if err == nil || !strings.Contains(err.Error(), `unknown key "n_steps" in`) {
		t.Errorf("an option that the default has not: got %v", err)
	}
}

// Every method there is is in methods.yaml, and can be run as it stands there.
func TestMethodsSpec(t *testing.T) {
	s, err := Load("methods.yaml", []string{"data.n_test=20"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Prepare(); err != nil {
		t.Error(err)
	}
	for _, name := range sortedKeys(attr.Methods) {
		if !slices.ContainsFunc(s.Attributions, func(a Attribution) bool { return a.Name == name }) {
			t.Errorf("methods.yaml has no %s", name)
		}
	}
}
