package metrics

import (
	"errors"
	"math"

	"assay/model"
)

// AttributionLocalisation is the share of the attribution that lies on the
// object: the inside-total relevance ratio.
//
// Kohlbrenner, Bauer, Nakajima, Binder, Samek & Lapuschkin, "Towards Best
// Practice in Explaining Neural Network Decisions with LRP", IJCNN 2020. The
// paper adds up positive relevance alone, one number per pixel: Abs false, with
// negative channel sums left out. Quantus takes absolute values by default, and
// so do we (Abs true: the channel sum of |attribution|); without them it adds up
// negative values too, where its ratio can be anything. The paper's weighted
// ratio is divided by the object's share of the image, so that chance is 1;
// Quantus multiplies by it. Both of Quantus's ways are Compat's.
//
// The value is NaN where the object has no pixel, or all of them, or more than
// MaxSize allows, and where the map is 0.
type AttributionLocalisation struct {
	// Abs takes the channel sum of |attribution| for a pixel; false takes that of
	// the attribution, where it is positive.
	Abs bool `yaml:"abs" doc:"add up channel sums of absolute values; false adds up the positive channel sums"`
	// Weighted divides by the object's share of the image, 1 is then chance.
	Weighted bool `yaml:"weighted" doc:"divide by the object's share of the image"`
	// MaxSize is the largest share of the image that an object may have to be
	// scored, above 0, at most 1.
	MaxSize float64 `yaml:"max_size" doc:"largest share of the image that an object may have to be scored" jsonschema:"exclusiveMinimum=0,maximum=1"`
	// Compat "quantus" adds negative channel sums to both sides of the ratio if
	// Abs is false, and multiplies by the object's share where Weighted divides.
	Compat string `yaml:"compat" doc:"quantus: negative sums count where abs is false, and weighted multiplies" jsonschema:"enum=,enum=quantus"`
}

func (*AttributionLocalisation) needsMask() {}

// Check reports an unknown compat and a max_size that is no share.
func (o *AttributionLocalisation) Check(*model.Net) error {
	var ps problems
	if !(o.MaxSize > 0 && o.MaxSize <= 1) {
		ps.add("max_size", "is %v, want more than 0, at most 1", o.MaxSize)
	}
	ps.quantus(o.Compat)
	return errors.Join(ps...)
}

// Series describes the ratio.
func (o *AttributionLocalisation) Series(*model.Net) []Series {
	about := "share of the attribution on the object"
	switch {
	case o.Weighted && o.Compat == "quantus":
		about += ", times the object's share of the image"
	case o.Weighted:
		about += ", over the object's share of the image"
	}
	return []Series{{Name: "ratio", About: about, Better: +1}}
}

// Score needs Map and Mask of the cases; neither the worker nor Explain.
func (o *AttributionLocalisation) Score(_ *Env, cases []Case) ([][]float64, error) {
	return onObject("attribution_localisation", cases, o.Abs, func(v []float64, mask []byte, object int) float64 {
		share := float64(object) / float64(len(v))
		in, total := inside(v, mask, o.Compat != "quantus")
		if share > o.MaxSize || total == 0 {
			return math.NaN()
		}
		ratio := in / total
		switch {
		case ratio > 1: // only Quantus's signed sums get there, and Quantus gives no value
			return math.NaN()
		case o.Weighted && o.Compat == "quantus":
			ratio *= share
		case o.Weighted:
			ratio /= share
		}
		return ratio
	})
}
