package attr

// gradientGoldenRows adds configurations of the gradient family that are not
// the defaults.
func gradientGoldenRows(add func(file, name string, m Method)) {
	add("integrated_gradients", "tolerance=0.05 max_steps=256", &IntegratedGradients{NSteps: 50, Quadrature: "riemann_left", MultiplyByInputs: true, Tolerance: 0.05, MaxSteps: 256})
	for _, text := range []string{"white", "mean", "blur:2", "uniform", "gaussian:0.5", "max_distance"} {
		b, err := ParseBaseline(text)
		if err != nil {
			panic(err)
		}
		add("integrated_gradients", "n_steps=10 baseline="+text, &IntegratedGradients{NSteps: 10, Quadrature: "gausslegendre", MultiplyByInputs: true, Baseline: b})
	}
	add("gradient_shap", "n_samples=8 stdevs=0.1 baseline=uniform multiply_by_inputs=false", &GradientSHAP{NSamples: 8, Stdevs: 0.1, Baseline: Baseline{kind: "uniform"}})
	add("expected_gradients", "n_samples=20 baseline=train:5", &ExpectedGradients{NSamples: 20, Baseline: Baseline{kind: "train", count: 5}, MultiplyByInputs: true})
	add("guided_integrated_gradients", "n_steps=20 fraction=0.1 max_dist=0.2 baseline=black", &GuidedIntegratedGradients{NSteps: 20, Fraction: 0.1, MaxDist: 0.2, Baseline: Baseline{kind: "black"}})
	add("blur_integrated_gradients", "n_steps=20 max_sigma=5", &BlurIntegratedGradients{NSteps: 20, MaxSigma: 5})
	add("grad_cam", "layer=conv1 interpolate_mode=none relu_attributions=true", &GradCAM{Layer: "conv1", InterpolateMode: "none", ReLUAttributions: true, AttrDimSummation: true})
	add("grad_cam_plus_plus", "layer=pool1 interpolate_mode=nearest", &GradCAMPlusPlus{Layer: "pool1", InterpolateMode: "nearest"})
	add("layer_cam", "layer=conv1 interpolate_mode=none", &LayerCAM{Layer: "conv1", InterpolateMode: "none"})
	add("guided_grad_cam", "interpolate_mode=bilinear", &GuidedGradCAM{InterpolateMode: "bilinear"})
}
