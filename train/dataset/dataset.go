// Package dataset reads and generates labelled images.
package dataset

import "assay/model"

// Dataset is one split of a labelled image collection, decoded into memory.
type Dataset struct {
	Name    string      // "cifar10"
	Split   string      // "train" or "test"
	Shape   model.Shape // of one image
	Classes []string
	Mean    []float32 // per channel, of pixel/255
	Std     []float32 // per channel
	Pixels  []byte    // [N][C][H][W], 0..255
	Labels  []int     // [N]
	Masks   []byte    // [N][H][W], 1 on the object; nil where the set has none
}

// Len returns the number of images.
func (d *Dataset) Len() int { return len(d.Labels) }

// Normalize writes image i as (pixel/255 - mean)/std into x [C*H*W].
func (d *Dataset) Normalize(i int, x []float32) {
	area := d.Shape.H * d.Shape.W
	p := d.Pixels[i*len(x) : (i+1)*len(x)]
	for c := range d.Shape.C {
		m, s := d.Mean[c], d.Std[c]
		for j := c * area; j < (c+1)*area; j++ {
			x[j] = (float32(p[j])/255 - m) / s
		}
	}
}
