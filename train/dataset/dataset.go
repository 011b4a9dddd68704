// Package dataset reads and generates labelled images.
//
// Every set is one line of Sets; Open decodes one split of it into memory. The
// bytes of an image never depend on anything but the files (or, for generated
// images, the seed, the split and the image's index), so Dataset.Hash names the
// data in stored results.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"sync"

	"assay/model"
)

// Dataset is one split of a labelled image collection, decoded into memory. It
// is safe for concurrent use as long as nobody changes it.
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

	once sync.Once
	hash string
}

// Len returns the number of images.
func (d *Dataset) Len() int { return len(d.Labels) }

// Image returns the pixels of image i, [C][H][W] in 0..255, not to be modified.
func (d *Dataset) Image(i int) []byte {
	n := d.Shape.Size()
	return d.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Mask returns the object's mask of image i, [H][W] of 0 and 1, nil where the
// set has none.
func (d *Dataset) Mask(i int) []byte {
	if d.Masks == nil {
		return nil
	}
	n := d.Shape.H * d.Shape.W
	return d.Masks[i*n : (i+1)*n : (i+1)*n]
}

// Normalize writes image i as (pixel/255 - mean)/std into x [C*H*W].
func (d *Dataset) Normalize(i int, x []float32) {
	area := d.Shape.H * d.Shape.W
	p := d.Pixels[i*len(x) : (i+1)*len(x)]
	var of [256]float32 // a value of a pixel, normalised
	for c := range d.Shape.C {
		m, s := d.Mean[c], d.Std[c]
		for v := range of {
			of[v] = (float32(v)/255 - m) / s
		}
		to := x[c*area : (c+1)*area]
		for j, v := range p[c*area : (c+1)*area] {
			to[j] = of[v]
		}
	}
}

// Hash returns the SHA-256, in hexadecimal, of what the images are: shape,
// classes, normalisation, pixels, labels and masks of the whole split. The
// set's name, the split's and the files' do not enter, so the same images hash
// alike wherever they come from. It is computed once.
func (d *Dataset) Hash() string {
	d.once.Do(func() {
		h := sha256.New()
		var b []byte
		u64 := func(v int) { b = binary.LittleEndian.AppendUint64(b, uint64(int64(v))) }
		b = append(b, "assay dataset 1\n"...)
		u64(d.Shape.C)
		u64(d.Shape.H)
		u64(d.Shape.W)
		u64(len(d.Classes))
		for _, c := range d.Classes {
			u64(len(c))
			b = append(b, c...)
		}
		for _, n := range [][]float32{d.Mean, d.Std} {
			u64(len(n))
			for _, v := range n {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			}
		}
		u64(len(d.Labels))
		for _, l := range d.Labels {
			u64(l)
		}
		u64(len(d.Pixels))
		h.Write(b)
		h.Write(d.Pixels)
		b = b[:0]
		u64(len(d.Masks))
		h.Write(b)
		h.Write(d.Masks)
		d.hash = hex.EncodeToString(h.Sum(nil))
	})
	return d.hash
}
