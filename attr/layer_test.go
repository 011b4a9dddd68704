package attr

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

// A layer method is its input method on the layers behind, given the layer's
// activations.
func TestLayerMethodsArePartsOfInputMethods(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 21)
	in := images(e, 19)
	in[3].Target = model.Target{Class: 1, Minus: 2}
	b := ConstantBaseline(0.25)
	for _, layer := range []string{"conv1", "relu1", "pool1", "conv2", "flatten1", "fc1", "relu3"} {
		at := AtLayer{Layer: layer}
		upto, err := e.Worker.Upto(layer)
		if err != nil {
			t.Fatal(err)
		}
		part := *e
		if part.Worker, err = e.Worker.After(layer); err != nil {
			t.Fatal(err)
		}
		activation := func(x []float32) (act []float32) {
			err := upto.Logits(e.Ctx, 1, func(_ int, dst []float32) { copy(dst, x) }, func(_ int, a []float32) { act = append(act, a...) })
			if err != nil {
				t.Fatal(err)
			}
			return act
		}
		base := make([]float32, e.size())
		for j := range base {
			base[j] = 0.25
		}
		baseAct := activation(base)
		acts := make([]Input, len(in))
		for i := range in {
			acts[i] = in[i]
			acts[i].X = activation(in[i].X)
		}
		fixed := func(_ *Input, dst []float32) { copy(dst, baseAct) }
		ig := newIntegratedGradients()
		ig.NSteps = 7
		igLayer, igPart := ig, ig
		igLayer.Baseline, igPart.base = b, fixed
		for _, r := range []struct {
			layer, part Method
		}{
			{&LayerGradientXActivation{at, true}, &InputXGradient{}},
			{&LayerGradientXActivation{at, false}, &Saliency{}},
			{&LayerIntegratedGradients{at, igLayer}, &igPart},
			{&LayerDeepLift{at, DeepLift{MultiplyByInputs: true, Baseline: b}}, &DeepLift{MultiplyByInputs: true, base: fixed}},
			{&LayerActivation{at}, &InputMap{}},
			{&LayerFeatureAblation{AtLayer: at, Baseline: b}, &FeatureAblation{Baseline: b}},
		} {
			want := attribute(t, &part, r.part, acts)
			for i, got := range attribute(t, e, r.layer, in) {
				if _, control := r.part.(*InputMap); control {
					want[i].FX = got.FX
				}
				if _, carried := r.part.(*DeepLift); carried { // the difference has digits that the values have not
					if change := want[i].FX - want[i].FB; math.Abs(got.FX-got.FB-change) > 1e-12 || math.Abs(got.FX-want[i].FX) > 1e-5*(1+math.Abs(got.FX)) {
						t.Errorf("at %s, image %d: F(x)-F(b) is %v - %v, want that of %v - %v", layer, i, got.FX, got.FB, want[i].FX, want[i].FB)
					}
					want[i].FX, want[i].FB = got.FX, got.FB
				}
				same(t, fmt.Sprintf("%s at %s, image %d", Name(r.layer), layer, i), got, want[i])
			}
		}
	}
}

// On a network whose rest is linear behind the layer, the paths do not matter.
func TestLinearRestHasKnownAnswers(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 2, H: 6, W: 6}, Layers: []model.Layer{
		{Kind: "conv2d", Out: 3, Kernel: 3}, {Kind: "relu"}, {Kind: "max_pool2d", Kernel: 2}, {Kind: "flatten"}, {Kind: "linear", Out: 3},
	}}
	e := env(t, n, 5)
	w := e.Worker.Model().Weights().Get("fc1.weight") // [3,12]
	in := images(e, 5)
	in[4].Target = model.Target{Class: 2, Minus: 0}
	at := AtLayer{Layer: "pool1"}
	b := ConstantBaseline(-0.5)
	acts := attribute(t, e, &LayerActivation{at}, in)
	zero := make([]Input, 1)
	zero[0] = Input{X: make([]float32, e.size())}
	for j := range zero[0].X {
		zero[0].X[j] = -0.5
	}
	base := attribute(t, e, &LayerActivation{at}, zero)[0].Map
	for _, q := range quadratures {
		for _, steps := range []int{2, 3, 17} {
			path := Path{NSteps: steps, Quadrature: q, Baseline: b}
			for i, a := range attribute(t, e, &LayerConductance{AtLayer: at, Path: path}, in) {
				if d := a.delta(); math.Abs(d) > 1e-5 {
					t.Errorf("%s %d image %d: delta %v", q, steps, i, d)
				}
				for j, got := range a.Map {
					slope := in[i].Target.Of([]float32{w[j], w[12+j], w[24+j]})
					if want := slope * (float64(acts[i].Map[j]) - float64(base[j])); math.Abs(float64(got)-want) > 2e-6 {
						t.Errorf("layer_conductance %s %d image %d value %d: got %v, want %v", q, steps, i, j, got, want)
					}
				}
			}
			for i, a := range attribute(t, e, &InternalInfluence{AtLayer: at, Path: path}, in) {
				for j, got := range a.Map {
					if want := in[i].Target.Of([]float32{w[j], w[12+j], w[24+j]}); math.Abs(float64(got)-want) > 1e-6 {
						t.Errorf("internal_influence %s %d image %d value %d: got %v, want %v", q, steps, i, j, got, want)
					}
				}
			}
		}
	}
}

