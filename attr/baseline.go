package attr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // decoders of baseline images
	_ "image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"assay/model"
	"assay/model/npy"
	"assay/model/rng"
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
//	gaussian:SIGMA   the image plus normal noise, sigma in normalised units
//	                 (gaussian: 1), kept between black and white
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
		if k := nearest(word, baselineWords); k != "" {
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

// draws is a baseline ready for use.
type draws struct {
	// n is how many different baselines an image has: 1, the number of images
	// of a distribution, or 0 for noise, where every k is another draw.
	n int
	// fill writes baseline k of the input into dst [C*H*W].
	fill func(in *Input, k int, dst []float32)
}

// drawer gets the baseline ready: reads its file, makes its kernel.
func (b Baseline) drawer(e *Env) (draws, error) {
	s := e.Worker.Model().Net().Input
	size := s.Size()
	fixed := func(x []float32) (draws, error) {
		return draws{1, func(_ *Input, _ int, dst []float32) { copy(dst, x) }}, nil
	}
	var black, white []float32
	switch b.kind {
	case "black", "white", "uniform", "gaussian", "max_distance":
		var err error
		if black, white, err = extremes(e, s); err != nil {
			return draws{}, err
		}
	}
	switch b.kind {
	case "":
		x := make([]float32, size)
		for i := range x {
			x[i] = b.value
		}
		return fixed(x)
	case "black":
		return fixed(black)
	case "white":
		return fixed(white)
	case "mean":
		if len(e.MeanImage) != size {
			return draws{}, fmt.Errorf("attr: baseline mean: the mean of the training images has %d values, want %d", len(e.MeanImage), size)
		}
		return fixed(e.MeanImage)
	case "blur":
		k := newBlurrer(s)
		k.sigma(float64(b.value))
		return draws{1, func(in *Input, _ int, dst []float32) { k.blur(dst, in.X) }}, nil
	case "uniform":
		var st rng.Stream
		return draws{0, func(in *Input, k int, dst []float32) {
			st.Reset(e.Seed, "baseline", in.Index, k)
			for j := range dst {
				dst[j] = float32(float64(black[j]) + float64(st.Float64()*(float64(white[j])-float64(black[j]))))
			}
		}}, nil
	case "gaussian":
		var st rng.Stream
		return draws{0, func(in *Input, k int, dst []float32) {
			st.Reset(e.Seed, "baseline", in.Index, k)
			st.Normals(dst)
			model.AddScaled(b.value, dst, in.X, dst)
			for j, v := range dst {
				dst[j] = min(max(v, black[j]), white[j])
			}
		}}, nil
	case "max_distance":
		return draws{1, func(in *Input, _ int, dst []float32) {
			for j, v := range in.X {
				dst[j] = black[j]
				if white[j]-v > v-black[j] {
					dst[j] = white[j]
				}
			}
		}}, nil
	case "train":
		return b.training(e)
	case "image", "images":
		x, err := b.read(s, e.Mean, e.Std)
		if err != nil {
			return draws{}, fmt.Errorf("attr: baseline %w", err)
		}
		return draws{len(x) / size, func(_ *Input, k int, dst []float32) { copy(dst, x[k*size:(k+1)*size]) }}, nil
	}
	panic("attr: unknown baseline " + b.kind)
}

// one gets a baseline ready that is a single image for every input.
func (b Baseline) one(e *Env) (func(in *Input, dst []float32), error) {
	if b.Distribution() {
		return nil, fmt.Errorf("attr: baseline %s is a distribution of images, want a single one", b)
	}
	d, err := b.drawer(e)
	if err != nil {
		return nil, err
	}
	return func(in *Input, dst []float32) { d.fill(in, 0, dst) }, nil
}

// extremes returns black and white images [C*H*W] in normalised units.
func extremes(e *Env, s model.Shape) (black, white []float32, err error) {
	if len(e.Mean) != s.C || len(e.Std) != s.C {
		return nil, nil, fmt.Errorf("attr: baseline: there are %d means and %d deviations to normalise black and white with, want %d", len(e.Mean), len(e.Std), s.C)
	}
	black, white = make([]float32, s.Size()), make([]float32, s.Size())
	area := s.H * s.W
	for j := range black {
		m, d := e.Mean[j/area], e.Std[j/area]
		black[j], white[j] = (0-m)/d, (1-m)/d
	}
	return black, white, nil
}

// training gets training images ready. The draw is one permutation of them for
// the run, of which train:N takes the first N.
func (b Baseline) training(e *Env) (draws, error) {
	if e.Train == nil || e.TrainSize < 1 {
		return draws{}, fmt.Errorf("attr: baseline %s: there are no training images", b)
	}
	if b.count == 0 {
		return draws{e.TrainSize, func(_ *Input, k int, dst []float32) { e.Train(k, dst) }}, nil
	}
	if b.count > e.TrainSize {
		return draws{}, fmt.Errorf("attr: baseline %s: there are %d training images", b, e.TrainSize)
	}
	// Fisher and Yates from the front; the map holds what is out of its place.
	s := rng.New(e.Seed, "baseline images")
	moved := map[int]int{}
	place := func(i int) int {
		if v, ok := moved[i]; ok {
			return v
		}
		return i
	}
	chosen := make([]int, b.count)
	for i := range chosen {
		j := i + s.IntN(e.TrainSize-i)
		chosen[i] = place(j)
		moved[j] = place(i)
	}
	return draws{b.count, func(_ *Input, k int, dst []float32) { e.Train(chosen[k], dst) }}, nil
}

// maxBaselineBytes bounds what is read before the content is looked at.
const maxBaselineBytes = 64 << 20

// read decodes the file and checks its shape; mean and std are per channel, of
// pixel/255. The result holds one image, or those of a distribution.
func (b Baseline) read(s model.Shape, mean, std []float32) ([]float32, error) {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("%s %s: %s", b.kind, b.path, fmt.Sprintf(format, a...))
	}
	info, err := os.Stat(b.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.kind, err)
	}
	if info.Size() > maxBaselineBytes {
		return nil, fail("the file has %d bytes, want at most %d", info.Size(), maxBaselineBytes)
	}
	raw, err := os.ReadFile(b.path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.kind, err)
	}
	if b.kind == "images" {
		return fromNpy(raw, s, true, fail)
	}
	if strings.EqualFold(filepath.Ext(b.path), ".npy") {
		return fromNpy(raw, s, false, fail)
	}
	return fromImage(raw, s, mean, std, fail)
}

