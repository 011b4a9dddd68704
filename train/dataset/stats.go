package dataset

import "math"

// Counts returns the number of images of each class.
func (d *Dataset) Counts() []int {
	n := make([]int, len(d.Classes))
	for _, l := range d.Labels {
		n[l]++
	}
	return n
}

// Moments returns the measured mean and standard deviation (with N, not N-1,
// in the denominator) of pixel/255 per channel, over all images of the split.
// A split without images gives NaN.
func (d *Dataset) Moments() (mean, std []float64) {
	mean, std = make([]float64, d.Shape.C), make([]float64, d.Shape.C)
	for c, h := range d.histograms() {
		var n, sum int64
		for v, k := range h {
			n += k
			sum += int64(v) * k
		}
		m := float64(sum) / float64(n)
		var q float64
		for v, k := range h {
			e := float64(v) - m
			q += float64(float64(k) * float64(e*e))
		}
		mean[c], std[c] = m/255, math.Sqrt(q/float64(n))/255
	}
	return mean, std
}

// ChannelMean returns the mean of the normalised images of the split per
// channel: what "fill with the mean" means to a network.
func (d *Dataset) ChannelMean() []float64 {
	mean, _ := d.Moments()
	for c := range mean {
		mean[c] = (mean[c] - float64(d.Mean[c])) / float64(d.Std[c])
	}
	return mean
}

// histograms counts the pixels of every value per channel. Counts are exact, so
// the moments do not depend on the order of summation.
func (d *Dataset) histograms() [][256]int64 {
	h := make([][256]int64, d.Shape.C)
	area := d.Shape.H * d.Shape.W
	for i := range d.Len() {
		x := d.Image(i)
		for c := range h {
			for _, v := range x[c*area : (c+1)*area] {
				h[c][v]++
			}
		}
	}
	return h
}
