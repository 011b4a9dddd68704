package reports

import (
	"image"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgpdf"
)

// What the drawing backends do not do alike is put right here.

// place draws an image into a rectangle. The PDF backend draws images upside
// down, because it does not undo the flip of its own coordinates.
func place(c draw.Canvas, rect vg.Rectangle, img *image.NRGBA) {
	if _, pdf := c.Canvas.(*vgpdf.Canvas); pdf {
		img = flipped(img)
	}
	c.DrawImage(rect, img)
}

func flipped(img *image.NRGBA) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(b)
	for y := range b.Dy() {
		copy(out.Pix[y*out.Stride:][:4*b.Dx()], img.Pix[(b.Dy()-1-y)*img.Stride:][:4*b.Dx()])
	}
	return out
}

// band is a polygon of a see-through colour.
type band struct {
	*plotter.Polygon
	shade color.NRGBA
}

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	poly := *b.Polygon
	poly.Color = b.shade
	if _, pdf := c.Canvas.(*vgpdf.Canvas); pdf {
		poly.Color = straight(b.shade)
	}
	poly.Plot(c, p)
}

// straight is a colour whose components are not multiplied by its opacity. The
// PDF backend expects them so, and would draw every see-through colour almost
// black otherwise.
type straight color.NRGBA

// RGBA implements color.Color.
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 0x101, uint32(s.G) * 0x101, uint32(s.B) * 0x101, uint32(s.A) * 0x101
}