// Every gradient of a part of the path is weighted by that part: the nodes of a
// rule lie each in the part that its weight covers, in order.
func TestPartsOfThePathHoldTheirNodes(t *testing.T) {
	for _, q := range quadratures {
		for _, n := range []int{1, 2, 3, 10, 50, 501} {
			if q == "riemann_trapezoid" && n == 1 {
				continue
			}
			o := LayerConductance{Path: Path{NSteps: n, Quadrature: q}}
			ts := o.points()
			if len(ts) != 2*n+1 || ts[0] != 0 || ts[2*n] != 1 {
				t.Fatalf("%s %d: points %v", q, n, ts)
			}
			for k := 1; k < len(ts); k++ {
				if ts[k] < ts[k-1]-1e-13 {
					t.Errorf("%s %d: point %d is %v after %v", q, n, k, ts[k], ts[k-1])
				}
			}
		}
	}
}

func TestLayersAndNeuronsOnRandomNets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := drawNet(r)
		e := env(t, n, rapid.Uint64().Draw(r, "seed"))
		in := images(e, 3)
		b := ConstantBaseline(float32(rapid.IntRange(-4, 4).Draw(r, "baseline")) / 4)
		layer := n.Layers[rapid.IntRange(0, len(n.Layers)-2).Draw(r, "layer")].Name
		at := AtLayer{Layer: layer}
		ig := newIntegratedGradients()
		ig.Baseline, ig.NSteps = b, 500
		for _, row := range []struct {
			m   Method
			tol float64
		}{
			{&LayerDeepLift{at, DeepLift{MultiplyByInputs: true, Baseline: b}}, 1e-4},
			// As in the input space, the error is of the order of the gradient's
			// jumps over n_steps.
			{&LayerIntegratedGradients{at, ig}, 2e-2},
			{&LayerConductance{AtLayer: at, Path: Path{NSteps: 500, Quadrature: "riemann_middle", Baseline: b}}, 2e-2},
			{&LayerConductance{AtLayer: at, Path: Path{NSteps: 500, Quadrature: "gausslegendre", Baseline: b}}, 2e-2},
		} {
			for i, a := range attribute(t, e, row.m, in) {
				scale := 1.0
				for _, v := range a.Map {
					scale += math.Abs(float64(v))
				}
				if !a.Summed {
					r.Fatalf("%s: not summed", Name(row.m))
				}
				if d := a.delta(); math.Abs(d) > row.tol*scale {
					r.Fatalf("%s at %s image %d: delta %v of %v, want below %v", Name(row.m), layer, i, d, a.FX-a.FB, row.tol*scale)
				}
			}
		}
		shape := at.Shape(n)
		neuron := AtNeuron{Layer: layer, Neuron: []int{rapid.IntRange(0, shape.Size()-1).Draw(r, "neuron")}}
		acts := attribute(t, e, &LayerActivation{at}, in)
		for i, a := range attribute(t, e, &NeuronDeepLift{neuron, DeepLift{MultiplyByInputs: true, Baseline: b}}, in) {
			if got, want := a.FX, float64(acts[i].Map[neuron.Neuron[0]]); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				r.Fatalf("neuron %v of %s: F(x) is %v, want its activation %v", neuron.Neuron, layer, got, want)
			}
			if d := a.delta(); math.Abs(d) > 1e-4*(1+math.Abs(a.FX)+math.Abs(a.FB)) {
				r.Fatalf("neuron %v of %s: delta %v of %v", neuron.Neuron, layer, d, a.FX-a.FB)
			}
		}
	})
}

