package metrics

// Metrics names every metric. A new metric is one file in this package, one
// line here and one golden in testdata/golden/metrics. The defaults are written
// here alone.
var Metrics = map[string]Entry{
	"completeness": {
		New:      func() Metric { return &Completeness{} },
		About:    "does the map sum to F(x)-F(baseline)",
		Citation: "Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017, section 3",
	},
	"conservation": {
		New:      func() Metric { return &Conservation{} },
		About:    "does relevance propagation lose nothing but to biases and stabilisers, and how much to these",
		Citation: "Bach et al., On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation, PLOS ONE 2015",
	},
	"deletion": {
		// 32 pixels are one row of a 32x32 image; RISE takes 224 of 224x224.
		New: func() Metric {
			return &Deletion{Step: 32, Substrate: "zero", Output: "probability", Target: "predicted", Order: "abs"}
		},
		About:    "how fast the output falls as the most important pixels are taken away",
		Citation: "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
	},
	"insertion": {
		New: func() Metric {
			return &Insertion{Step: 32, Substrate: "blur", Output: "probability", Target: "predicted", Order: "abs"}
		},
		About:    "how fast the output rises as the most important pixels are put back",
		Citation: "Petsiuk, Das & Saenko, RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018",
	},
	"parameter_randomization": {
		New:      func() Metric { return &ParameterRandomization{Mode: "both", NSeeds: 1} },
		About:    "does the map change when the network's layers are randomised",
		Citation: "Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, Sanity Checks for Saliency Maps, NeurIPS 2018, section 3",
	},
	"path_error": {
		New:      func() Metric { return &PathError{} },
		About:    "how far integrated gradients are from the integral itself, value by value",
		Citation: "Sotoudeh & Thakur, Computing Linear Restrictions of Neural Networks, NeurIPS 2019, section 5",
	},
}
