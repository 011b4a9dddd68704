package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/model"
)

// writeNet puts text into a file of that name in an empty directory, which
// becomes the current one.
func writeNet(t *testing.T, name, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// However the layers stand in a file, the network is the same.
func TestLoadNet(t *testing.T) {
	const want = "input 3x32x32; conv1 conv2d 4 k3 s2 p0; relu1 relu; flatten1 flatten; fc1 linear 10"
	for _, row := range []struct{ name, file string }{
		{"a list", "- {kind: conv2d, out: 4, kernel: 3, stride: 2}\n- kind: relu\n- kind: flatten\n- {kind: linear, out: 10}\n"},
		{"layers", "layers: [{kind: conv2d, out: 4, kernel: 3, stride: 2}, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]"},
		{"the section model, its weights unread", "layers: [{kind: conv2d, out: 4, kernel: 3, stride: 2}, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]\nweights: ${NO_SUCH_VARIABLE}\n"},
		{"a specification, the rest of it unread", "name: 3\ndata: {dir: \"${NO_SUCH_VARIABLE}\"}\nmodel:\n  train: {epochs: 0}\n  layers: [{kind: conv2d, out: 4, kernel: 3, stride: 2}, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]\n"},
		{"aliases and variables", "base: &first {kind: conv2d, out: 4, kernel: 3, stride: \"${ASSAY_TEST_STRIDE}\"}\nmodel: {layers: [*first, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]}\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Setenv("ASSAY_TEST_STRIDE", "2")
			file := strings.Replace(row.file, `"${ASSAY_TEST_STRIDE}"`, "${ASSAY_TEST_STRIDE}", 1)
			file = strings.Replace(file, "{kind: conv2d, out: 4, kernel: 3, stride: ${ASSAY_TEST_STRIDE}}", "\n  kind: conv2d\n  out: 4\n  kernel: 3\n  stride: ${ASSAY_TEST_STRIDE}", 1)
			writeNet(t, "net.yaml", file)
			s, err := LoadNet("net.yaml", "--net")
			if err != nil {
				t.Fatal(err)
			}
			n, err := s.For(model.Shape{C: 3, H: 32, W: 32}, 10, "shapes")
			if err != nil {
				t.Fatal(err)
			}
			if got := n.String(); got != want || !s.File || s.Preset() != "" {
				t.Errorf("got %s, file %v, preset %q, want %s of a file", got, s.File, s.Preset(), want)
			}
		})
	}
}

// A specification may name a preset, for which the file then stands.
func TestLoadNetPreset(t *testing.T) {
	writeNet(t, "spec.yaml", "name: x\nmodel: {net: resnet20, train: {}}\n")
	for _, name := range []string{"resnet20", "spec.yaml"} {
		s, err := LoadNet(name, "--net")
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.For(model.Shape{C: 1, H: 28, W: 28}, 4, "fashion_mnist")
		if err != nil || n.Name != "resnet20" || n.Classes() != 4 || s.Preset() != "resnet20" || s.File != (name == "spec.yaml") {
			t.Errorf("%s: got %+v, %v, want resnet20 for 4 classes", name, s, err)
		}
	}
	s, err := LoadNet("vgg11_bn", "--net")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.For(model.Shape{C: 1, H: 28, W: 28}, 10, "fashion_mnist")
	if want := "--net:1:1: the net vgg11_bn cannot take the 1x28x28 images of fashion_mnist: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s...", err, want)
	}
}