// Neuron conductance over all neurons of a layer is integrated gradients with
// the same points; over the input it is the layer's conductance.
func TestConductanceAddsUp(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 6)
	in := images(e, 5)
	in[1].Target = model.Target{Class: 1, Minus: 0}
	path := Path{NSteps: 400, Quadrature: "riemann_middle", Baseline: ConstantBaseline(0.5)}
	layer := attribute(t, e, &LayerConductance{AtLayer: AtLayer{Layer: "fc1"}, Path: path}, in)
	sum := make([][]float64, len(in))
	for k := range 6 {
		o := &NeuronConductance{AtNeuron: AtNeuron{Layer: "fc1", Neuron: []int{k}}, Path: path, MultiplyByInputs: true}
		for i, a := range attribute(t, e, o, in) {
			if sum[i] == nil {
				sum[i] = make([]float64, len(a.Map))
			}
			total, size := 0.0, 0.0
			for j, v := range a.Map {
				sum[i][j] += float64(v)
				total += float64(v)
				size += math.Abs(float64(v))
			}
			if want := float64(layer[i].Map[k]); math.Abs(total-want) > 0.01*(size+1e-6) {
				t.Errorf("neuron %d image %d: neuron_conductance sums to %v, layer_conductance is %v", k, i, total, want)
			}
		}
	}
	ig := &IntegratedGradients{NSteps: path.NSteps, Quadrature: path.Quadrature, Baseline: path.Baseline, MultiplyByInputs: true}
	for i, a := range attribute(t, e, ig, in) {
		if d := relative(a.Map, sum[i]); d > 1e-5 {
			t.Errorf("image %d: the neurons' conductances add up to integrated gradients but for %v, want 1e-5", i, d)
		}
	}
}

// Per-image baselines go through the layers with their image.
func TestLayersTakeBaselinesOfTheirImages(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 8)
	in := images(e, 20)
	for _, text := range []string{"blur:2", "max_distance", "uniform"} {
		b, err := ParseBaseline(text)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range attribute(t, e, &LayerDeepLift{AtLayer{Layer: "conv2"}, DeepLift{MultiplyByInputs: true, Baseline: b}}, in) {
			if d := a.delta(); math.Abs(d) > 1e-4*(1+math.Abs(a.FX)+math.Abs(a.FB)) {
				t.Errorf("%s image %d: delta %v of %v", text, i, d, a.FX-a.FB)
			}
		}
	}
}

