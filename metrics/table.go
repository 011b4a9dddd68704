package metrics

// Metrics names every metric. A new metric is one file in this package, one
// line here and one golden in testdata/golden/metrics. The defaults are written
// here alone.
var Metrics = map[string]Entry{
	"attribution_localisation": {
		New:      func() Metric { return &AttributionLocalisation{Abs: true, MaxSize: 1} },
		About:    "what share of the attribution lies on the object",
		Citation: "Kohlbrenner, Bauer, Nakajima, Binder, Samek & Lapuschkin, Towards Best Practice in Explaining Neural Network Decisions with LRP, IJCNN 2020",
		Family:   Localisation,
		Departs:  "abs: false adds up positive channel sums alone, weighted divides by the object's share (compat: quantus)",
	},
	"completeness": {
		New:      func() Metric { return &Completeness{} },
		About:    "does the map sum to F(x)-F(baseline)",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017, section 3",
		Family:   Axioms,
	},
	"complexity": {
		New:      func() Metric { return &Complexity{Features: "values"} },
		About:    "over how many features the map spreads, as an entropy",
		Citation: "Bhatt, Weller & Moura, Evaluating and Aggregating Feature-based Model Explanations, IJCAI 2020",
		Family:   Simplicity,
		Departs:  "shares are of magnitudes always (abs: true)",
	},
	"conservation": {
		New:      func() Metric { return &Conservation{} },
		About:    "does relevance propagation lose nothing but to biases and stabilisers, and how much to these",
		Citation: "Bach et al., On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation, PLOS ONE 2015",
		Family:   Axioms,
	},
	"deletion": {
		// 32 pixels are one row of a 32x32 image; RISE takes 224 of 224x224.
		New: func() Metric {
			return &Deletion{Step: 32, Substrate: "zero", Output: "probability", Target: "explained", Order: "abs"}
		},
		About:    "how fast the output falls as the most important pixels are taken away",
		Citation: "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
		Family:   Faithfulness,
	},
	"effective_complexity": {
		New: func() Metric {
			return &EffectiveComplexity{Target: "explained", Tolerance: 0.1, Step: 32, NSamples: 8, Eps: quantusEps, Normalise: true}
		},
		About:    "how many of the most important pixels settle the output",
		Citation: "Nguyen & Rodriguez Martinez, On Quantitative Aspects of Model Interpretability, arXiv 2007.07584, 2020",
		Family:   Simplicity,
		Departs:  "it asks the network, where Quantus counts values above a threshold (compat: quantus)",
	},
	"infidelity": {
		// The noise of the example in Captum's documentation; a square of a
		// quarter of the side of a 32x32 image.
		New: func() Metric {
			return &Infidelity{Perturbation: "gaussian", Stdev: 0.003, Square: 8, NPerturbSamples: 10}
		},
		About:    "does the map foretell how the output changes when the image is perturbed",
		Citation: "Yeh, Hsieh, Suggala, Inouye & Ravikumar, On the (In)fidelity and Sensitivity of Explanations, NeurIPS 2019, section 2",
		Family:   Faithfulness,
	},
	"insertion": {
		New: func() Metric {
			return &Insertion{Step: 32, Substrate: "blur", Output: "probability", Target: "explained", Order: "abs"}
		},
		About:    "how fast the output rises as the most important pixels are put back",
		Citation: "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
		Family:   Faithfulness,
	},
	"localisation_auc": {
		New:      func() Metric { return &LocalisationAUC{} },
		About:    "how well the map tells pixels of the object from others, as area under the ROC curve",
		Citation: "Fawcett, An Introduction to ROC Analysis, Pattern Recognition Letters 27, 2006",
		Family:   Localisation,
		Departs:  "Quantus calls it AUC",
	},
	"parameter_randomization": {
		New:      func() Metric { return &ParameterRandomization{Mode: "both", NSeeds: 1} },
		About:    "does the map change when the network's layers are randomised",
		Citation: "Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, Sanity Checks for Saliency Maps, NeurIPS 2018, section 3",
		Family:   Randomisation,
	},
	"path_error": {
		New:      func() Metric { return &PathError{} },
		About:    "how far integrated gradients are from the integral itself, value by value",
		Citation: "Sotoudeh & Thakur, Computing Linear Restrictions of Neural Networks, NeurIPS 2019, section 4",
		Family:   Axioms,
	},
	"pointing_game": {
		New:      func() Metric { return &PointingGame{} },
		About:    "does the most important pixel lie on the object",
		Citation: "Zhang, Bargal, Lin, Brandt, Shen & Sclaroff, Top-Down Neural Attention by Excitation Backprop, International Journal of Computer Vision 126, 2018",
		Family:   Localisation,
		Departs:  "of pixels that share the first rank, the share on the object counts, not one of them (compat: quantus)",
	},
	"relevance_mass_accuracy": {
		New:      func() Metric { return &RelevanceMassAccuracy{} },
		About:    "what share of the positive relevance lies on the object",
		Citation: "Arras, Osman & Samek, CLEVR-XAI: A Benchmark Dataset for the Ground Truth Evaluation of Neural Network Explanations, Information Fusion 81, 2022",
		Family:   Localisation,
		Departs:  "abs: false adds up positive channel sums alone (compat: quantus)",
	},
	"relevance_rank_accuracy": {
		New:      func() Metric { return &RelevanceRankAccuracy{} },
		About:    "how much of the object the map finds with as many pixels",
		Citation: "Arras, Osman & Samek, CLEVR-XAI: A Benchmark Dataset for the Ground Truth Evaluation of Neural Network Explanations, Information Fusion 81, 2022",
		Family:   Localisation,
		Departs:  "equal pixels count by chance, not by the order of a sort",
	},
	"sensitivity_max": {
		New:      func() Metric { return &SensitivityMax{PerturbRadius: 0.02, NPerturbSamples: 10, NormOrd: "fro"} },
		About:    "how far the map moves when the image hardly does",
		Citation: "Yeh, Hsieh, Suggala, Inouye & Ravikumar, On the (In)fidelity and Sensitivity of Explanations, NeurIPS 2019, section 3",
		Family:   Robustness,
	},
	"sparseness": {
		New:      func() Metric { return &Sparseness{Features: "values", Normalise: true} },
		About:    "how unequal the features of the map are, as Gini index",
		Citation: "Chalasani, Chen, Chowdhury, Wu & Jha, Concise Explanations of Neural Networks using Adversarial Training, ICML 2020",
		Family:   Simplicity,
		Departs:  "nothing is added to magnitudes, where Quantus adds 1e-7 (compat: quantus), and they are magnitudes always (abs: true)",
	},
	"top_k_intersection": {
		// A tenth of a 32x32 image. Quantus takes 1000, of 224x224; of these that
		// would be all but 24.
		New:      func() Metric { return &TopKIntersection{K: 100} },
		About:    "what share of the k most important pixels lies on the object",
		Citation: "Theiner, Mueller-Budack & Ewerth, Interpretable Semantic Photo Geolocation, WACV 2022",
		Family:   Localisation,
		Departs:  "k is 100, not 1000, and equal pixels count by chance, not by the order of a sort",
	},
}
