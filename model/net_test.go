package model

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A description with faults is refused with all of them, each by its layer.
func TestResolveRefuses(t *testing.T) {
	in := Shape{3, 8, 8}
	end := []Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}
	for _, tc := range []struct {
		name   string
		layers []Layer
		want   []string
	}{
		{"nothing", nil, []string{"no layers"}},
		{"unknown kind", []Layer{{Kind: "gelu"}}, []string{`layer 1 (): unknown kind "gelu"`, "batch_norm2d", "adaptive_avg_pool2d"}},
		{"fields of others", []Layer{{Kind: "relu", Slope: 0.1, P: 0.5}, {Kind: "add", Kernel: 3}, {Kind: "conv2d", Eps: 1e-3}}, []string{
			"conv2d takes no eps",
			"layer 1 (relu1): relu takes no slope", "relu takes no p", "layer 2 (add1): add takes no kernel", "add names no layer in from",
		}},
		{"out of range", []Layer{{Kind: "leaky_relu", Slope: -1}, {Kind: "elu", Alpha: 1000}, {Kind: "dropout", P: 1}, {Kind: "avg_pool2d"}, {Kind: "batch_norm2d", Eps: -1e-5, Momentum: 1.5}}, []string{
			"eps is -1e-05, want above 0, at most 1", "momentum is 1.5, want above 0, at most 1",
			"slope is -1, want above 0 and below 1", "alpha is 1000, want above 0, at most 100", "p is 1, want above 0 and below 1", "kernel is 0, want 1 to 64",
		}},
		{"an add of the future", append([]Layer{{Kind: "add", From: "late"}, {Kind: "relu", Name: "late"}}, end...), []string{`layer 1 (add1): from names "late", which is no layer before it`}},
		{"an input nowhere", append([]Layer{{Kind: "relu", Input: "nowhere"}}, end...), []string{`input names "nowhere"`}},
		{"an add of two shapes", append([]Layer{{Kind: "conv2d", Out: 4, Kernel: 3}, {Kind: "add", From: "input"}}, end...), []string{"layer 2 (add1): adds 3x8x8 of input to 4x6x6 of conv1"}},
		{"a norm behind a flatten", []Layer{{Kind: "flatten"}, {Kind: "batch_norm2d"}, {Kind: "linear", Out: 2}}, []string{"layer 2 (bn1): batch_norm2d after the activation was flattened"}},
		{"a conv behind a linear", []Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}, {Kind: "conv2d", Out: 2, Kernel: 1}, {Kind: "linear", Out: 2}}, []string{"layer 3 (conv1): conv2d after the activation was flattened"}},
		{"a layer that nobody reads", append([]Layer{{Kind: "relu", Name: "a"}, {Kind: "relu", Name: "b", Input: "input"}}, end...), []string{"layer 1 (a): no layer reads its output"}},
		{"a huge activation", append([]Layer{{Kind: "conv2d", Out: 65536, Kernel: 33, Padding: 32}}, end...), []string{"layer 1 (conv1): 3x8x8 to 65536x40x40 takes an activation of 722534400 values, borders included, at most 67108864"}},
		{"a huge weight", append([]Layer{{Kind: "conv2d", Out: 65536, Kernel: 1}, {Kind: "conv2d", Out: 65536, Kernel: 3}}, end...), []string{"layer 2 (conv2): 65536x8x8 to 65536x6x6 takes a weight of 38654705664 values, at most 536870912"}},
		{"no logits", []Layer{{Kind: "relu"}}, []string{"the last layer (relu1) is a relu"}},
		{"the image's name", []Layer{{Kind: "relu", Name: "input"}}, []string{`the name "input" means the image itself`}},
	} {
		n := &Net{Input: in, Layers: tc.layers}
		err := n.Resolve()
		if err == nil {
			t.Errorf("%s: got no error", tc.name)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %q in it", tc.name, err, want)
			}
		}
	}
}