func TestLoadNetFaults(t *testing.T) {
	for _, row := range []struct{ name, file, want string }{
		{"unknown key", "layers:\n  - {kind: conv2d, outt: 3}\n", `
net.yaml:2:20: unknown key "outt" in layers[1]; did you mean "out"?
    - {kind: conv2d, outt: 3}
                     ^`},
		{"PyTorch's key", "- {kind: conv2d, out: 3, kernel: 3, bias: false}\n- {kind: conv2d, out: 3, kernel_size: 3, dilation: 2}\n", `
net.yaml:1:37: unknown key "bias" in layers[1]; a layer without one has no_bias: true
  - {kind: conv2d, out: 3, kernel: 3, bias: false}
                                      ^
net.yaml:2:26: unknown key "kernel_size" in layers[2]; it is called kernel
  - {kind: conv2d, out: 3, kernel_size: 3, dilation: 2}
                           ^
net.yaml:2:42: unknown key "dilation" in layers[2]; convolutions have none
  - {kind: conv2d, out: 3, kernel_size: 3, dilation: 2}
                                           ^
3 errors`},
		{"unknown key beside the layers", "name: mine\nlayers: [{kind: relu}]\n", `
net.yaml:1:1: unknown key "name" in the network; known are layers, net, train, weights
  name: mine
  ^`},
		{"all of the wrong type", "- {kind: conv2d, out: many, kernel: 2.5}\n- {kind: 3}\n- relu\n", `
net.yaml:1:23: out is "many", want a whole number
  - {kind: conv2d, out: many, kernel: 2.5}
                        ^
net.yaml:1:37: kernel is "2.5", want a whole number
  - {kind: conv2d, out: many, kernel: 2.5}
                                      ^
net.yaml:2:10: kind is 3, want text; in quotes it is: "3"
  - {kind: 3}
           ^
net.yaml:3:3: layers[3] is "relu", want a mapping of kind, name, out, kernel, stride, padding, no_bias, slope, alpha, p, eps, momentum, input, from
  - relu
    ^
4 errors`},
		{"both", "{net: tutorial, layers: [{kind: relu}]}", `
net.yaml:1:25: the network has both net and layers, want one of them
  {net: tutorial, layers: [{kind: relu}]}
                          ^`},
		{"neither", "model: {train: {}}", `
net.yaml:1:8: model has no net; known are resnet20, tutorial, vgg11_bn; or give its layers
  model: {train: {}}
         ^`},
		{"another file", "net: tutorail", `
net.yaml:1:6: unknown net "tutorail"; did you mean "tutorial"?
  net: tutorail
       ^`},
		{"no layers", "[]", `
net.yaml:1:1: layers is an empty list, want at least one value
  []
  ^`},
		{"a word", "tutorial", `
net.yaml:1:1: the network is "tutorial", want a list of layers, or a mapping with layers
  tutorial
  ^`},
		{"nothing", "# to do\n", "\nnet.yaml: the network is empty"},
		{"a variable", "[{kind: linear, out: 10, name: \"${NO_SUCH_VARIABLE}\"}]", `
net.yaml:1:32: the environment variable NO_SUCH_VARIABLE is not set
  [{kind: linear, out: 10, name: "${NO_SUCH_VARIABLE}"}]
                                 ^`},
	} {
		t.Run(row.name, func(t *testing.T) {
			writeNet(t, "net.yaml", row.file)
			_, err := LoadNet("net.yaml", "--net")
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(row.want, "\n"+err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What does not fit the images is shown at its layer.
func TestNetSourceFaults(t *testing.T) {
	for _, row := range []struct{ name, file, want string }{
		{"a layer that does not fit", "- {kind: conv2d, out: 4, kernel: 40}\n- {kind: flatten}\n- {kind: linear, out: 10}\n", `
net.yaml:1:3: layer 1 (conv1): kernel 40 does not fit the 3x32x32 input
  - {kind: conv2d, out: 4, kernel: 40}
    ^`},
		{"two layers that cannot be", "layers:\n  - {kind: conv3d}\n  - {kind: linear, out: 10, slope: 1}\n", `
net.yaml:2:5: layer 1 (): unknown kind "conv3d"; known are conv2d, linear, batch_norm2d, relu, leaky_relu, elu, softplus, tanh, sigmoid, max_pool2d, avg_pool2d, adaptive_avg_pool2d, dropout, flatten, add
    - {kind: conv3d}
      ^
net.yaml:3:5: layer 2 (fc1): linear takes no slope
    - {kind: linear, out: 10, slope: 1}
      ^
2 errors`},
		{"a zero that would be taken for a default", "- {kind: flatten}\n- {kind: dropout, p: 0}\n- {kind: linear, out: 10}\n", `
net.yaml:2:22: p is 0: that is no layer: leave it out
  - {kind: dropout, p: 0}
                       ^`},
		{"a norm without momentum", "- {kind: batch_norm2d, eps: 1e-3, momentum: 0}\n- {kind: flatten}\n- {kind: linear, out: 10}\n", `
net.yaml:1:45: momentum is 0: the running mean and variance would never move
  - {kind: batch_norm2d, eps: 1e-3, momentum: 0}
                                              ^`},
		{"other classes", "- {kind: flatten}\n- {kind: linear, out: 12}\n", `
net.yaml:1:1: the network has 12 outputs, want 10, one for each class of shapes
  - {kind: flatten}
  ^`},
		{"a preset in a file", "model: {net: vgg11_bn}", `
net.yaml:1:14: the net vgg11_bn cannot take the 3x20x20 images of shapes: model: layer 29 (features.28): kernel 2 does not fit the 512 input
  model: {net: vgg11_bn}
               ^`},
	} {
		t.Run(row.name, func(t *testing.T) {
			writeNet(t, "net.yaml", row.file)
			s, err := LoadNet("net.yaml", "--net")
			if err != nil {
				t.Fatal(err)
			}
			side := 32
			if strings.Contains(row.want, "20x20") {
				side = 20
			}
			_, err = s.For(model.Shape{C: 3, H: side, W: side}, 10, "shapes")
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(row.want, "\n"+err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Names of no network: what is near is offered, a file that cannot be read is an
// InputError.
func TestLoadNetNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, row := range []struct {
		name, want string
		input      bool
	}{
		{"tutoriol", `--net "tutoriol" is not a network: want one of resnet20, tutorial, vgg11_bn, or a YAML file with layers; did you mean "tutorial"?`, false},
		{"", `--net "" is not a network: want one of resnet20, tutorial, vgg11_bn, or a YAML file with layers`, false},
		{"mine.yaml", "experiments: open mine.yaml: no such file or directory", true},
		{"./tutorial", "experiments: open ./tutorial: no such file or directory", true},
		{".", "experiments: read .: is a directory", true},
	} {
		_, err := LoadNet(row.name, "--net")
		var input *InputError
		if err == nil || err.Error() != row.want || errors.As(err, &input) != row.input {
			t.Errorf("%q: got %v, want %s", row.name, err, row.want)
		}
	}
}

// A specification that names a file is the one with the layers in it; mistakes
// are shown in the file.
func TestSpecNetFile(t *testing.T) {
	const layers = "[{kind: conv2d, out: 4, kernel: 3, stride: 2}, {kind: relu}, {kind: flatten}, {kind: linear, out: 10}]"
	spec := func(model string) string {
		return "name: x\ndata: {dataset: shapes, images: \"0:4\", n_train: 20, n_test: 20}\nmodel: {" + model + ", train: {}}\nattributions: [{method: saliency}]\n"
	}
	writeNet(t, "net.yaml", "layers: "+layers)
	var canonical [2]string
	for i, m := range []string{"layers: " + layers, "net: net.yaml"} {
		s, err := Parse("spec.yaml", spec(m), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Prepare()
		if err != nil {
			t.Fatal(err)
		}
		man, err := b.manifest()
		if err != nil {
			t.Fatal(err)
		}
		canonical[i] = man.Spec
		if man.Net != "layers" || len(man.Layers) != 4 {
			t.Errorf("%s: the manifest has the net %s of %d layers, want layers, 4", m, man.Net, len(man.Layers))
		}
	}
	if diff := cmp.Diff(canonical[0], canonical[1]); diff != "" {
		t.Errorf("layers in the specification and in a file (-there +here):\n%s", diff)
	}
	// What is stored says the layers as they were written, and can be read again.
	stored, err := parse("manifest.json", canonical[0], nil, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stored.Prepare(); err != nil {
		t.Errorf("the stored specification: %v", err)
	}
	if want := "  layers: " + layers + "\n"; !strings.Contains(canonical[0], want) {
		t.Errorf("stored as\n%s\nwant in it\n%s", canonical[0], want)
	}
	for _, row := range []struct{ file, net, want string }{
		{"layers: [{kind: conv2d, outt: 3}]", "net.yaml", "net.yaml:1:25: unknown key \"outt\" in model.layers[1]; did you mean \"out\"?\n  layers: [{kind: conv2d, outt: 3}]\n                          ^"},
		{"[{kind: flatten}, {kind: linear, out: 9}]", "net.yaml", "net.yaml:1:1: the network has 9 outputs, want 10, one for each class of shapes\n  [{kind: flatten}, {kind: linear, out: 9}]\n  ^"},
		{"", "other.yaml", "spec.yaml:3:14: experiments: open other.yaml: no such file or directory\n  model: {net: other.yaml, train: {}}\n               ^"},
		{"", "tutorail", "spec.yaml:3:14: unknown net \"tutorail\"; did you mean \"tutorial\"?\n  model: {net: tutorail, train: {}}\n               ^"},
		{"", `""`, "spec.yaml:3:14: unknown net \"\"; known are resnet20, tutorial, vgg11_bn\n  model: {net: \"\", train: {}}\n               ^"},
	} {
		if err := os.WriteFile(filepath.Join(".", "net.yaml"), []byte(row.file), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Parse("spec.yaml", spec("net: "+row.net), nil)
		if err == nil {
			_, err = s.Prepare()
		}
		if err == nil {
			t.Errorf("%s, %s: no error", row.net, row.file)
			continue
		}
		if diff := cmp.Diff(row.want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.net, diff)
		}
	}
}
