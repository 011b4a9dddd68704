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
)

// Baseline is the input that stands for "nothing there". The zero value is 0
// everywhere: in normalised units, so the data set's mean colour. Its text form
// is one of
//
//	zero          0 everywhere
//	-1            that number everywhere, in normalised units
//	image:PATH    a PNG or JPEG of the input's size, normalised as the data set
//	              is, or a .npy array [C,H,W] that is normalised already
type Baseline struct {
	value float32
	path  string // of an image, or ""
}

// ConstantBaseline is v everywhere, in normalised units.
func ConstantBaseline(v float32) Baseline { return Baseline{value: v} }

// ImageBaseline is the image in a file: PNG, JPEG or .npy.
func ImageBaseline(path string) Baseline { return Baseline{path: path} }

// Path returns the file that the baseline is read from, "" if there is none.
func (b Baseline) Path() string { return b.path }

// String returns the text form.
func (b Baseline) String() string {
	switch {
	case b.path != "":
		return "image:" + b.path
	case b.value == 0:
		return "zero"
	}
	return strconv.FormatFloat(float64(b.value), 'g', -1, 32)
}

// MarshalText returns the text form; equal baselines have equal text.
func (b Baseline) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads the text form.
func (b *Baseline) UnmarshalText(text []byte) error {
	s := string(text)
	if path, ok := strings.CutPrefix(s, "image:"); ok {
		if path == "" {
			return fmt.Errorf(`attr: baseline is "image:", want a file after the colon`)
		}
		*b = Baseline{path: path}
		return nil
	}
	if s == "zero" {
		*b = Baseline{}
		return nil
	}
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("attr: baseline is %q, want zero, a finite number or image:PATH", s)
	}
	*b = Baseline{value: float32(v) + 0} // -0 becomes 0
	return nil
}

// check reports a file that cannot be read as an image of the network's input
// shape.
func (b Baseline) check(n *model.Net) error {
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

// pixels returns the baseline in normalised units, [C*H*W].
func (b Baseline) pixels(e *Env) ([]float32, error) {
	s := e.Worker.Model().Net().Input
	if b.path == "" {
		x := make([]float32, s.Size())
		for i := range x {
			x[i] = b.value
		}
		return x, nil
	}
	x, err := b.read(s, e.Mean, e.Std)
	if err != nil {
		return nil, fmt.Errorf("attr: baseline %w", err)
	}
	return x, nil
}

// maxBaselineBytes bounds what is read before the content is looked at.
const maxBaselineBytes = 64 << 20

// read decodes the file and checks its shape; mean and std are per channel, of
// pixel/255.
func (b Baseline) read(s model.Shape, mean, std []float32) ([]float32, error) {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("image %s: %s", b.path, fmt.Sprintf(format, a...))
	}
	info, err := os.Stat(b.path)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	if info.Size() > maxBaselineBytes {
		return nil, fail("the file has %d bytes, want at most %d", info.Size(), maxBaselineBytes)
	}
	raw, err := os.ReadFile(b.path)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	if strings.EqualFold(filepath.Ext(b.path), ".npy") {
		return fromNpy(raw, s, fail)
	}
	return fromImage(raw, s, mean, std, fail)
}

func fromNpy(raw []byte, s model.Shape, fail func(string, ...any) error) ([]float32, error) {
	a, err := npy.Decode(raw)
	if err != nil {
		return nil, fail("%v", err)
	}
	if len(a.Shape) != 3 || a.Shape[0] != s.C || a.Shape[1] != s.H || a.Shape[2] != s.W {
		return nil, fail("the array is %v, want [%d %d %d]", a.Shape, s.C, s.H, s.W)
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
