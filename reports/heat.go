package reports

import (
	"image"
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heat draws the confusion matrix: every row's share of its label, with the
// counts written in while they fit.
func (r *Run) heat() *Figure {
	m := r.Training.Confusion
	n := len(m)
	if n == 0 {
		return nil
	}
	small := sans(tickSize)
	left, bottom := vg.Length(0), vg.Length(0)
	names := make([]string, n)
	for i := range m {
		names[i] = cut(r.className(i), small, vg.Inch)
		left = max(left, small.Width(names[i]))
	}
	bottom = left
	const axis, gap, bar, top = vg.Length(14), vg.Length(5), vg.Length(52), vg.Length(6)
	left += axis + gap
	bottom += axis + gap
	side := min(4.2*vg.Inch, max(2.2*vg.Inch, vg.Length(n)*0.34*vg.Inch))
	cell := side / vg.Length(n)
	f := &Figure{
		ID: "confusion", Title: "Confusion matrix on the test split",
		Caption: "Number of test images by label (rows) and predicted class (columns); the colour is the share of the label. Pairs off the diagonal name the classes whose attributions are worth comparing.",
		w:       left + side + bar, h: top + side + bottom,
	}
	f.draw = func(c draw.Canvas) {
		field := sub(c, left, top, side, side)
		numbers := sans(min(tickSize, cell*0.36))
		numbers.XAlign, numbers.YAlign = draw.XCenter, draw.YCenter
		for i, row := range m {
			total := 0
			for _, k := range row {
				total += k
			}
			for j, k := range row {
				share := 0.0
				if total > 0 {
					share = float64(k) / float64(total)
				}
				box := sub(field, vg.Length(j)*cell, vg.Length(i)*cell, cell, cell)
				fill(box, sequential.at(share))
				numbers.Color = color.Black
				if share > 0.55 {
					numbers.Color = color.White
				}
				if n <= 20 {
					box.FillText(numbers, box.Center(), itoa(k))
				}
			}
		}
		frame(field)
		style := small
		style.XAlign, style.YAlign = draw.XRight, draw.YCenter
		for i := range m {
			c.FillText(style, vg.Point{X: field.Min.X - gap, Y: field.Max.Y - (vg.Length(i)+0.5)*cell}, names[i])
		}
		style.Rotation = 1.5707963267948966
		for i := range m {
			c.FillText(style, vg.Point{X: field.Min.X + (vg.Length(i)+0.5)*cell, Y: field.Min.Y - gap}, names[i])
		}
		axisStyle := sans(labelSize)
		axisStyle.XAlign, axisStyle.YAlign = draw.XCenter, draw.YBottom
		c.FillText(axisStyle, vg.Point{X: field.Center().X, Y: c.Min.Y + 2}, "predicted class")
		axisStyle.Rotation, axisStyle.YAlign = style.Rotation, draw.YTop
		c.FillText(axisStyle, vg.Point{X: c.Min.X + 2, Y: field.Center().Y}, "label")
		verticalBar(sub(c, left+side+10, top, 9, side), &sequential, []float64{0, 0.25, 0.5, 0.75, 1}, []string{"0", "25 %", "50 %", "75 %", "100 %"}, small)
	}
	return f
}

// fill paints a rectangle.
func fill(c draw.Canvas, clr color.Color) {
	c.FillPolygon(clr, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// frame draws a thin border.
func frame(c draw.Canvas) {
	c.StrokeLines(draw.LineStyle{Color: color.Gray{90}, Width: 0.5},
		[]vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}, c.Min})
}

// verticalBar draws a colour scale with its labels on the right.
func verticalBar(c draw.Canvas, m *colormap, at []float64, labels []string, style text.Style) {
	const n = 256
	img := image.NewNRGBA(image.Rect(0, 0, 8, n))
	for y := range n {
		for x := range 8 {
			img.SetNRGBA(x, y, m.at(m.lo+(m.hi-m.lo)*float64(n-1-y)/(n-1)))
		}
	}
	c.DrawImage(c.Rectangle, img)
	frame(c)
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	for i, v := range at {
		y := c.Min.Y + (c.Max.Y-c.Min.Y)*vg.Length((v-m.lo)/(m.hi-m.lo))
		c.StrokeLine2(draw.LineStyle{Color: color.Gray{90}, Width: 0.5}, c.Max.X, y, c.Max.X+2, y)
		c.FillText(style, vg.Point{X: c.Max.X + 4, Y: y}, labels[i])
	}
}

// horizontalBar draws a colour scale with its labels below: the ends and the
// middle.
func horizontalBar(c draw.Canvas, m *colormap, style text.Style) {
	colorStrip(c, m)
	style.YAlign = draw.YTop
	for i, align := range []text.XAlignment{draw.XLeft, draw.XCenter, draw.XRight} {
		t := float64(i) / 2
		style.XAlign = align
		x := c.Min.X + (c.Max.X-c.Min.X)*vg.Length(t)
		c.FillText(style, vg.Point{X: x, Y: c.Min.Y - 1}, short(m.lo+(m.hi-m.lo)*t))
	}
}

// colorStrip draws the colours from left to right, without labels.
func colorStrip(c draw.Canvas, m *colormap) {
	const n = 256
	img := image.NewNRGBA(image.Rect(0, 0, n, 8))
	for y := range 8 {
		for x := range n {
			img.SetNRGBA(x, y, m.at(m.lo+(m.hi-m.lo)*float64(x)/(n-1)))
		}
	}
	c.DrawImage(c.Rectangle, img)
	frame(c)
}
