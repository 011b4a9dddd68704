package model

import (
	"assay/model/internal/kernel"
)

// SGD holds the settings of one step, in PyTorch's convention:
// g += WeightDecay*w; v = Momentum*v + g; w -= LR*v, each a fused multiply-add.
type SGD struct{ LR, Momentum, WeightDecay float32 }

// one takes the step on one weight.
func (o SGD) one(w, v *float32, g float32) {
	*v = kernel.FMA(o.Momentum, *v, kernel.FMA(o.WeightDecay, *w, g))
	*w = kernel.FMA(-o.LR, *v, *w)
}

func sgd(k *kernel.Set, w, v, g []float32, o SGD) {
	whole := len(w) &^ 3
	if whole > 0 {
		k.SGD(whole, &w[0], &v[0], &g[0], o.LR, o.Momentum, o.WeightDecay)
	}
	for j := whole; j < len(w); j++ {
		o.one(&w[j], &v[j], g[j])
	}
}
