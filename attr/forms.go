package attr

// Form is one way to write the value of an option of type Baseline, Mask or
// LRPRules. Capital letters in its Text stand for what the user puts there.
type Form struct{ Text, About string }

// BaselineForms are the values of an option baseline; that of
// layer_feature_ablation is an activation and has forms of its own.
var BaselineForms = []Form{
	{"zero", "0 in normalised units: the colour that normalisation subtracts"},
	{"NUMBER", "that number everywhere, in normalised units"},
	{"black", "pixels 0"},
	{"white", "pixels 255"},
	{"mean", "the mean of the training images, pixel by pixel"},
	{"blur:SIGMA", "the image itself under a Gaussian, SIGMA in pixels; blur alone: 5"},
	{"uniform", "noise, every value uniform between black and white"},
	{"gaussian:SIGMA", "normal noise around the image, SIGMA in normalised units, truncated to black to white; gaussian alone: 1"},
	{"max_distance", "for every value black or white, whichever is farther"},
	{"image:PATH", "a .png or .jpg of the input's size, or a .npy array [C,H,W] that is normalised already"},
	{"train", "distribution: the training images"},
	{"train:N", "distribution: N of them, drawn once; the first of a larger N"},
	{"images:PATH", "distribution: a .npy array [N,C,H,W], normalised already"},
}

// MaskForms are the values of an option mask.
var MaskForms = []Form{
	{"values", "every value of every channel is a feature"},
	{"pixels", "pixels with all their channels"},
	{"grid:N", "squares of N by N pixels; at the right and lower border what is left"},
	{"cells:N", "N by N cells of equal size up to a pixel, at most one a pixel"},
	{"slic:N", "at most N superpixels, found anew on every image; compactness 10"},
	{"slic:N:COMPACTNESS", "the same with another compactness: the larger, the squarer"},
	{"file:PATH", "a .npy array of whole numbers [H,W], [1,H,W], [C,H,W] or [1,C,H,W], one number a feature"},
}

// LRPRuleForms are what may stand behind LAYER= in the option rules of lrp, with
// x the input of a layer, w a weight, and + and - their positive and negative parts.
// README.md has the formulas.
var LRPRuleForms = []Form{
	{"epsilon(EPS)", "in proportion to x w; EPS, by default the option epsilon, steadies small sums; 0 is LRP-0"},
	{"gamma(G)", "what has the output's sign is favoured by the factor 1 + G, by default the option gamma"},
	{"alpha_beta(A, B)", "A times the share of (x w)+, less B times that of (x w)-; A - B = 1, by default 2 and 1"},
	{"z_plus", "in proportion to (x w)+: alpha_beta(1, 0)"},
	{"z_box(LOW, HIGH)", "x w - LOW w+ - HIGH w-: for the layer that reads the image, by default black and white"},
	{"w_square", "in proportion to w^2, whatever the input"},
	{"flat", "to all inputs alike"},
	{"pass", "outputs keep theirs, where the shapes agree"},
}
