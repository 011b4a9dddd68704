package attr

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
)

// gradientRows pairs arrays computed by PyTorch and Captum with configurations
// of the gradient family.
var gradientRows = []struct {
	array string
	m     Method
}{
	{"input_x_gradient", &InputXGradient{}},
	{"guided_backprop", &GuidedBackprop{}},
	{"deconvolution", &Deconvolution{}},
	{"gradcam_conv1", &GradCAM{Layer: "conv1", InterpolateMode: "none", AttrDimSummation: true}},
	{"gradcam_conv2", &GradCAM{InterpolateMode: "none", AttrDimSummation: true}},
	{"gradcam_conv2_relu", &GradCAM{Layer: "conv2", InterpolateMode: "none", AttrDimSummation: true, ReLUAttributions: true}},
	{"guided_gradcam_conv2", &GuidedGradCAM{Layer: "conv2", InterpolateMode: "nearest"}},
	{"guided_gradcam_conv2_bilinear", &GuidedGradCAM{InterpolateMode: "bilinear"}},
}

func checkGradients(t *testing.T, o outside) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "array\trelative error")
	for _, r := range gradientRows {
		want := o.array(t, r.array).Float64s()
		size := MapShape(r.m, o.env.Worker.Model().Net()).Size()
		if len(want) != size*len(o.in) {
			t.Errorf("%s: maps have %d values, want %d", r.array, size, len(want)/len(o.in))
			continue
		}
		var worst float64
		for i, a := range attribute(t, o.env, r.m, o.in) {
			worst = max(worst, relative(a.Map, want[i*size:(i+1)*size]))
		}
		fmt.Fprintf(tw, "%s\t%.1e\n", r.array, worst)
		if !(worst <= 1e-4) {
			t.Errorf("%s: relative error %v, want 1e-4", r.array, worst)
		}
	}
	tw.Flush()
	t.Log("\n" + table.String())
}

func TestGradientsOutside(t *testing.T) { checkGradients(t, committed(t)) }

func TestGradientsOutsideOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	checkGradients(t, openOutside(t, dir, weights))
}
