package reports

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgpdf"
)

// What the drawing backends do not do alike is put right here.

// pdfCanvas draws images as the other canvases do and in an order that is the
// same every time.
type pdfCanvas struct {
	*vgpdf.Canvas
	widest int // pixels of the widest image so far
}

// DrawImage implements vg.Canvas. The library draws images upside down, since
// it does not undo the flip of its own coordinates. And it writes images
// sorted by width, those of equal width in the order of a map: so every image
// is made wider than the one before by transparent columns on its right.
func (c *pdfCanvas) DrawImage(rect vg.Rectangle, img image.Image) {
	b := img.Bounds()
	width := max(b.Dx(), c.widest+1)
	c.widest = width
	out := image.NewNRGBA(image.Rect(0, 0, width, b.Dy()))
	for y := range b.Dy() {
		row := image.Rect(0, b.Dy()-1-y, b.Dx(), b.Dy()-y)
		draw.Draw(out, row, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
	}
	rect.Max.X = rect.Min.X + (rect.Max.X-rect.Min.X)*vg.Length(width)/vg.Length(b.Dx())
	c.Canvas.DrawImage(rect, out)
}

// FillString implements vg.Canvas. The library's fonts are encoded as Windows
// 1252, but it writes and measures text as it comes. What that code page has not
// becomes a question mark.
func (c *pdfCanvas) FillString(f font.Face, at vg.Point, text string) {
	encoded := make([]byte, 0, len(text))
	for _, r := range text {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			b = '?'
		}
		encoded = append(encoded, b)
	}
	c.Canvas.FillString(f, at, string(encoded))
}

// Drawable tells whether figures can show a text in every format: PDF files have
// the characters of Windows 1252 alone, the others those of Liberation Sans, which
// are more.
func Drawable(text string) bool {
	for _, r := range text {
		if _, ok := charmap.Windows1252.EncodeRune(r); !ok {
			return false
		}
	}
	return true
}

// band is a polygon of a see-through colour.
type band struct {
	*plotter.Polygon
	shade color.NRGBA
}

// Plot implements plot.Plotter.
func (b band) Plot(c vgdraw.Canvas, p *plot.Plot) {
	poly := *b.Polygon
	poly.Color = b.shade
	if isPDF(c.Canvas) {
		poly.Color = straight(b.shade)
	}
	poly.Plot(c, p)
}

// isPDF looks through the canvases that the plots wrap around the page.
func isPDF(c vg.Canvas) bool {
	for {
		switch inner := c.(type) {
		case *pdfCanvas:
			return true
		case vgdraw.Canvas:
			c = inner.Canvas
		case *vgdraw.Canvas:
			c = inner.Canvas
		default:
			return false
		}
	}
}

// straight is a colour whose components are not multiplied by its opacity. The
// PDF library expects them so, and would draw every see-through colour almost
// black otherwise.
type straight color.NRGBA

// RGBA implements color.Color.
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 0x101, uint32(s.G) * 0x101, uint32(s.B) * 0x101, uint32(s.A) * 0x101
}