// fromNpy reads [C,H,W], or [N,C,H,W] for many.
func fromNpy(raw []byte, s model.Shape, many bool, fail func(string, ...any) error) ([]float32, error) {
	a, err := npy.Decode(raw)
	if err != nil {
		return nil, fail("%v", err)
	}
	shape, want := a.Shape, fmt.Sprintf("[%d %d %d]", s.C, s.H, s.W)
	if many {
		want = fmt.Sprintf("[N %d %d %d], N at least 1", s.C, s.H, s.W)
		if len(shape) != 4 || shape[0] < 1 {
			return nil, fail("the array is %v, want %s", a.Shape, want)
		}
		shape = shape[1:]
	}
	if len(shape) != 3 || shape[0] != s.C || shape[1] != s.H || shape[2] != s.W {
		return nil, fail("the array is %v, want %s", a.Shape, want)
	}
	x := a.Float32s()
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, fail("value %d is %v, want finite numbers", i, v)
		}
	}
	return x, nil
}

func fromImage(raw []byte, s model.Shape, mean, std []float32, fail func(string, ...any) error) ([]float32, error) {
	if s.C != 1 && s.C != 3 {
		return nil, fail("a PNG or JPEG has 1 or 3 channels, the network takes %d; use .npy", s.C)
	}
	if len(mean) != s.C || len(std) != s.C {
		return nil, fail("there are %d means and %d deviations to normalise it with, want %d", len(mean), len(std), s.C)
	}
	// The header first: an image that claims a huge size is refused unread.
	head, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, fail("%v", err)
	}
	if head.Width != s.W || head.Height != s.H {
		return nil, fail("it is %dx%d pixels, want %dx%d", head.Width, head.Height, s.W, s.H)
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fail("%v", err)
	}
	x := make([]float32, s.Size())
	area := s.H * s.W
	at := img.Bounds().Min
	for r := range s.H {
		for c := range s.W {
			px := color.NRGBAModel.Convert(img.At(at.X+c, at.Y+r)).(color.NRGBA)
			v := [3]uint8{px.R, px.G, px.B}
			if s.C == 1 {
				v[0] = color.GrayModel.Convert(px).(color.Gray).Y
			}
			for k := range s.C {
				// In float32, as data sets are normalised: an image of the set
				// as a baseline has the very values of the input.
				x[k*area+r*s.W+c] = (float32(v[k])/255 - mean[k]) / std[k]
			}
		}
	}
	return x, nil
}
