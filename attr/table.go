package attr

import "reflect"

// Methods lists every attribution method under its public name. A default is
// written here and nowhere else.
var Methods = map[string]Entry{
	// Gradients.
	"blur_integrated_gradients": {
		New:      func() Method { return &BlurIntegratedGradients{NSteps: 100, MaxSigma: 50} },
		About:    "integrated gradients on the path of ever less blurred versions of the image",
		Citation: "Xu, Venugopalan & Sundararajan, Attribution in Scale and Space, CVPR 2020",
		Departs:  "not in Captum; a step is the difference of two blurs, where the paper has a derivative by sigma",
		Family:   Gradients,
	},
	"deconvolution": {
		New:      func() Method { return &Deconvolution{} },
		About:    "gradient whose ReLUs pass what is positive, on or off",
		Citation: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
		Family:   Gradients,
	},
	"expected_gradients": {
		New: func() Method {
			return &ExpectedGradients{NSamples: 200, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}
		},
		About:    "integrated gradients averaged over training images as baselines",
		Citation: "Erion, Janizek, Sturmfels, Lundberg & Lee, Improving performance of deep learning models with axiomatic attribution priors and expected gradients, Nature Machine Intelligence 3, 2021",
		Departs:  "not in Captum",
		Family:   Gradients,
	},
	"full_grad": {
		New:      func() Method { return &FullGrad{} },
		About:    "gradient times input plus gradient times bias of every layer, each scaled and resized",
		Citation: "Srinivas & Fleuret, Full-Gradient Representation for Neural Network Visualization, NeurIPS 2019",
		Departs:  "not in Captum; layers are resized without aligning the corners, which the authors' code does",
		Family:   Gradients,
	},
	"gradient_shap": {
		New: func() Method {
			return &GradientSHAP{NSamples: 5, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}
		},
		About:    "mean gradient between noisy copies of the image and random baselines, times the distance",
		Citation: "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017",
		Departs:  "baselines are the training images unless given, Captum has no default; draws come from streams named by seed and image, not from PyTorch's generator",
		Family:   Gradients,
	},
	"guided_backprop": {
		New:      func() Method { return &GuidedBackprop{} },
		About:    "gradient whose ReLUs pass only what is positive, where they are on",
		Citation: "Springenberg, Dosovitskiy, Brox & Riedmiller, Striving for Simplicity: The All Convolutional Net, ICLR Workshop 2015",
		Family:   Gradients,
	},
	"guided_integrated_gradients": {
		New: func() Method {
			return &GuidedIntegratedGradients{NSteps: 200, Fraction: 0.25, MaxDist: 0.02}
		},
		About:    "integrated gradients on a path that moves values of small gradients first",
		Citation: "Kapishnikov et al., Guided Integrated Gradients: an Adaptive Path Method for Removing Noise, CVPR 2021",
		Departs:  "not in Captum",
		Family:   Gradients,
	},
	"input_x_gradient": {
		New:      func() Method { return &InputXGradient{} },
		About:    "gradient of the target by the input, times the input",
		Citation: "Shrikumar, Greenside, Shcherbina & Kundaje, Not Just a Black Box: Learning Important Features Through Propagating Activation Differences, arXiv:1605.01713, 2016",
		Family:   Gradients,
	},
	"integrated_gradients": {
		New: func() Method {
			o := newIntegratedGradients()
			return &o
		},
		About:    "mean gradient on the straight path from a baseline, times the distance",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017; Sotoudeh & Thakur, Computing Linear Restrictions of Neural Networks, NeurIPS 2019, section 4 (exact)",
		Departs:  "riemann_trapezoid's weights sum to 1, Captum's to 1-1/n_steps (compat: captum); exact and tolerance are not in Captum",
		Family:   Gradients,
	},
	"saliency": {
		New:      newSaliency,
		About:    "gradient of the target by the input, absolute by default",
		Citation: "Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps, ICLR Workshop 2014",
		Family:   Gradients,
	},

	// Class activation maps.
	"grad_cam": {
		New:      func() Method { return &GradCAM{InterpolateMode: "bilinear", AttrDimSummation: true} },
		About:    "channels of a layer weighed by their mean gradient and added up",
		Citation: "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017",
		Departs:  "maps are resized to the image, Captum's have the layer's shape (interpolate_mode: none)",
		Family:   CAMs,
	},
	"grad_cam_plus_plus": {
		New:      func() Method { return &GradCAMPlusPlus{InterpolateMode: "bilinear"} },
		About:    "channels of a layer weighed by their positive gradients so that every position counts alike",
		Citation: "Chattopadhay, Sarkar, Howlader & Balasubramanian, Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep Convolutional Networks, WACV 2018",
		Departs:  "not in Captum",
		Family:   CAMs,
	},
	"guided_grad_cam": {
		New:      func() Method { return &GuidedGradCAM{InterpolateMode: "nearest"} },
		About:    "guided_backprop times the positive part of grad_cam",
		Citation: "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017",
		Family:   CAMs,
	},
	"layer_cam": {
		New:      func() Method { return &LayerCAM{InterpolateMode: "bilinear"} },
		About:    "values of a layer weighed by their own positive gradients and added up over channels",
		Citation: "Jiang, Zhang, Hou, Cheng & Wei, LayerCAM: Exploring Hierarchical Class Activation Maps for Localization, IEEE Transactions on Image Processing 30, 2021",
		Departs:  "not in Captum",
		Family:   CAMs,
	},

	// DeepLift and relevance.
	"deep_lift": {
		New:      func() Method { return &DeepLift{MultiplyByInputs: true, Rule: "rescale"} },
		About:    "difference from a baseline carried back layer by layer, by the Rescale or the RevealCancel rule",
		Citation: "Shrikumar, Greenside & Kundaje, Learning Important Features Through Propagating Activation Differences, ICML 2017",
		Departs:  "max-pools follow the cross-maximum rule, where Captum's behind a ReLU pass their plain gradient (compat: captum); reveal_cancel is not in Captum",
		Family:   Differences,
	},
	"deep_lift_shap": {
		New: func() Method {
			return &DeepLiftSHAP{Baseline: Baseline{kind: "train", count: 16}, MultiplyByInputs: true, Rule: "rescale"}
		},
		About:    "mean of DeepLift's maps over the baselines of a distribution",
		Citation: "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017",
		Departs:  "as deep_lift (compat: captum); baselines are 16 training images unless given, Captum has no default",
		Family:   Differences,
	},
	"lrp": {
		New:      func() Method { return newLRP() },
		About:    "relevance handed back layer by layer in proportion, with a rule for each layer",
		Citation: "Bach, Binder, Montavon, Klauschen, Müller & Samek, On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation, PLOS ONE 2015; Montavon, Binder, Lapuschkin, Samek & Müller, Layer-Wise Relevance Propagation: An Overview, in Explainable AI: Interpreting, Explaining and Visualizing Deep Learning, LNCS 11700, 2019 (gamma, epsilon_gamma_box); Kohlbrenner, Bauer, Nakajima, Binder, Samek & Lapuschkin, Towards Best Practice in Explaining Neural Network Decisions with LRP, IJCNN 2020 (epsilon_plus, epsilon_alpha2_beta1 and with flat); Anders, Neumann, Samek, Müller & Lapuschkin, Software for Dataset-wide XAI: From Local Explanations to Global Insights with Zennit, CoRelAy, and ViRelAy, arXiv:2106.13200, 2021 (presets); Montavon et al., Explaining Nonlinear Classification Decisions with Deep Taylor Decomposition, Pattern Recognition 65, 2017 (z_plus, z_box, w_square, deep_taylor); Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016 (excitation_backprop)",
		Departs:  "the stabiliser is 1e-6, not 1e-9, gamma and z_plus go by the sign of contributions, not of weights, and the delta is sum less F(x), not the reverse (compat: captum)",
		Family:   Differences,
	},

	// Perturbation.
	"feature_ablation": {
		New:      func() Method { return &FeatureAblation{} },
		About:    "drop of the target when a feature's values are replaced by the baseline's",
		Citation: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
		Family:   Perturbation,
	},
	"feature_permutation": {
		New: func() Method {
			return &FeaturePermutation{Mask: CellsMask(8), NSamples: 10, Baseline: Baseline{kind: "train"}}
		},
		About:    "mean drop of the target when a feature's values are those of another image",
		Citation: "Breiman, Random Forests, Machine Learning 45, 2001; Fisher, Rudin & Dominici, All Models are Wrong, but Many are Useful: Learning a Variable's Importance by Studying an Entire Class of Prediction Models Simultaneously, JMLR 20, 2019",
		Departs:  "features are 8x8 cells, Captum's single values unless it is given a mask; values come from 10 training images, where Captum permutes once within the batch",
		Family:   Perturbation,
	},
	"hsic": {
		New:      func() Method { return &HSIC{Mask: CellsMask(8), NbDesign: 500} },
		About:    "dependence between a cell's presence and the target, by kernels",
		Citation: "Novello, Fel & Vigouroux, Making Sense of Dependence: Efficient Black-box Explanations Using Dependence Measure, NeurIPS 2022",
		Departs:  "not in Captum; the kernel's width is the median distance of two values, Xplique's the median value, and nothing is smoothed between cells",
		Family:   Perturbation,
	},
	"kernel_shap": {
		New: func() Method {
			return &KernelSHAP{Mask: SLICMask(50, defaultCompactness), NSamples: 1000, Spread: "copy"}
		},
		About:    "Shapley values by a weighted regression over subsets of superpixels",
		Citation: "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017",
		Departs:  "features are superpixels and samples 1000, Captum's single values unless it is given a mask and 25; subsets come in pairs, and none and all are met exactly, where Captum weighs them by 1000000",
		Family:   Perturbation,
	},
	"lime": {
		New: func() Method {
			return &Lime{Mask: SLICMask(50, defaultCompactness), NSamples: 1000, Kernel: "cosine", KernelWidth: 1, Regression: "lasso", Alpha: 0.01}
		},
		About:    "coefficients of a sparse linear fit to the target over subsets of superpixels",
		Citation: "Ribeiro, Singh & Guestrin, \"Why Should I Trust You?\": Explaining the Predictions of Any Classifier, KDD 2016",
		Departs:  "features are superpixels and samples 1000, Captum's single values unless it is given a mask and a few dozen, which determine nothing",
		Family:   Perturbation,
	},
	"occlusion": {
		New:      func() Method { return &Occlusion{Window: SquareExtent(4), Stride: SquareExtent(2)} },
		About:    "mean drop of the target over the windows that cover a value with the baseline",
		Citation: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
		Departs:  "window and stride are 4 and 2 unless given, Captum demands a window and moves it by 1",
		Family:   Perturbation,
	},
	"rise": {
		New:      func() Method { return &Rise{NMasks: 8000, Grid: 7, P: 0.5} },
		About:    "mean of random smooth masks, weighted by the target of the masked image",
		Citation: "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
		Departs:  "not in Captum; explains the logit, where the paper explains the probability",
		Family:   Perturbation,
	},
	"shapley_value_sampling": {
		New:      func() Method { return &ShapleyValueSampling{NSamples: 25, Spread: "copy"} },
		About:    "mean rise of the target when a feature joins, over random orders",
		Citation: "Castro, Gomez & Tejada, Polynomial calculation of the Shapley value based on sampling, Computers & Operations Research 36, 2009",
		Departs:  "orders come from streams named by seed and image, not from PyTorch's generator",
		Family:   Perturbation,
	},
	"shapley_values": {
		New:      func() Method { return &ShapleyValues{Mask: CellsMask(3), Spread: "copy"} },
		About:    "mean rise of the target when a feature joins, over all orders, exactly",
		Citation: "Shapley, A Value for n-Person Games, Contributions to the Theory of Games II, 1953",
		Departs:  "features are 3x3 cells, Captum's single values unless it is given a mask, which no image could pay for; evaluates all 2^M subsets, where Captum goes through all M! orders in float32: the same answer, to rounding",
		Family:   Perturbation,
	},
	"sobol": {
		New:      func() Method { return &Sobol{Mask: CellsMask(8), NbDesign: 32} },
		About:    "total Sobol index: the share of the target's variance that a cell has a part in",
		Citation: "Fel et al., Look at the Variance! Efficient Black-box Explanations with Sobol-based Sensitivity Analysis, NeurIPS 2021",
		Departs:  "not in Captum; designs are Latin hypercubes, Xplique's a Sobol sequence, and nothing is smoothed between cells",
		Family:   Perturbation,
	},

	// Noise.
	"noise_tunnel": {
		New: func() Method {
			return &NoiseTunnel{Over: newSaliency(), NTType: "smoothgrad", NTSamples: 5, Stdevs: 1, MaxSamples: 1000}
		},
		About:    "mean, mean square or variance of another method over noisy copies of the image",
		Citation: "Smilkov et al., SmoothGrad: removing noise by adding noise, arXiv:1706.03825, 2017 (smoothgrad); Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019 (smoothgrad_sq); Adebayo et al., Local Explanation Methods for Deep Neural Networks Lack Sensitivity to Parameter Values, ICLR Workshop 2018 (vargrad)",
		Departs:  "noise comes from streams named by seed and image, not from PyTorch's generator, so a larger nt_samples keeps the copies of a smaller one, and a method that draws by itself draws the same for every copy",
		Family:   Noise,
	},

	// Layers.
	"internal_influence": {
		New:      func() Method { return &InternalInfluence{Path: defaultPath} },
		About:    "mean gradient by a layer's activation on the straight path from a baseline",
		Citation: "Leino, Sen, Datta, Fredrikson & Li, Influence-Directed Explanations for Deep Convolutional Networks, ITC 2018",
		Departs:  "as integrated_gradients: riemann_trapezoid's weights sum to 1, Captum's to 1-1/n_steps (compat: captum)",
		Family:   Layers,
	},
	"layer_activation": {
		New:      func() Method { return &LayerActivation{} },
		About:    "activation of a layer",
		Citation: "Kokhlikyan et al., Captum: A unified and generic model interpretability library for PyTorch, arXiv:2009.07896, 2020",
		Family:   Layers,
	},
	"layer_conductance": {
		New:      func() Method { return &LayerConductance{Path: defaultPath} },
		About:    "what flows through each neuron of a layer as the image goes straight from a baseline to the input",
		Citation: "Dhamdhere, Sundararajan & Yan, How Important Is a Neuron?, ICLR 2019",
		Departs:  "gradients are weighed by the quadrature, where Captum ignores its weights and loses both ends of the path (compat: captum)",
		Family:   Layers,
	},
	"layer_deep_lift": {
		New:      func() Method { return &LayerDeepLift{DeepLift: DeepLift{MultiplyByInputs: true, Rule: "rescale"}} },
		About:    "DeepLift from a layer on: difference from a baseline carried back to the layer",
		Citation: "Shrikumar, Greenside & Kundaje, Learning Important Features Through Propagating Activation Differences, ICML 2017",
		Departs:  "as deep_lift (compat: captum)",
		Family:   Layers,
	},
	"layer_feature_ablation": {
		New:      func() Method { return &LayerFeatureAblation{} },
		About:    "drop of the target when neurons of a layer are replaced by a baseline",
		Citation: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
		Family:   Layers,
	},
	"layer_gradient_shap": {
		New: func() Method {
			return &LayerGradientSHAP{GradientSHAP: GradientSHAP{NSamples: 5, Baseline: Baseline{kind: "train"}, MultiplyByInputs: true}}
		},
		About:    "mean gradient by a layer's activation between noisy copies of the image and random baselines, times what the activation gains",
		Citation: "Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017",
		Departs:  "as gradient_shap; the map has no delta, since it sums to F(x)-F(baseline) only where the layers before are linear",
		Family:   Layers,
	},
	"layer_gradient_x_activation": {
		New:      func() Method { return &LayerGradientXActivation{MultiplyByInputs: true} },
		About:    "gradient of the target by a layer's activation, times that activation",
		Citation: "Shrikumar, Greenside, Shcherbina & Kundaje, Not Just a Black Box: Learning Important Features Through Propagating Activation Differences, arXiv:1605.01713, 2016",
		Family:   Layers,
	},
	"layer_integrated_gradients": {
		New: func() Method {
			return &LayerIntegratedGradients{IntegratedGradients: newIntegratedGradients()}
		},
		About:    "integrated gradients from a layer on: mean gradient on the straight path between its activations, times their distance",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017",
		Departs:  "as integrated_gradients (compat: captum)",
		Family:   Layers,
	},
	"layer_lrp": {
		New:      func() Method { return &LayerLRP{LRP: *newLRP()} },
		About:    "relevance of a layer's values, by LRP",
		Citation: "Bach, Binder, Montavon, Klauschen, Müller & Samek, On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation, PLOS ONE 2015",
		Departs:  "as lrp (compat: captum)",
		Family:   Layers,
	},

	// Neurons.
	"neuron_conductance": {
		New: func() Method {
			return &NeuronConductance{AtNeuron: firstNeuron(), Path: Path{NSteps: 50, Quadrature: "riemann_trapezoid"}, MultiplyByInputs: true}
		},
		About:    "the part of integrated gradients that flows through one neuron",
		Citation: "Dhamdhere, Sundararajan & Yan, How Important Is a Neuron?, ICLR 2019",
		Departs:  "riemann_trapezoid's weights sum to 1, Captum's to 1-1/n_steps (compat: captum)",
		Family:   Neurons,
	},
	"neuron_deconvolution": {
		New:      func() Method { return &NeuronDeconvolution{AtNeuron: firstNeuron()} },
		About:    "deconvolution from a neuron",
		Citation: "Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014",
		Family:   Neurons,
	},
	"neuron_deep_lift": {
		New: func() Method {
			return &NeuronDeepLift{AtNeuron: firstNeuron(), DeepLift: DeepLift{MultiplyByInputs: true, Rule: "rescale"}}
		},
		About:    "DeepLift of a neuron's activation",
		Citation: "Shrikumar, Greenside & Kundaje, Learning Important Features Through Propagating Activation Differences, ICML 2017",
		Departs:  "as deep_lift (compat: captum)",
		Family:   Neurons,
	},
	"neuron_gradient": {
		New:      func() Method { return &NeuronGradient{AtNeuron: firstNeuron()} },
		About:    "gradient of a neuron's activation by the input",
		Citation: "Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps, ICLR Workshop 2014",
		Family:   Neurons,
	},
	"neuron_guided_backprop": {
		New:      func() Method { return &NeuronGuidedBackprop{AtNeuron: firstNeuron()} },
		About:    "guided backpropagation from a neuron",
		Citation: "Springenberg, Dosovitskiy, Brox & Riedmiller, Striving for Simplicity: The All Convolutional Net, ICLR Workshop 2015",
		Family:   Neurons,
	},
	"neuron_integrated_gradients": {
		New: func() Method {
			return &NeuronIntegratedGradients{AtNeuron: firstNeuron(), IntegratedGradients: newIntegratedGradients()}
		},
		About:    "integrated gradients of a neuron's activation",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017",
		Departs:  "as integrated_gradients (compat: captum)",
		Family:   Neurons,
	},

	// Controls.
	"constant": {
		New:      func() Method { return &Constant{} },
		About:    "control: 1 everywhere",
		Citation: "after the controls of Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019",
		Departs:  "not in Captum",
		Family:   Controls,
	},
	"edge_detector": {
		New:      func() Method { return &EdgeDetector{} },
		About:    "control: Sobel edges of the image, blind to the model",
		Citation: "Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018",
		Departs:  "not in Captum",
		Family:   Controls,
	},
	"input": {
		New:      func() Method { return &InputMap{} },
		About:    "control: the image itself",
		Citation: "Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018",
		Departs:  "not in Captum",
		Family:   Controls,
	},
	"random": {
		New:      func() Method { return &Random{} },
		About:    "control: standard normal numbers, blind to image and model",
		Citation: "Hooker et al., A Benchmark for Interpretability Methods in Deep Neural Networks, NeurIPS 2019",
		Departs:  "not in Captum",
		Family:   Controls,
	},
}

func newLRP() *LRP { return &LRP{Preset: "epsilon", Epsilon: lrpStabiliser, Gamma: 0.25} }

func newSaliency() Method { return &Saliency{Abs: true} }

func newIntegratedGradients() IntegratedGradients {
	return IntegratedGradients{NSteps: 50, Quadrature: "gausslegendre", MultiplyByInputs: true, MaxSteps: 1024}
}

// names are the keys of Methods by the type of their methods.
var names = func() map[reflect.Type]string {
	of := map[reflect.Type]string{}
	for name, e := range Methods {
		of[reflect.TypeOf(e.New())] = name
	}
	return of
}()

// Name returns the key of m in Methods, "" for a method that is not there.
func Name(m Method) string { return names[reflect.TypeOf(m)] }
