package attr

import (
	"math"

	"assay/model"
)

// colours fills lab.
func (g *slic) colours(e *Env, x []float32, s model.Shape) {
	lab := g.lab[:s.Size()]
	if mean, std, ok := normalisation(e, s); ok {
		if g.rgb == nil || !g.rgb.Is(mean, std) {
			g.rgb = model.NewCIELAB(mean, std)
		}
		g.rgb.Write(x, lab)
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		lo, hi = math.Min(lo, float64(v)), math.Max(hi, float64(v))
	}
	clear(lab)
	for j, v := range x {
		if hi > lo {
			lab[j] = model.RoundLab(100 * ((float64(v) - lo) / (hi - lo)))
		}
	}
}

// normalisation returns what turns the network's inputs back into colours, where
// they are.
func normalisation(e *Env, s model.Shape) (mean, std [3]float32, ok bool) {
	if s.C != 3 || len(e.Mean) != 3 || len(e.Std) != 3 {
		return mean, std, false
	}
	return [3]float32(e.Mean), [3]float32(e.Std), true
}
