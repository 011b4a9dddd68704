package metrics

import (
	"fmt"
	"math"
)

// NeedsMask tells whether the metric holds maps against the object's mask
// (Case.Mask), and so can score nothing on a data set that has none.
func NeedsMask(m Metric) bool {
	_, needs := m.(interface{ needsMask() })
	return needs
}

// onObject holds the map of every case against the object's mask. score gets one
// number per pixel, the sum over the channels of the attribution's absolute
// values if abs, of the attribution itself otherwise; the mask, not 0 on the
// object; and how many pixels the object has. Where it has none, or all, there is
// nothing to find: the value is NaN and score is not asked.
func onObject(metric string, cases []Case, abs bool, score func(v []float64, mask []byte, object int) float64) ([][]float64, error) {
	out := make([][]float64, len(cases))
	for i := range cases {
		c := &cases[i]
		area := len(c.Mask)
		switch {
		case area == 0:
			return nil, fmt.Errorf("metrics: %s: image %d has no object mask", metric, c.Index)
		case len(c.Map) == 0 || len(c.Map)%area != 0:
			return nil, fmt.Errorf("metrics: %s: image %d: the number of attributions is %d, want a multiple of the mask's %d pixels", metric, c.Index, len(c.Map), area)
		}
		object := 0
		for _, m := range c.Mask {
			if m != 0 {
				object++
			}
		}
		out[i] = []float64{math.NaN()}
		if object == 0 || object == area {
			continue
		}
		v := make([]float64, area)
		channelSum(v, c.Map, abs)
		out[i][0] = score(v, c.Mask, object)
	}
	return out, nil
}

// inside returns the sum of the values on the object and of all. Of positive
// values alone if positive.
func inside(v []float64, mask []byte, positive bool) (in, total float64) {
	for p, x := range v {
		if positive && x < 0 {
			continue
		}
		total += x
		if mask[p] != 0 {
			in += x
		}
	}
	return in, total
}

// hits returns how many of the k largest values lie on the object. Of values
// that are equal and do not all fit among the k, it counts the share that lies
// on the object: what a random choice among them gives on average. So a constant
// map hits by chance, wherever the object is.
func hits(v []float64, mask []byte, k int) float64 {
	order := argsort(v)
	least := v[order[len(order)-k]] // of the k largest
	above, aboveOn, tied, tiedOn := 0, 0, 0, 0
	for p, x := range v {
		on := 0
		if mask[p] != 0 {
			on = 1
		}
		switch {
		case x > least:
			above++
			aboveOn += on
		case x == least:
			tied++
			tiedOn += on
		}
	}
	return float64(aboveOn) + float64((k-above)*tiedOn)/float64(tied)
}
