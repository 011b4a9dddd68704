package reports

import (
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Widths of a journal's column and page, and the sizes of type that remain
// readable in print.
const (
	single    = 3.3 * vg.Inch
	double    = 6.8 * vg.Inch
	titleSize = vg.Length(9)
	labelSize = vg.Length(8.5)
	tickSize  = vg.Length(8)
)

// lineColors are Okabe and Ito's, told apart with every kind of colour
// blindness; yellow is left out, it vanishes on white.
var lineColors = []color.NRGBA{
	{0, 114, 178, 255},
	{213, 94, 0, 255},
	{0, 158, 115, 255},
	{204, 121, 167, 255},
	{230, 159, 0, 255},
	{86, 180, 233, 255},
	{0, 0, 0, 255},
}

// controlColor keeps the controls in the background.
var controlColor = color.NRGBA{110, 110, 110, 255}

// dashes and markers tell lines apart without colour.
var (
	dashes = [][]vg.Length{
		nil,
		{5, 2},
		{1.5, 1.5},
		{6, 2, 1.5, 2},
		{9, 3},
		{3, 1.5, 1.5, 1.5, 1.5, 1.5},
		{2.5, 2.5},
	}
	markers = []draw.GlyphDrawer{
		draw.CircleGlyph{},
		draw.SquareGlyph{},
		draw.TriangleGlyph{},
		draw.RingGlyph{},
		draw.BoxGlyph{},
		draw.PyramidGlyph{},
		draw.CrossGlyph{},
	}
)

// sans returns the sans-serif style of a size.
func sans(size vg.Length) text.Style {
	return text.Style{
		Color:   color.Black,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		Handler: plot.DefaultTextHandler,
	}
}

// newPlot returns an empty plot in the house style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle = sans(titleSize)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = 3
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		style := sans(labelSize)
		style.XAlign, style.YAlign, style.Rotation = a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign, a.Label.TextStyle.Rotation
		a.Label.TextStyle = style
		a.Label.Padding = 3
		tick := sans(tickSize)
		tick.XAlign, tick.YAlign = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = tick
		a.Tick.Length = 3
		a.Tick.LineStyle.Width = 0.6
		a.LineStyle.Width = 0.6
		a.Padding = 0
	}
	return p
}

// grid draws light horizontal lines at the labelled ticks.
func grid(p *plot.Plot) {
	g := plotter.NewGrid()
	g.Vertical.Color = nil
	g.Horizontal.Color = color.Gray{228}
	g.Horizontal.Width = 0.5
	p.Add(g)
}

// pen is how one line is drawn.
type pen struct {
	color  color.NRGBA
	dash   []vg.Length
	marker draw.GlyphDrawer
	width  vg.Length
}

// penOf returns the k-th pen of a figure.
func penOf(k int) pen {
	return pen{lineColors[k%len(lineColors)], dashes[k%len(dashes)], markers[k%len(markers)], 1.25}
}

// controlPen returns the k-th pen of the controls: grey, so that they read as
// a reference.
func controlPen(k int) pen {
	return pen{controlColor, dashes[(k+2)%len(dashes)], markers[(k+5)%len(markers)], 1}
}

// shadePen returns the pen of value k out of n of a sweep: from light to dark.
func shadePen(k, n int) pen {
	t := 1.0
	if n > 1 {
		t = 0.35 + float64(0.65*float64(k)/float64(n-1))
	}
	return pen{sequential.at(t), dashes[(n-1-k)%len(dashes)], markers[k%len(markers)], 1.15}
}

// Thumbnail draws the pen in a legend.
func (p pen) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	c.StrokeLine2(p.line(), c.Min.X, y, c.Max.X, y)
	if p.marker != nil {
		c.DrawGlyphNoClip(p.glyph(), vg.Point{X: c.Center().X, Y: y})
	}
}

func (p pen) line() draw.LineStyle {
	return draw.LineStyle{Color: p.color, Width: p.width, Dashes: p.dash}
}

func (p pen) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: p.color, Radius: 1.8, Shape: p.marker}
}

// curve is a mean over images at every x with the half-width of its interval.
type curve struct {
	x, y, half []float64
	pen        pen
	lo, hi     float64 // the interval is shown between these
}

