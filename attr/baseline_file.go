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
	"strings"

	"assay/model"
	"assay/model/npy"
)

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