// A norm's defaults, written out, say nothing new either; other values do.
func TestDefaultsOfNorms(t *testing.T) {
	var said []string
	for _, norm := range []Layer{{}, {Eps: 1e-5, Momentum: 0.1}, {Eps: 1e-3}, {Momentum: 0.01}} {
		norm.Kind = "batch_norm2d"
		n := &Net{Input: Shape{1, 2, 2}, Layers: []Layer{norm, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		said = append(said, n.String())
	}
	if said[0] != said[1] || said[0] == said[2] || said[2] == said[3] || !strings.Contains(said[2], "bn1 batch_norm2d eps 0.001;") || strings.Contains(said[0], "eps") {
		t.Errorf("got %q", said)
	}
}

// Input may name the layer before it; that says nothing new, so the network is
// the same one.
func TestInputOfTheLayerBeforeIsTheDefault(t *testing.T) {
	a := &Net{Input: Shape{1, 2, 2}, Layers: []Layer{{Kind: "relu", Input: "input"}, {Kind: "flatten", Input: "relu1"}, {Kind: "linear", Out: 2}}}
	b := &Net{Input: Shape{1, 2, 2}, Layers: []Layer{{Kind: "relu"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	for _, n := range []*Net{a, b} {
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Errorf("got %q, want %q", a, b)
	}
}

// Networks are cut only where nothing but the cut layer leads across; an Upto
// is what leads to the layer.
func TestCutsThatASkipCrosses(t *testing.T) {
	n := Nets["resnet20"].New(Shape{3, 32, 32}, 10)
	for layer, want := range map[string]string{
		"layer1.0.relu1":        "the network cannot be cut at layer1.0.relu1: layer1.0.add reads relu past it",
		"layer2.0.downsample.1": "the network cannot be cut at layer2.0.downsample.1: layer2.0.add reads layer2.0.bn2 past it",
		"layer2.0.bn2":          "the network cannot be cut at layer2.0.bn2: layer2.0.downsample.0 reads layer1.2.relu2 past it",
	} {
		if _, err := n.After(layer); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "layer3.2.relu2") {
			t.Errorf("After(%s): got %v, want %q and the layers that can be", layer, err, want)
		}
	}
	if _, err := n.After("layer1.9.relu1"); err == nil || !strings.Contains(err.Error(), "no layer") {
		t.Errorf("got %v, want a refusal of an unknown layer", err)
	}
	after, err := n.After("layer1.2.relu2")
	if err != nil {
		t.Fatal(err)
	}
	if got := after.Layers[5].Input; got != "input" { // layer2.0.downsample.0
		t.Errorf("the shortcut reads %q, want the part's input", got)
	}
	upto, err := n.Upto("layer2.0.downsample.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range upto.Layers {
		if strings.HasPrefix(l.Name, "layer2.0.conv") {
			t.Errorf("the layers up to the shortcut hold %s beside it", l.Name)
		}
	}
	if got, want := upto.Classes(), 32*16*16; got != want {
		t.Errorf("got %d values, want %d", got, want)
	}
}

// The presets have the tensors of the PyTorch networks they are named after.
func TestPresetsHavePyTorchsTensors(t *testing.T) {
	for _, tc := range []struct {
		net     string
		trained int
		names   []string
	}{
		{"tutorial", 62006, []string{"conv1.weight", "fc3.bias"}},
		// features as torchvision counts them, 9,225,984, and a linear 512 x 10.
		{"vgg11_bn", 9231114, []string{"features.0.weight", "features.0.bias", "features.1.running_var", "features.25.weight", "features.26.bias", "classifier.weight"}},
		{"resnet20", 272474, []string{
			"conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "layer1.0.conv1.weight", "layer1.2.bn2.running_var",
			"layer2.0.downsample.0.weight", "layer2.0.downsample.1.running_mean", "layer3.2.conv2.weight", "fc.weight", "fc.bias",
		}},
	} {
		n := Nets[tc.net].New(Shape{3, 32, 32}, 10)
		if err := n.Resolve(); err != nil {
			t.Fatal(err)
		}
		sum := 0
		has := map[string]bool{}
		for _, p := range n.Params() {
			has[p.Name] = true
			size := 1
			for _, d := range p.Shape {
				size *= d
			}
			if !p.Statistic {
				sum += size
			}
		}
		if sum != tc.trained {
			t.Errorf("%s: got %d trained parameters, want %d", tc.net, sum, tc.trained)
		}
		for _, name := range tc.names {
			if !has[name] {
				t.Errorf("%s has no %s", tc.net, name)
			}
		}
	}
}

// A batch norm behind a convolution is one layer with it.
func TestWeighted(t *testing.T) {
	n := Nets["resnet20"].New(Shape{3, 32, 32}, 10)
	got := n.Weighted()
	if len(got) != 1+18+2+1 || got[0] != "conv1" || got[len(got)-1] != "fc" {
		t.Errorf("got %v, want the 21 convolutions and fc", got)
	}
	norm := &Net{Input: Shape{1, 2, 2}, Layers: []Layer{{Kind: "batch_norm2d", Name: "bn"}, {Kind: "flatten"}, {Kind: "linear", Name: "fc", Out: 2}}}
	if got := strings.Join(norm.Weighted(), " "); got != "bn fc" {
		t.Errorf("got %s, want bn fc", got)
	}
}

// Rules and claims that a layer cannot carry name it.
func TestSupports(t *testing.T) {
	smooth := &Net{Input: Shape{1, 2, 2}, Layers: []Layer{{Kind: "leaky_relu", Name: "a"}, {Kind: "softplus", Name: "b"}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	for _, rule := range []Rule{Gradient, Rescale, RescaleCaptum} {
		if err := smooth.Supports(rule); err != nil {
			t.Errorf("rule %d: %v", rule, err)
		}
	}
	for _, rule := range []Rule{GuidedBackprop, Deconvolution} {
		if err := smooth.Supports(rule); err == nil || !strings.Contains(err.Error(), "b is softplus") {
			t.Errorf("rule %d: got %v, want a refusal of b", rule, err)
		}
		for name, p := range Nets {
			if err := p.New(Shape{3, 32, 32}, 10).Supports(rule); err != nil {
				t.Errorf("%s, rule %d: %v", name, rule, err)
			}
		}
	}
	if err := smooth.PiecewiseLinear(); err == nil || !strings.Contains(err.Error(), "softplus") && !strings.Contains(err.Error(), "leaky_relu") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// DeepLift explains the whole difference on deep networks, with batch norms that
// do something and weights of He's variance, 2/fan in: activations neither fade
// nor grow. With those of Init, and trained ones, see package experiments.
func TestRescaleIsCompleteOnPresets(t *testing.T) {
	if testing.Short() {
		t.Skip("a long comparison on one goroutine")
	}
	for _, name := range []string{"vgg11_bn", "resnet20"} {
		n := Nets[name].New(Shape{3, 32, 32}, 10)
		w := testWeights(n, 7)
		for i, p := range n.Params() {
			for j := range w.Tensors[i].Data {
				if !p.Norm {
					w.Tensors[i].Data[j] *= float32(math.Sqrt(6))
				}
			}
		}
		m, err := New(n, w)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range evaluate(t, m.Worker(), Rescale, 0, 16) {
			p := Point{X: make([]float32, n.Input.Size()), Baseline: make([]float32, n.Input.Size()), Target: Target{Minus: -1}}
			testPoint(n, i, &p)
			var sum float64
			for j := range p.X {
				sum += float64(a.grad[j]) * (float64(p.X[j]) - float64(p.Baseline[j]))
			}
			if want := p.Target.Of(a.change); math.Abs(sum-want) > 1e-4*math.Abs(want) {
				t.Errorf("%s point %d: multipliers sum to %v, want %v: off by %.2g of it", name, i, sum, want, math.Abs(sum-want)/math.Abs(want))
			}
		}
	}
}

// Every kind is in all the lists: its description, what builds it, and the values
// that the schema of specifications allows. It has its arithmetic in float64, and
// by that is affine unless it says that it is smooth or where it has kinks.
func TestKindsAreComplete(t *testing.T) {
	field, _ := reflect.TypeFor[Layer]().FieldByName("Kind")
	var enum []string
	for tag := range strings.SplitSeq(field.Tag.Get("jsonschema"), ",") {
		enum = append(enum, strings.TrimPrefix(tag, "enum="))
	}
	if !slices.Equal(enum, kindNames) {
		t.Errorf("the schema has %v, want %v", enum, kindNames)
	}
	if got, want := slices.Sorted(maps.Keys(builders)), slices.Sorted(slices.Values(kindNames)); !slices.Equal(got, want) {
		t.Errorf("builders are of %v, want %v", got, want)
	}
	for _, k := range kindList {
		if own := k.forward != nil && k.back != nil; own == (k.curve != nil) || (k.forward == nil) != (k.back == nil) {
			t.Errorf("%s: want forward and back, or else a curve", k.name)
			continue
		}
		if k.smooth && k.kink != nil {
			t.Errorf("%s is smooth and has kinks", k.name)
		}
		n := &Net{Input: Shape{2, 1, 1}, Layers: []Layer{{Kind: k.name}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
		if k.spatial {
			n.Input = Shape{2, 5, 4}
		}
		for _, f := range k.takes {
			switch l := &n.Layers[0]; f {
			case "out":
				l.Out = 2
			case "kernel":
				l.Kernel = 2
			case "from":
				l.From = imageName
			}
		}
		if err := n.Resolve(); err != nil {
			t.Error(err)
			continue
		}
		layer := newPrecise(testModel(t, n)).layers[0]
		at := func(share float64) []float64 {
			for _, x := range layer.in[atInput] {
				for j := range x {
					x[j] = (1-share)*float64(j%5-2) + share*float64(3-j%7)
				}
			}
			layer.forward(atInput)
			return slices.Clone(layer.out[atInput])
		}
		start, middle, end := at(0), at(0.5), at(1)
		affine := true
		for j, v := range middle {
			affine = affine && math.Abs(2*v-start[j]-end[j]) < 1e-12
		}
		if says := !k.smooth && k.kink == nil; affine != says {
			t.Errorf("%s is affine: %t, by its description: %t", k.name, affine, says)
		}
	}
}