// addBand draws the interval of the mean, cut off at floor and ceiling, one of n
// in the plot; behind all lines, so first.
func addBand(p *plot.Plot, c *curve, floor, ceiling float64, n int) {
	var top, bottom plotter.XYs
	for i := range c.x {
		if math.IsNaN(c.y[i]) || math.IsNaN(c.half[i]) {
			continue
		}
		top = append(top, plotter.XY{X: c.x[i], Y: math.Min(ceiling, c.y[i]+c.half[i])})
		bottom = append(bottom, plotter.XY{X: c.x[i], Y: math.Max(floor, c.y[i]-c.half[i])})
	}
	if len(top) < 2 {
		return
	}
	for i := len(bottom) - 1; i >= 0; i-- {
		top = append(top, bottom[i])
	}
	poly, err := plotter.NewPolygon(top)
	if err != nil {
		return // infinite values have no band
	}
	shade := c.pen.color
	shade.A = bandShade(n)
	poly.LineStyle.Width = 0
	p.Add(band{poly, shade})
}

// bandShade is the opacity of one of n bands: where many lie over each other,
// lines must still stand out, in grey print too.
func bandShade(n int) uint8 { return uint8(max(14, min(45, 180/max(1, n)))) }

// addCurve draws the line, with a marker at every step-th point.
func addCurve(p *plot.Plot, c *curve, step int) {
	var xy, marked plotter.XYs
	for i := range c.x {
		if math.IsNaN(c.y[i]) || math.IsInf(c.y[i], 0) {
			continue
		}
		xy = append(xy, plotter.XY{X: c.x[i], Y: c.y[i]})
		if i%step == 0 {
			marked = append(marked, plotter.XY{X: c.x[i], Y: c.y[i]})
		}
	}
	if len(xy) == 0 {
		return
	}
	if line, err := plotter.NewLine(xy); err == nil {
		line.LineStyle = c.pen.line()
		p.Add(line)
	}
	if marks, err := plotter.NewScatter(marked); err == nil && c.pen.marker != nil {
		marks.GlyphStyle = c.pen.glyph()
		p.Add(marks)
	}
}

// cut shortens a text to a width, with an ellipsis.
func cut(s string, style text.Style, width vg.Length) string {
	if style.Width(s) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && style.Width(string(r)+"…") > width {
		r = r[:len(r)-1]
	}
	return strings.TrimRight(string(r), " ,(=") + "…"
}

// fit makes the type up to a fifth smaller where that lets a text fit.
func fit(s text.Style, txt string, room vg.Length) text.Style {
	if w := s.Width(txt); w > room {
		s.Font.Size = max(s.Font.Size*0.8, s.Font.Size*room/w*0.99)
	}
	return s
}

// headline breaks a heading into the lines that a width takes, at spaces and where
// a word alone is too wide behind its underscores and signs of equality, in type
// up to a fifth smaller. What tells configurations apart is at no fixed place, so
// nothing may be cut off.
func headline(s string, style text.Style, width vg.Length) (string, text.Style) {
	style = fit(style, s, width)
	return strings.Join(lined(s, style, width), "\n"), style
}

// lined breaks a text into lines of at most a width.
func lined(s string, style text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	put := func(part, space string) {
		switch {
		case line == "":
			line = part
		case style.Width(line+space+part) > width:
			lines = append(lines, line)
			line = part
		default:
			line += space + part
		}
	}
	for _, word := range strings.Fields(s) {
		space := " "
		for style.Width(word) > width {
			at := 0 // of the last place to break at that fits
			for i, c := range word[:len(word)-1] {
				if strings.ContainsRune("_=+,:/", c) && style.Width(word[:i+1]) <= width {
					at = i + 1
				}
			}
			if at == 0 {
				break
			}
			put(word[:at], space)
			word, space = word[at:], ""
		}
		put(word, space)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fold breaks an axis label into as few lines as its axis allows, of about
// equal length.
func fold(s string, style text.Style, width vg.Length) string {
	best := broken(s, style, width)
	for w := width - 4; w > 20; w -= 4 {
		narrower := broken(s, style, w)
		if strings.Count(narrower, "\n") > strings.Count(best, "\n") {
			break
		}
		best = narrower
	}
	return best
}

func broken(s string, style text.Style, width vg.Length) string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(s) {
		switch {
		case line == "":
			line = w
		case style.Width(line+" "+w) > width:
			lines = append(lines, line)
			line = w
		default:
			line += " " + w
		}
	}
	return strings.Join(append(lines, line), "\n")
}
