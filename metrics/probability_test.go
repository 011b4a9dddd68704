package metrics

import (
	"math"
	"testing"

	"assay/model"
)

// Logits and probabilities are PyTorch's, on both sets of images.
func TestLogitsAndProbabilitiesArePyTorchs(t *testing.T) {
	for name, cifar10 := range map[string]bool{"synthetic": false, "cifar10": true} {
		t.Run(name, func(t *testing.T) {
			o := openOutside(t, cifar10)
			logits, probs := o.float64s(t, "logits"), o.float64s(t, "probs")
			worst := 0.0
			for i, l := range o.logits {
				for c, v := range l {
					p := probability(l, model.Target{Class: c, Minus: -1})
					worst = max(worst, math.Abs(float64(v)-logits[i][c]), math.Abs(p-probs[i][c]))
				}
			}
			t.Logf("largest difference of a logit or a probability: %.1e", worst)
			if !(worst <= 1e-4) {
				t.Errorf("a logit or a probability is off by %v, want at most 1e-4", worst)
			}
		})
	}
}

// A contrast is the difference of two probabilities; large logits overflow nothing.
func TestProbabilityOfAContrast(t *testing.T) {
	l := []float32{1000, 1000, -1000}
	if p := probability(l, model.Target{Class: 0, Minus: -1}); p != 0.5 {
		t.Errorf("probability of one of two equal logits is %v, want 0.5", p)
	}
	if p := probability(l, model.Target{Class: 0, Minus: 2}); p != 0.5 {
		t.Errorf("0.5 less 0 is %v, want 0.5", p)
	}
}
