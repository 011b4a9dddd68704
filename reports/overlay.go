package reports

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// Sign says which part of a map is shown, by Captum's names.
type Sign string

// The signs of Captum's visualize_image_attr, and auto, which follows the map.
const (
	Auto     Sign = "auto"
	All      Sign = "all"            // both signs, diverging colours
	Absolute Sign = "absolute_value" // the magnitude of the channel sum
	Positive Sign = "positive"       // what speaks for the class
	Negative Sign = "negative"       // what speaks against it, as a magnitude
)

// Normalized reduces a map [C][H][W] to one value per pixel [H*W] in [-1, 1]
// for Sign All and in [0, 1] for the others, as Captum's visualize_image_attr
// does: channels are summed first, then the sign is applied, then everything
// is divided by a scale and clipped. The scale is the value at which the
// cumulative sum of the sorted magnitudes reaches 100-outlier percent of their
// total: the largest magnitudes, holding outlier percent of the sum, saturate.
//
// A map without anything of the sign is all zero, where Captum refuses it.
func Normalized(m []float32, channels int, sign Sign, outlier float64) []float64 {
	v := signed(channelSum(m, channels), sign)
	return divided(v, CumulativeThreshold(magnitudes(v), 100-outlier))
}

// channelSum adds up the channels of a map.
func channelSum(m []float32, channels int) []float64 {
	area := len(m) / channels
	v := make([]float64, area)
	for c := range channels {
		for i := range v {
			v[i] += float64(m[c*area+i])
		}
	}
	return v
}

// signed keeps in v what the sign shows.
func signed(v []float64, sign Sign) []float64 {
	for i, x := range v {
		switch sign {
		case Absolute:
			v[i] = math.Abs(x)
		case Positive:
			v[i] = math.Max(x, 0)
		case Negative:
			v[i] = math.Max(-x, 0)
		}
	}
	return v
}

func magnitudes(v []float64) []float64 {
	size := make([]float64, len(v))
	for i, x := range v {
		size[i] = math.Abs(x)
	}
	return size
}

// divided brings v to its scale and clips it.
func divided(v []float64, scale float64) []float64 {
	for i := range v {
		if scale == 0 {
			v[i] = 0
			continue
		}
		v[i] = math.Max(-1, math.Min(1, v[i]/scale))
	}
	return v
}

// CumulativeThreshold returns the smallest of the values at which the
// cumulative sum of the values in ascending order reaches percent of their
// total. The values must not be negative; 0 for no values.
func CumulativeThreshold(values []float64, percent float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	total := 0.0
	for _, x := range sorted {
		total += x
	}
	limit := total * 0.01 * percent
	sum := 0.0
	for _, x := range sorted {
		sum += x
		if sum >= limit {
			return x
		}
	}
	return sorted[len(sorted)-1]
}

// drawn draws one map by the method of p, every pixel of the image k dots wide.
// v is normalised, [h*w]; where that is not the size of the image, as in a
// layer, every value covers its share of the image.
//
//	heat_map          the colour of the value
//	blended_heat_map  that, alpha_overlay opaque, over the grey image: the mean
//	                  of the channels stretched to the full range, as
//	                  matplotlib's imshow shows it
//	masked_image      the pixel times the value, rounded down
//	alpha_scaling     the pixel on white paper, 255 times the value opaque
//	original_image    the pixel
func (p *Picture) drawn(v []float64, h, w int, pixels []byte, height, width, k int, m *colormap) *image.NRGBA {
	var grey []float64
	if p.Method == "blended_heat_map" {
		grey = greyscale(pixels, height*width)
	}
	original := photo(pixels, height, width)
	out := image.NewNRGBA(image.Rect(0, 0, width*k, height*k))
	for y := range height * k {
		for x := range width * k {
			o := original.NRGBAAt(x/k, y/k)
			c := o
			if p.Method != "original_image" {
				t := v[y*h/(height*k)*w+x*w/(width*k)]
				switch p.Method {
				case "masked_image":
					mask := func(a uint8) uint8 { return uint8(math.Max(0, float64(a)*t)) }
					c = color.NRGBA{mask(o.R), mask(o.G), mask(o.B), 255}
				case "alpha_scaling":
					opaque := math.Floor(math.Max(0, t)*255) / 255
					lay := func(a uint8) uint8 {
						return uint8(float64(float64(a)*opaque) + float64(255*(1-opaque)) + 0.5)
					}
					c = color.NRGBA{lay(o.R), lay(o.G), lay(o.B), 255}
				default:
					c = m.at(t)
					if grey != nil {
						g := float64((1 - p.AlphaOverlay) * grey[y/k*width+x/k])
						lay := func(a uint8) uint8 { return uint8(float64(p.AlphaOverlay*float64(a)) + g + 0.5) }
						c = color.NRGBA{lay(c.R), lay(c.G), lay(c.B), 255}
					}
				}
			}
			out.SetNRGBA(x, y, c)
		}
	}
	return out
}

// greyscale returns the mean of the channels stretched to 0..255; an image of
// one grey stays as it is.
func greyscale(pixels []byte, area int) []float64 {
	g := make([]float64, area)
	channels := len(pixels) / area
	for i := range g {
		sum := 0
		for c := range channels {
			sum += int(pixels[c*area+i])
		}
		g[i] = float64(sum) / float64(channels)
	}
	lo, hi := slices.Min(g), slices.Max(g)
	if hi > lo {
		for i := range g {
			g[i] = (g[i] - lo) * 255 / (hi - lo)
		}
	}
	return g
}

// photo turns pixels [C][H][W] into an image: one channel is grey, three are
// red, green and blue; of any other number the mean is shown.
func photo(pixels []byte, h, w int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	area := h * w
	channels := len(pixels) / area
	for i := range area {
		var c color.NRGBA
		if channels == 3 {
			c = color.NRGBA{pixels[i], pixels[area+i], pixels[2*area+i], 255}
		} else {
			sum := 0
			for k := range channels {
				sum += int(pixels[k*area+i])
			}
			g := uint8(sum / channels)
			c = color.NRGBA{g, g, g, 255}
		}
		out.SetNRGBA(i%w, i/w, c)
	}
	return out
}

// enlarge repeats every pixel k times in both directions, so that a viewer's
// interpolation cannot blur them.
func enlarge(m *image.NRGBA, k int) *image.NRGBA {
	b := m.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx()*k, b.Dy()*k))
	for y := range b.Dy() * k {
		for x := range b.Dx() * k {
			out.SetNRGBA(x, y, m.NRGBAAt(x/k, y/k))
		}
	}
	return out
}
