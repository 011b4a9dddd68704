package attr

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"assay/model"
	"assay/model/spelling"
)

// Baseline is the input that stands for "nothing there". The zero value is 0
// everywhere, in normalised units: the colour that normalisation subtracts. Its
// text form is one of
//
//	zero             0 everywhere
//	-1               that number everywhere, in normalised units
//	black, white     pixels 0 or 255, normalised: (0-mean)/std, (1-mean)/std
//	mean             the mean of the training images, pixel by pixel
//	blur:SIGMA       the image itself under a Gaussian, sigma in pixels (blur: 5)
//	uniform          noise, every value uniform between black and white
//	gaussian:SIGMA   normal noise around the image, sigma in normalised units
//	                 (gaussian: 1), truncated to black to white
//	max_distance     for every value black or white, whichever is farther away
//	image:PATH       a PNG or JPEG of the input's size, normalised as the data
//	                 set is, or a .npy array [C,H,W] that is normalised already
//
// and, for methods that average over a distribution of images,
//
//	train            the training images
//	train:N          N of them, drawn once for the run; those of train:5 are
//	                 the first five of train:50
//	images:PATH      a .npy array [N,C,H,W], normalised already
//
// blur, uniform, gaussian and max_distance depend on the image. They and black,
// white, mean and train are the baselines of Sturmfels, Lundberg & Lee,
// "Visualizing the Impact of Feature Attribution Baselines", Distill 2020.
type Baseline struct {
	kind  string  // the word of the text form, "" for a constant
	value float32 // the constant or SIGMA
	count int     // N of train, 0 for all
	path  string  // of an image or images
}

// Defaults of the words that may stand without their number.
const (
	blurSigma     = 5
	gaussianSigma = 1
)

// ConstantBaseline is v everywhere, in normalised units.
func ConstantBaseline(v float32) Baseline { return Baseline{value: v + 0} }

// ImageBaseline is the image in a file: PNG, JPEG or .npy.
func ImageBaseline(path string) Baseline { return Baseline{kind: "image", path: path} }

// ParseBaseline returns the baseline of a text form.
func ParseBaseline(text string) (Baseline, error) {
	var b Baseline
	err := b.UnmarshalText([]byte(text))
	return b, err
}

// Path returns the file that the baseline is read from, "" if there is none.
func (b Baseline) Path() string { return b.path }

// Distribution reports whether the baseline is many images, of which a method
// that takes one could not say which.
func (b Baseline) Distribution() bool { return b.kind == "train" || b.kind == "images" }

// String returns the text form.
func (b Baseline) String() string {
	number := strconv.FormatFloat(float64(b.value), 'g', -1, 32)
	switch {
	case b.path != "":
		return b.kind + ":" + b.path
	case b.kind == "blur" || b.kind == "gaussian":
		return b.kind + ":" + number
	case b.kind == "train" && b.count > 0:
		return fmt.Sprint("train:", b.count)
	case b.kind != "":
		return b.kind
	case b.value == 0:
		return "zero"
	}
	return number
}

// MarshalText returns the text form; equal baselines have equal text.
func (b Baseline) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// baselineWords are the text forms but for numbers, for a mistyped one.
var baselineWords = []string{"zero", "black", "white", "mean", "blur", "uniform", "gaussian", "max_distance", "train", "image:PATH", "images:PATH"}

// UnmarshalText reads the text form.
func (b *Baseline) UnmarshalText(text []byte) error {
	s := string(text)
	word, rest, colon := strings.Cut(s, ":")
	switch word {
	case "image", "images":
		if !colon {
			break
		}
		if rest == "" {
			return fmt.Errorf(`attr: baseline is "%s:", want a file after the colon`, word)
		}
		*b = Baseline{kind: word, path: rest}
		return nil
	case "zero":
		if !colon {
			*b = Baseline{}
			return nil
		}
	case "black", "white", "mean", "uniform", "max_distance":
		if !colon {
			*b = Baseline{kind: word}
			return nil
		}
	case "blur", "gaussian":
		*b = Baseline{kind: word, value: blurSigma}
		most := float64(maxBlurSigma)
		if word == "gaussian" {
			b.value, most = gaussianSigma, 1000
		}
		if !colon {
			return nil
		}
		v, err := strconv.ParseFloat(rest, 32)
		if err != nil || !(v > 0 && v <= most) {
			return fmt.Errorf("attr: baseline is %q, want a number above 0, at most %v, after the colon", s, most)
		}
		b.value = float32(v)
		return nil
	case "train":
		*b = Baseline{kind: word}
		if !colon {
			return nil
		}
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return fmt.Errorf("attr: baseline is %q, want a number of images, 1 or more, after the colon", s)
		}
		b.count = n
		return nil
	}
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		hint := ""
		if k := spelling.Nearest(word, baselineWords); k != "" {
			hint = fmt.Sprintf("; did you mean %q?", k)
		}
		return fmt.Errorf("attr: baseline is %q, want a finite number or one of %s%s", s, strings.Join(baselineWords, ", "), hint)
	}
	*b = Baseline{value: float32(v) + 0} // -0 becomes 0
	return nil
}

// check reports a distribution, and a file that cannot be read as an image of
// the network's input shape.
func (b Baseline) check(n *model.Net) error {
	if b.Distribution() {
		return &Problem{Option: "baseline", Msg: fmt.Sprintf("is %s, a distribution of images; want a single one (expected_gradients, gradient_shap and deep_lift_shap take distributions)", b)}
	}
	return b.checkAny(n)
}

// checkAny is check for methods that take distributions.
func (b Baseline) checkAny(n *model.Net) error {
	if b.path == "" {
		return nil
	}
	// Any normalisation will do to see whether the file fits.
	one := make([]float32, n.Input.C)
	for i := range one {
		one[i] = 1
	}
	if _, err := b.read(n.Input, one, one); err != nil {
		return &Problem{Option: "baseline", Msg: err.Error()}
	}
	return nil
}

// UsesMeanImage reports whether m asks for Env.MeanImage.
func UsesMeanImage(m Method) bool {
	for _, b := range baselinesOf(m) {
		if b.kind == "mean" {
			return true
		}
	}
	return false
}

// UsesTraining reports whether m asks for Env.Train, and how many images that
// must have at least: N of train:N.
func UsesTraining(m Method) (least int, uses bool) {
	for _, b := range baselinesOf(m) {
		if b.kind == "train" {
			least, uses = max(least, b.count, 1), true
		}
	}
	return least, uses
}

// based is a method that compares with baselines.
type based interface{ baselines() []Baseline }

// baselinesOf returns the baselines of m and of the method under it.
func baselinesOf(m Method) []Baseline {
	switch o := m.(type) {
	case *NoiseTunnel:
		return baselinesOf(o.Over)
	case based:
		return o.baselines()
	}
	return nil
}
