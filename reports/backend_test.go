package reports

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"io"
	"regexp"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// streams returns the decompressed streams of a PDF.
func streams(t *testing.T, pdf []byte) [][]byte {
	t.Helper()
	var all [][]byte
	for _, m := range regexp.MustCompile(`(?s)stream\r?\n(.*?)endstream`).FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		if data, err := io.ReadAll(z); err == nil {
			all = append(all, data)
		}
	}
	return all
}

// A band's colour reaches the PDF unchanged, not multiplied by its opacity.
func TestPDFBandColour(t *testing.T) {
	p := newPlot("", "", "")
	addBand(p, &curve{x: []float64{0, 1}, y: []float64{1, 2}, half: []float64{0.5, 0.5}, pen: pen{color: color.NRGBA{0, 102, 204, 255}}}, 0, 3, 1)
	f := &Figure{w: 100, h: 100, draw: func(c draw.Canvas) { drawGrid(c, [][]*plot.Plot{{p}}) }}
	pdf, err := f.Render("pdf")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range streams(t, pdf) {
		if bytes.Contains(s, []byte("0.000 0.400 0.800 rg")) {
			return
		}
	}
	t.Error("got no fill of colour 0 0.4 0.8")
}

// Signs beyond ASCII are written in the code page of the PDF's fonts: the
// plus-minus sign is one byte, the ellipsis another.
func TestPDFText(t *testing.T) {
	f := &Figure{w: 100, h: 30, draw: func(c draw.Canvas) {
		c.FillText(sans(8), vg.Point{X: 5, Y: 5}, "\u00b10.5 and\u2026 \u2191")
	}}
	pdf, err := f.Render("pdf")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range streams(t, pdf) {
		if bytes.Contains(s, []byte("(\xb10.5 and\x85 ?)")) {
			return
		}
	}
	t.Error("got no text in Windows 1252")
}

// Images come in the order they were drawn in, top row first on the page: the
// library alone turns them upside down and shuffles those of equal size.
func TestPDFImages(t *testing.T) {
	colours := []color.NRGBA{{200, 0, 0, 255}, {0, 200, 0, 255}, {0, 0, 200, 255}, {9, 9, 9, 255}}
	f := &Figure{w: 100, h: 100, draw: func(c draw.Canvas) {
		for i, top := range colours {
			img := image.NewNRGBA(image.Rect(0, 0, 4, 2))
			for x := range 4 {
				img.SetNRGBA(x, 0, top)
				img.SetNRGBA(x, 1, color.NRGBA{255, 255, 255, 255})
			}
			c.DrawImage(vg.Rectangle{Min: vg.Point{X: vg.Length(20 * i)}, Max: vg.Point{X: vg.Length(20*i + 16), Y: 8}}, img)
		}
	}}
	first, err := f.Render("pdf")
	if err != nil {
		t.Fatal(err)
	}
	widths := regexp.MustCompile(`/Subtype /Image\n/Width (\d+)\n/Height 2\n/ColorSpace /DeviceRGB`).FindAllSubmatch(first, -1)
	var got []string
	for _, w := range widths {
		got = append(got, string(w[1]))
	}
	if len(got) != 4 || got[0] != "4" || got[3] != "7" {
		t.Errorf("widths in the file: got %v, want [4 5 6 7]", got)
	}
	for range 5 {
		again, err := f.Render("pdf")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatal("the same drawing gives other bytes")
		}
	}
}

func TestDrawable(t *testing.T) {
	for text, want := range map[string]bool{"": true, "T-shirt": true, "Größe 5 €": true, "猫": false, "кот": false} {
		if got := Drawable(text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}