func TestLayersAndNeuronsThatAreNotThere(t *testing.T) {
	tinyNet := tiny(model.Shape{C: 3, H: 8, W: 8})
	if err := tinyNet.Resolve(); err != nil {
		t.Fatal(err)
	}
	flat := &model.Net{Input: model.Shape{C: 1, H: 2, W: 2}, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}}}
	skip := &model.Net{Input: model.Shape{C: 1, H: 4, W: 4}, Layers: []model.Layer{
		{Kind: "conv2d", Out: 2, Kernel: 3, Padding: 1},
		{Kind: "relu"},
		{Kind: "conv2d", Out: 2, Kernel: 3, Padding: 1},
		{Kind: "add", From: "conv1"},
		{Kind: "flatten"},
		{Kind: "linear", Out: 3},
	}}
	for _, n := range []*model.Net{flat, skip} {
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
	}
	names := "conv1, relu1, pool1, conv2, relu2, flatten1, fc1, relu3, fc2"
	for _, r := range []struct {
		name string
		n    *model.Net
		m    Method
		want []string
	}{
		{"fine", tinyNet, &LayerActivation{AtLayer{Layer: "fc2"}}, nil},
		{"last convolution", tinyNet, &LayerDeepLift{}, nil},
		{"mistyped", tinyNet, &LayerActivation{AtLayer{Layer: "conf2"}}, []string{`layer is "conf2", want one of ` + names + `; did you mean "conv2"?`}},
		{"none and no convolution", flat, &LayerDeepLift{}, []string{"layer is missing and there is no conv2d, want one of flatten1, fc1"}},
		{"nothing behind", tinyNet, &LayerDeepLift{AtLayer: AtLayer{Layer: "fc2"}, DeepLift: DeepLift{Compat: "x"}}, []string{
			"layer is fc2: no layer comes after fc2", `compat is "x", want one of none, "captum"`,
		}},
		{"input of the first", tinyNet, &LayerDeepLift{AtLayer: AtLayer{Layer: "conv1", AttributeToLayerInput: true}}, []string{
			"attribute_to_layer_input is true, but what layer conv1 reads is the image",
		}},
		{"last convolution under a skip", skip, &LayerDeepLift{}, nil},
		{"input of a sum", skip, &LayerActivation{AtLayer{Layer: "add1", AttributeToLayerInput: true}}, []string{
			"attribute_to_layer_input is true, but layer add1 reads two others, conv2 and conv1",
		}},
		{"cut under a skip", skip, &LayerActivation{AtLayer{Layer: "conv2"}}, nil},
		{"cut across a skip", skip, &InternalInfluence{AtLayer: AtLayer{Layer: "conv2"}, Path: defaultPath}, []string{
			"layer is conv2: the network cannot be cut at conv2: add1 reads conv1 past it; it can be at conv1, add1, flatten1",
		}},
		{"what only images have", tinyNet, &LayerFeatureAblation{AtLayer: AtLayer{Layer: "pool1"}, Mask: SLICMask(5, 10), Baseline: Baseline{kind: "black"}}, []string{
			"baseline is black, which an activation has not; want zero, a number or image:PATH",
			"mask is slic:5, which are parts of an image; want values, pixels, grid:N, cells:N or file:PATH",
		}},
		{"all training images", tinyNet, &DeepLiftSHAP{Baseline: Baseline{kind: "train"}}, []string{"baseline is train, all training images; want train:N with their number"}},
		{"noise without end", tinyNet, &DeepLiftSHAP{Baseline: Baseline{kind: "uniform"}, Compat: "x"}, []string{
			"baseline is uniform, noise without end; want train:N, images:PATH or a single image", `compat is "x", want one of none, "captum"`,
		}},
		{"neuron", tinyNet, &NeuronGradient{AtNeuron{Layer: "conv2", Neuron: []int{4, 0, 0}}}, []string{"neuron is [4 0 0], want a place in the layer's 4x3x3 activation, counting from 0"}},
		{"flat neuron", tinyNet, &NeuronDeepLift{AtNeuron: AtNeuron{Layer: "fc1", Neuron: []int{6}}}, []string{"neuron is [6], want [n] with n from 0 to 5"}},
		{"two numbers", tinyNet, &NeuronConductance{AtNeuron: AtNeuron{Layer: "fc1", Neuron: []int{1, 2}}, Path: Path{Quadrature: "riemann_left"}}, []string{
			"neuron is [1 2], want [n] or [channel, row, column]", "n_steps is 0, want 1 to 100000",
		}},
		{"neuron of the image", tinyNet, &NeuronGradient{AtNeuron{Layer: "conv1", Neuron: []int{0}, AttributeToNeuronInput: true}}, []string{
			"attribute_to_neuron_input is true, but what layer conv1 reads is the image",
		}},
	} {
		t.Run(r.name, func(t *testing.T) {
			var got []string
			for _, p := range Problems(r.m.Check(r.n)) {
				got = append(got, p.Error())
			}
			if strings.Join(got, "\n") != strings.Join(r.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, r.want)
			}
		})
	}
	// Without Check it is an error all the same.
	e := env(t, tinyNet, 1)
	var p *Problem
	if err := (&LayerDeepLift{AtLayer: AtLayer{Layer: "conf2"}}).Attribute(e, images(e, 1), nil); !errors.As(err, &p) || p.Option != "layer" {
		t.Errorf("got %v, want a problem with layer", err)
	}
}

// Where the layers before are linear, the draws of gradient_shap at the layer
// are those at the image.
func TestLayerGradientSHAPOfLinearLayers(t *testing.T) {
	n := &model.Net{Input: model.Shape{C: 1, H: 4, W: 4}, Layers: []model.Layer{
		{Kind: "flatten"}, {Kind: "linear", Out: 5}, {Kind: "relu"}, {Kind: "linear", Out: 3},
	}}
	e := env(t, n, 12)
	in := images(e, 20)
	o := GradientSHAP{NSamples: 7, Stdevs: 0.2, Baseline: Baseline{kind: "train", count: 9}, MultiplyByInputs: true}
	want := attribute(t, e, &o, in)
	for i, a := range attribute(t, e, &LayerGradientSHAP{AtLayer{Layer: "fc1"}, o}, in) {
		var got, sum, size float64
		for _, v := range a.Map {
			got += float64(v)
			size += math.Abs(float64(v))
		}
		for _, v := range want[i].Map {
			sum += float64(v)
		}
		if math.Abs(got-sum) > 1e-5*(1+size) {
			t.Errorf("image %d: sums to %v, gradient_shap to %v", i, got, sum)
		}
	}
}

