package attr

// Methods lists every attribution method under its public name. A default is
// written here and nowhere else.
var Methods = map[string]Entry{
	"saliency": {
		New:      newSaliency,
		About:    "gradient of the target by the input, absolute by default",
		Citation: "Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps, ICLR Workshop 2014",
	},
	"integrated_gradients": {
		New: func() Method {
			return &IntegratedGradients{NSteps: 50, Quadrature: "gausslegendre", MultiplyByInputs: true, MaxSteps: 1024}
		},
		About:    "mean gradient on the straight path from a baseline, times the distance",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017",
	},
	"deep_lift": {
		New:      func() Method { return &DeepLift{MultiplyByInputs: true} },
		About:    "difference from a baseline carried back layer by layer, Rescale rule",
		Citation: "Shrikumar, Greenside & Kundaje, Learning Important Features Through Propagating Activation Differences, ICML 2017",
	},
	"noise_tunnel": {
		New: func() Method {
			return &NoiseTunnel{Over: newSaliency(), NTType: "smoothgrad", NTSamples: 5, Stdevs: 1}
		},
		About:    "mean, mean square or variance of another method over noisy copies of the image",
		Citation: "Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv:1706.03825, 2017 (smoothgrad); Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019 (smoothgrad_sq); Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity to Parameter Values, ICLR Workshop 2018 (vargrad)",
	},
	"random": {
		New:      func() Method { return &Random{} },
		About:    "control: standard normal numbers, blind to image and model",
		Citation: "Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019",
	},
	"edge_detector": {
		New:      func() Method { return &EdgeDetector{} },
		About:    "control: Sobel edges of the image, blind to the model",
		Citation: "Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018",
	},
}

func newSaliency() Method { return &Saliency{Abs: true} }

// Name returns the key of m in Methods.
func Name(m Method) string {
	switch m.(type) {
	case *Saliency:
		return "saliency"
	case *IntegratedGradients:
		return "integrated_gradients"
	case *DeepLift:
		return "deep_lift"
	case *NoiseTunnel:
		return "noise_tunnel"
	case *Random:
		return "random"
	case *EdgeDetector:
		return "edge_detector"
	}
	return ""
}
