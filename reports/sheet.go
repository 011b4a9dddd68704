package reports

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	fix "golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Tile is one image of a contact sheet.
type Tile struct {
	C, H, W int
	Pixels  []byte // [C][H][W], 0..255; C is 1 or 3
	Title   string // first line under the image: "3 plane"
	Note    string // second line: what the network says; may be empty
	Mark    Mark   // before the note
}

// Mark says by its form, not by its colour alone, whether a prediction is right.
type Mark int

// The marks.
const (
	NoMark Mark = iota
	Right       // a tick
	Wrong       // a cross
)

// Lengths of a sheet in pixels.
const (
	sheetSide   = 96 // smallest side of a shown image; small images are enlarged by a whole factor
	sheetMost   = 512
	sheetGap    = 12
	sheetFont   = 14 // size of the writing
	sheetLine   = 18 // from line to line
	sheetMark   = 12 // side of a mark
	sheetMargin = 16
)

var (
	sheetInk   = color.RGBA{0x22, 0x22, 0x22, 0xff}
	sheetRight = color.RGBA{0x00, 0x9e, 0x73, 0xff} // Okabe & Ito's bluish green
	sheetWrong = color.RGBA{0xd5, 0x5e, 0x00, 0xff} // and vermillion, told apart by all
)

// Sheet lays the tiles out in rows of cols, each with its lines of writing. All
// tiles have the shape of the first, at most 512 pixels wide and high. cols is
// at least 1. The same tiles give the same pixels.
func Sheet(tiles []Tile, cols int) (*image.RGBA, error) {
	if len(tiles) == 0 || cols < 1 {
		return nil, fmt.Errorf("reports: sheet: %d images in %d columns, want at least 1 of each", len(tiles), cols)
	}
	t := tiles[0]
	if t.C != 1 && t.C != 3 || t.H < 1 || t.W < 1 || max(t.H, t.W) > sheetMost {
		return nil, fmt.Errorf("reports: sheet: images of %dx%dx%d, want 1 or 3 channels and 1 to %d pixels a side", t.C, t.H, t.W, sheetMost)
	}
	lines := 1
	for i, u := range tiles {
		if u.C != t.C || u.H != t.H || u.W != t.W || len(u.Pixels) != t.C*t.H*t.W {
			return nil, fmt.Errorf("reports: sheet: image %d is %dx%dx%d in %d bytes, want %dx%dx%d", i, u.C, u.H, u.W, len(u.Pixels), t.C, t.H, t.W)
		}
		if u.Note != "" || u.Mark != NoMark {
			lines = 2
		}
	}
	parsed, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("reports: sheet: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: sheetFont, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("reports: sheet: %w", err)
	}
	defer face.Close()

	scale := max(1, (sheetSide+min(t.H, t.W)-1)/min(t.H, t.W))
	cols = min(cols, len(tiles))
	rows := (len(tiles) + cols - 1) / cols
	w, h := t.W*scale, t.H*scale+6+lines*sheetLine
	s := image.NewRGBA(image.Rect(0, 0, 2*sheetMargin+cols*(w+sheetGap)-sheetGap, 2*sheetMargin+rows*(h+sheetGap)-sheetGap))
	draw.Draw(s, s.Bounds(), image.White, image.Point{}, draw.Src)
	for i, u := range tiles {
		x, y := sheetMargin+i%cols*(w+sheetGap), sheetMargin+i/cols*(h+sheetGap)
		u.enlarge(s, x, y, scale)
		y += t.H*scale + sheetLine
		write(s, face, x, y, w, u.Title)
		y += sheetLine
		left := x
		if u.Mark != NoMark {
			u.Mark.draw(s, x, y-sheetMark+1)
			left += sheetMark + 4
		}
		write(s, face, left, y, x+w-left, u.Note)
	}
	return s, nil
}

// enlarge repeats every pixel, so that no value is seen that is not in the data.
func (t *Tile) enlarge(s *image.RGBA, x, y, scale int) {
	area := t.H * t.W
	for j := range t.H * scale {
		for i := range t.W * scale {
			k := j/scale*t.W + i/scale
			c := color.RGBA{t.Pixels[k], t.Pixels[k], t.Pixels[k], 0xff}
			if t.C == 3 {
				c.G, c.B = t.Pixels[area+k], t.Pixels[2*area+k]
			}
			s.SetRGBA(x+i, y+j, c)
		}
	}
}

// write puts one line with its baseline at y, cut short to width pixels.
func write(s *image.RGBA, face font.Face, x, y, width int, text string) {
	d := font.Drawer{Dst: s, Src: image.NewUniform(sheetInk), Face: face, Dot: fix.P(x, y)}
	if fits := func(t string) bool { return d.MeasureString(t) <= fix.I(width) }; !fits(text) {
		r := []rune(text)
		for len(r) > 0 && !fits(string(r)+"…") {
			r = r[:len(r)-1]
		}
		text = string(r) + "…"
	}
	d.DrawString(text)
}

// draw paints the mark in a square whose upper left corner is (x, y). The
// strokes are our own: few fonts have a tick.
func (m Mark) draw(s *image.RGBA, x, y int) {
	z := vector.NewRasterizer(sheetMark, sheetMark)
	line := func(ax, ay, bx, by, nx, ny float32) { // from a to b, (nx, ny) half a stroke aside
		z.MoveTo(ax+nx, ay+ny)
		z.LineTo(bx+nx, by+ny)
		z.LineTo(bx-nx, by-ny)
		z.LineTo(ax-nx, ay-ny)
		z.ClosePath()
	}
	ink := sheetRight
	if m == Right {
		// One outline: two strokes that overlap would be rasterised unevenly.
		for i, p := range [][2]float32{{0.5, 6.5}, {2, 5}, {4.5, 7.5}, {10, 1.5}, {11.5, 3}, {4.5, 10.5}} {
			if i == 0 {
				z.MoveTo(p[0], p[1])
			} else {
				z.LineTo(p[0], p[1])
			}
		}
		z.ClosePath()
	} else {
		ink = sheetWrong
		line(2, 2, 10, 10, 0.8, -0.8)
		line(10, 2, 2, 10, 0.8, 0.8)
	}
	z.Draw(s, image.Rect(x, y, x+sheetMark, y+sheetMark), image.NewUniform(ink), image.Point{})
}
