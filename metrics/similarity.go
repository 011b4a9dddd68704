package metrics

import (
	"math"
	"slices"

	"assay/model"
)

// measure is a similarity of two maps, as seen by their signed or by their
// absolute channel sums.
type measure struct {
	name  string
	about [2]string // of the series: signed, absolute
	of    func(a, b *view) float64
}

// measures are the similarities that Measures may name.
var measures = []measure{
	{
		"spearman",
		[2]string{"rank correlation with the original map", "rank correlation of absolute values with the original map"},
		func(a, b *view) float64 { return a.ranks.correlation(b.ranks) },
	},
	{
		"kendall",
		[2]string{"Kendall's rank correlation with the original map", "Kendall's rank correlation of absolute values with the original map"},
		func(a, b *view) float64 { return a.ordering.kendall(b.ordering) },
	},
	{
		"ssim",
		[2]string{"structural similarity to the original map", "structural similarity of absolute values to the original map"},
		func(a, b *view) float64 { return a.shown.ssim(b.shown, a.span) },
	},
	{
		"hog",
		[2]string{"correlation of the histograms of gradients with the original map's", "correlation of the histograms of gradients of absolute values with the original map's"},
		func(a, b *view) float64 { return a.gradients.correlation(b.gradients) },
	},
}

// profile is a map made ready to be compared with many others: its signed and
// its absolute channel sums.
type profile [2]view

// view is one number per pixel in the forms that the measures take; those that
// are not measured are empty.
type view struct {
	ranks     ranks
	ordering  ordering
	shown     moments // as scaled to be shown; empty where the map cannot be
	span      float64 // of the scale: 2 for -1 to 1, 1 for 0 to 1
	gradients gradients
}

func newProfile(m []float32, shape model.Shape, ms []measure) profile {
	var p profile
	for k := range p {
		sum := make([]float64, shape.H*shape.W)
		channelSum(sum, m, k == 1)
		p[k] = newView(sum, shape.W, k == 1, ms)
	}
	return p
}

func newView(sum []float64, width int, abs bool, ms []measure) view {
	v := view{span: 2}
	if abs {
		v.span = 1
	}
	for _, m := range ms {
		switch m.name {
		case "spearman":
			v.ranks = rank(sum)
		case "kendall":
			v.ordering = newOrdering(sum)
		case "ssim":
			scale := scaledByMagnitude
			if abs {
				scale = scaledByRange
			}
			if shown := scale(sum); shown != nil {
				v.shown = newMoments(shown, width)
			}
		case "hog":
			if shown := scaledByRange(sum); shown != nil {
				v.gradients = newGradients(shown, width)
			}
		}
	}
	return v
}

// scaledByRange scales from minimum and maximum to 0 and 1; nil where x is
// constant.
func scaledByRange(x []float64) []float64 {
	low, high := slices.Min(x), slices.Max(x)
	if !(high > low) {
		return nil
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = (v - low) / (high - low)
	}
	return out
}

// scaledByMagnitude scales by the largest magnitude to -1 to 1; nil where x is 0
// everywhere.
func scaledByMagnitude(x []float64) []float64 {
	largest := 0.0
	for _, v := range x {
		largest = max(largest, math.Abs(v))
	}
	if !(largest > 0) {
		return nil
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / largest
	}
	return out
}

// compare returns the similarities, for each measure the signed and the absolute
// one.
func (p *profile) compare(o profile, ms []measure) []float64 {
	var out []float64
	for _, m := range ms {
		for k := range p {
			out = append(out, m.of(&p[k], &o[k]))
		}
	}
	return out
}
