package reports

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// dpi of the PNG files: print quality for line art of this size.
const dpi = 200

// dot is one pixel of the PNG. Pictures are placed on whole dots, so that
// their pixels stay squares.
const dot = vg.Inch / dpi

// Figure is one drawing before it is written in any format.
type Figure struct {
	ID      string // file name
	Title   string
	Caption string // what to look for, and the convention used
	w, h    vg.Length
	draw    func(c draw.Canvas)
	raster  bool // holds photographs: pages embed the PNG rather than the SVG
	detail  bool // the pages fold it away
}

// Render draws the figure as png, svg or pdf.
func (f *Figure) Render(format string) ([]byte, error) {
	var c interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch format {
	case "png":
		c = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.w, f.h), vgimg.UseDPI(dpi))}
	case "svg":
		c = vgsvg.New(f.w, f.h)
	case "pdf":
		undated()
		c = &pdfCanvas{Canvas: vgpdf.New(f.w, f.h)}
	default:
		return nil, fmt.Errorf("reports: figure format %q, want png, svg or pdf", format)
	}
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("reports: figure %s as %s: %w", f.ID, format, err)
	}
	if format == "svg" {
		return portable(b.Bytes()), nil
	}
	return b.Bytes(), nil
}

// undated takes what changes from run to run out of PDF files: the date, and
// the order of the fonts, which is that of a map. The library has switches for
// all documents only.
var undated = sync.OnceFunc(func() {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	fpdf.SetDefaultCreationDate(epoch)
	fpdf.SetDefaultModificationDate(epoch)
	fpdf.SetDefaultCatalogSort(true)
})

// portable names fonts of the same widths after Liberation Sans, which few
// machines have, and the type that embedded images really are.
func portable(svg []byte) []byte {
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"))
	return bytes.ReplaceAll(svg, []byte("data:image/jpg;base64,"), []byte("data:image/png;base64,"))
}

// sub is a rectangle of a canvas, measured from the top left corner.
func sub(c draw.Canvas, x, y, w, h vg.Length) draw.Canvas {
	return draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: c.Min.X + x, Y: c.Max.Y - y - h},
		Max: vg.Point{X: c.Min.X + x + w, Y: c.Max.Y - y},
	}}
}

// drawGrid draws plots in rows and columns with their axes aligned; nil leaves
// a gap.
func drawGrid(c draw.Canvas, plots [][]*plot.Plot) {
	t := draw.Tiles{Rows: len(plots), Cols: len(plots[0]), PadX: 9, PadY: 8, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 9}
	canvases := plot.Align(plots, t, c)
	for i := range plots {
		for k, p := range plots[i] {
			if p != nil {
				p.Draw(canvases[i][k])
			}
		}
	}
}

// legend is a list of pens and names below the plots, in as many columns as
// fit.
type legend struct {
	names []string
	pens  []pen
}

func (l *legend) add(name string, p pen) {
	l.names, l.pens = append(l.names, name), append(l.pens, p)
}

const (
	thumbWidth = vg.Length(24)
	legendLine = vg.Length(11)
	legendPad  = vg.Length(4)
)

func (l *legend) style() text.Style {
	s := sans(tickSize)
	s.YAlign = draw.YCenter
	return s
}

// layout chooses the most columns whose widths fit side by side; in a single one
// names that are too wide take several lines.
func (l *legend) layout(width vg.Length) (rows int, columns []vg.Length) {
	style := l.style()
	for n := len(l.names); n >= 1; n-- {
		rows = (len(l.names) + n - 1) / n
		columns = make([]vg.Length, (len(l.names)+rows-1)/rows)
		total := 2 * legendPad
		for i, name := range l.names {
			columns[i/rows] = max(columns[i/rows], thumbWidth+4*legendPad+style.Width(name))
		}
		for _, w := range columns {
			total += w
		}
		if total <= width {
			return rows, columns
		}
	}
	return len(l.names), []vg.Length{width - 2*legendPad}
}

// wrapped breaks a name of a single column into the lines that its width takes. All
// names are in the type that the longest gets.
func (l *legend) wrapped(name string, column vg.Length) ([]string, text.Style) {
	room := column - thumbWidth - legendPad
	style := l.style()
	for _, n := range l.names {
		if s := fit(l.style(), n, room); s.Font.Size < style.Font.Size {
			style = s
		}
	}
	return lined(name, style, room), style
}

// height of the legend when drawn at a width.
func (l *legend) height(width vg.Length) vg.Length {
	rows, columns := l.layout(width)
	if len(columns) == 1 {
		rows = 0
		for _, name := range l.names {
			lines, _ := l.wrapped(name, columns[0])
			rows += len(lines)
		}
	}
	return vg.Length(rows)*legendLine + 2*legendPad
}

// draw fills the canvas from the top, column by column.
func (l *legend) draw(c draw.Canvas) {
	rows, columns := l.layout(c.Max.X - c.Min.X)
	x, y := c.Min.X+legendPad, c.Max.Y-legendPad-legendLine/2
	for i, name := range l.names {
		if i > 0 && i%rows == 0 {
			x += columns[i/rows-1]
			y = c.Max.Y - legendPad - legendLine/2
		}
		l.pens[i].Thumbnail(&draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: x, Y: y - legendLine/2}, Max: vg.Point{X: x + thumbWidth, Y: y + legendLine/2},
		}})
		lines, style := []string{name}, l.style()
		if len(columns) == 1 {
			lines, style = l.wrapped(name, columns[0])
		}
		for _, s := range lines {
			c.FillText(style, vg.Point{X: x + thumbWidth + legendPad, Y: y}, s)
			y -= legendLine
		}
	}
}