// deep_lift_shap is the mean over its baselines and sums to what F gains over
// their mean.
func TestDeepLiftSHAPIsAMean(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 13)
	in := images(e, 7)
	in[2].Target = model.Target{Class: 2, Minus: 1}
	b := Baseline{kind: "train", count: 5}
	d, err := b.drawer(e)
	if err != nil {
		t.Fatal(err)
	}
	want := make([][]float64, len(in))
	for k := range 5 {
		over := &DeepLift{MultiplyByInputs: true, base: func(in *Input, dst []float32) { d.fill(in, k, dst) }}
		for i, a := range attribute(t, e, over, in) {
			if want[i] == nil {
				want[i] = make([]float64, len(a.Map))
			}
			for j, v := range a.Map {
				want[i][j] += float64(v) / 5
			}
		}
	}
	for i, a := range attribute(t, e, &DeepLiftSHAP{Baseline: b, MultiplyByInputs: true}, in) {
		if d := relative(a.Map, want[i]); d > 1e-6 {
			t.Errorf("image %d: relative difference %v from the mean", i, d)
		}
		if d := a.delta(); !a.Summed || math.Abs(d) > 1e-4*(1+math.Abs(a.FX)+math.Abs(a.FB)) {
			t.Errorf("image %d: delta %v of %v", i, d, a.FX-a.FB)
		}
	}
}

// A method allocates nothing for a point, only the few words that the engine
// takes for each call, one for every block of points that a layer is fed.
func TestLayerPointsCostNoMemory(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 14)
	in := images(e, 3)
	at, neuron := AtLayer{Layer: "conv1"}, AtNeuron{Layer: "fc1", Neuron: []int{1}}
	for name, of := range map[string]func(n int) Method{
		"layer_conductance": func(n int) Method {
			return &LayerConductance{AtLayer: at, Path: Path{NSteps: n, Quadrature: "riemann_middle"}}
		},
		"internal_influence": func(n int) Method {
			return &InternalInfluence{AtLayer: at, Path: Path{NSteps: n, Quadrature: "riemann_middle"}}
		},
		"neuron_conductance": func(n int) Method {
			return &NeuronConductance{AtNeuron: neuron, Path: Path{NSteps: n, Quadrature: "riemann_middle"}}
		},
		"layer_gradient_shap": func(n int) Method { return &LayerGradientSHAP{at, GradientSHAP{NSamples: n}} },
		"noise over layer_deep_lift": func(n int) Method {
			return &NoiseTunnel{Over: &LayerDeepLift{AtLayer: at}, NTType: "smoothgrad", NTSamples: n}
		},
	} {
		count := func(n int) float64 {
			m := of(n)
			return testing.AllocsPerRun(1, func() {
				if err := m.Attribute(e, in, func(int, Attribution) {}); err != nil {
					t.Fatal(err)
				}
			})
		}
		blocks := float64(3*980*4) / model.Lanes // three images; up to three points forward and one back a step
		if few, many := count(20), count(1000); many > few+4*blocks {
			t.Errorf("%s: %v allocations with few points, %v with many, want at most four for each of %v blocks", name, few, many, blocks)
		}
	}
}

// What a layer reads is what the layer before it gives.
func TestInputOfALayer(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 9)
	in := images(e, 3)
	want := attribute(t, e, &LayerGradientXActivation{AtLayer{Layer: "pool1"}, true}, in)
	for i, got := range attribute(t, e, &LayerGradientXActivation{AtLayer{Layer: "conv2", AttributeToLayerInput: true}, true}, in) {
		same(t, "layer", got, want[i])
	}
	want = attribute(t, e, &NeuronGradient{AtNeuron{Layer: "pool1", Neuron: []int{2, 1, 1}}}, in)
	for i, got := range attribute(t, e, &NeuronGradient{AtNeuron{Layer: "conv2", Neuron: []int{2*16 + 5}, AttributeToNeuronInput: true}}, in) {
		same(t, "neuron", got, want[i])
	}
}

// TestNoLayer: of few layers all are named, of many the nearest alone.
func TestNoLayer(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf("layer%d.conv", i)
	}
	for _, r := range []struct {
		name, got string
		names     []string
		want      string
	}{
		{"few", "conf1", []string{"conv1", "fc1"}, `layer is "conf1", want one of conv1, fc1; did you mean "conv1"?`},
		{"few, none near", "x", []string{"conv1", "fc1"}, `layer is "x", want one of conv1, fc1`},
		{"many", "layer7.conf", many, `layer is "layer7.conf", which is none of the network's 30 layers; did you mean "layer7.conv"?`},
		{"many, none near", "x", many, `layer is "x", want one of ` + strings.Join(many, ", ")},
	} {
		if got := noLayer(r.got, r.names).Error(); !strings.HasSuffix(got, r.want) {
			t.Errorf("%s: got %s, want %s", r.name, got, r.want)
		}
	}
}
