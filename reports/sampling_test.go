package reports

import (
	"math"
	"strings"
	"testing"
)

func TestSamplingTable(t *testing.T) {
	r := &Run{
		Images: []Image{{Index: 4}, {Index: 9}},
		Attributions: []Attribution{
			{ID: "a", Method: "saliency"},
			{ID: "b", Method: "integrated_gradients", Steps: []int{8, 64}},
			{ID: "c", Method: "rise", StdErr: []float64{0.25, math.NaN()}},
		},
	}
	tb := r.sampling()
	csv, err := tb.Render("csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nintegrated_gradients,,36,", ",2,64,,,0,\n", // half-width of two values aside
		"\nrise,,,,0,,0.25,,1,0.25\n",
	} {
		if !strings.Contains(string(csv), want) {
			t.Errorf("got\n%s\nwant in it %q", csv, want)
		}
	}
	if strings.Contains(string(csv), "saliency") {
		t.Errorf("saliency has neither, got\n%s", csv)
	}
	if len(tb.Notes) != 1 || !strings.Contains(tb.Notes[0], "1 of 2 images of rise") {
		t.Errorf("notes %q, want that of the undefined value", tb.Notes)
	}
	var b strings.Builder
	if err := r.writeScores(&b); err != nil {
		t.Fatal(err)
	}
	want := "attribution,params,metric,series,x,image,value\n" +
		"integrated_gradients,,sampling,steps,,4,8\nintegrated_gradients,,sampling,steps,,9,64\n" +
		"rise,,sampling,relative standard error,,4,0.25\nrise,,sampling,relative standard error,,9,\n"
	if b.String() != want {
		t.Errorf("scores\n%s\nwant\n%s", b.String(), want)
	}

	r.Attributions = r.Attributions[:2]
	if tb := r.sampling(); len(tb.Columns) != 4 {
		t.Errorf("%d columns without a standard error, want 4", len(tb.Columns))
	}
	r.Attributions = r.Attributions[:1]
	if tb := r.sampling(); tb != nil {
		t.Errorf("got a table of nothing: %v", tb)
	}
	r.Attributions[0].Steps = []int{1}
	if err := r.check(); err == nil || !strings.Contains(err.Error(), "steps of 1 images, want 2") {
		t.Errorf("steps of one image of two: error %v", err)
	}
	r.Attributions[0].Steps, r.Attributions[0].StdErr = nil, []float64{1}
	if err := r.check(); err == nil || !strings.Contains(err.Error(), "standard errors of 1 images, want 2") {
		t.Errorf("standard errors of one image of two: error %v", err)
	}
}
