package model

import "fmt"

// Nets names the preset networks. Each function takes the input's shape and the
// number of classes.
var Nets = map[string]struct {
	New      func(in Shape, classes int) *Net
	Citation string
	About    string
}{
	"tutorial": {
		New: func(in Shape, classes int) *Net {
			return &Net{Name: "tutorial", Input: in, Layers: []Layer{
				{Kind: "conv2d", Name: "conv1", Out: 6, Kernel: 5, Stride: 1},
				{Kind: "relu", Name: "relu1"},
				{Kind: "max_pool2d", Name: "pool1", Kernel: 2, Stride: 2},
				{Kind: "conv2d", Name: "conv2", Out: 16, Kernel: 5, Stride: 1},
				{Kind: "relu", Name: "relu2"},
				{Kind: "max_pool2d", Name: "pool2", Kernel: 2, Stride: 2},
				{Kind: "flatten", Name: "flatten"},
				{Kind: "linear", Name: "fc1", Out: 120},
				{Kind: "relu", Name: "relu3"},
				{Kind: "linear", Name: "fc2", Out: 84},
				{Kind: "relu", Name: "relu4"},
				{Kind: "linear", Name: "fc3", Out: classes},
			}}
		},
		Citation: "Captum tutorial CIFAR_TorchVision_Interpret; after LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE 86, 1998",
		About:    "conv 6 5x5, pool, conv 16 5x5, pool, 120-84-classes",
	},
	"vgg11_bn": {
		New:      vgg11BN,
		Citation: "Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015, configuration A, with the batch norms of Ioffe & Szegedy, Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift, ICML 2015; names as torchvision's features.N, one layer classifier behind them",
		About:    "conv 3x3 with batch norm 64, pool, 128, pool, 256 256, pool, 512 512, pool, 512 512, pool, classes",
	},
	"resnet20": {
		New:      resnet20,
		Citation: "He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, CVPR 2016, section 4.2; shortcuts of changing shape are 1x1 projections with batch norm (option B); names as torchvision's ResNet",
		About:    "conv 16 3x3, three stages of three residual blocks of 16, 32, 64 channels, global average, classes",
	},
}

// vgg11BN names layers by their place in torchvision's Sequential "features".
func vgg11BN(in Shape, classes int) *Net {
	n := &Net{Name: "vgg11_bn", Input: in}
	add := func(l Layer) {
		l.Name = fmt.Sprintf("features.%d", len(n.Layers))
		n.Layers = append(n.Layers, l)
	}
	for _, out := range []int{64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0} {
		if out == 0 {
			add(Layer{Kind: "max_pool2d", Kernel: 2, Stride: 2})
			continue
		}
		add(Layer{Kind: "conv2d", Out: out, Kernel: 3, Stride: 1, Padding: 1})
		add(Layer{Kind: "batch_norm2d"})
		add(Layer{Kind: "relu"})
	}
	n.Layers = append(n.Layers, Layer{Kind: "flatten", Name: "flatten"}, Layer{Kind: "linear", Name: "classifier", Out: classes})
	return n
}

func resnet20(in Shape, classes int) *Net {
	n := &Net{Name: "resnet20", Input: in}
	add := func(l Layer, format string, a ...any) string {
		l.Name = fmt.Sprintf(format, a...)
		n.Layers = append(n.Layers, l)
		return l.Name
	}
	conv := func(out, stride int) Layer {
		return Layer{Kind: "conv2d", Out: out, Kernel: 3, Stride: stride, Padding: 1, NoBias: true}
	}
	norm, relu := Layer{Kind: "batch_norm2d"}, Layer{Kind: "relu"}
	add(conv(16, 1), "conv1")
	add(norm, "bn1")
	last := add(relu, "relu")
	for stage, out := range []int{16, 32, 64} {
		for block := range 3 {
			at := fmt.Sprintf("layer%d.%d", stage+1, block)
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			add(conv(out, stride), "%s.conv1", at)
			add(norm, "%s.bn1", at)
			add(relu, "%s.relu1", at)
			add(conv(out, 1), "%s.conv2", at)
			body := add(norm, "%s.bn2", at)
			from := last
			if stride > 1 {
				add(Layer{Kind: "conv2d", Out: out, Kernel: 1, Stride: stride, NoBias: true, Input: last}, "%s.downsample.0", at)
				add(norm, "%s.downsample.1", at)
				from = body // the sum reads the shortcut, just before it, and adds the body
			}
			add(Layer{Kind: "add", From: from}, "%s.add", at)
			last = add(relu, "%s.relu2", at)
		}
	}
	add(Layer{Kind: "adaptive_avg_pool2d", Out: 1}, "avgpool")
	add(Layer{Kind: "flatten"}, "flatten")
	add(Layer{Kind: "linear", Out: classes}, "fc")
	return n
}
