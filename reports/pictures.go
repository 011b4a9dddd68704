package reports

import (
	"slices"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// view is how one attribution's maps are shown.
type view struct {
	attribution int
	sign        Sign
	outlier     float64 // percent of the sum of magnitudes that saturates
	colors      *colormap
}

// views chooses the columns of the pictures: one configuration of every method
// that has maps, controls aside. Maps that are never negative are shown
// absolute, the others with both signs. Squares and variances have longer
// tails: 10 percent of their sum saturates, 2 percent elsewhere, as in Captum's
// tutorial.
func (r *Run) views() []view {
	var vs []view
	for _, i := range r.representatives() {
		a := &r.Attributions[i]
		if a.Control || !slices.ContainsFunc(a.Maps, func(m []float32) bool { return m != nil }) {
			continue
		}
		v := view{i, All, 2, &diverging}
		if r.MapColors == "captum" {
			v.colors = &captumDiverging
		}
		negative := func(m []float32) bool { return slices.ContainsFunc(m, func(x float32) bool { return x < 0 }) }
		if !slices.ContainsFunc(a.Maps, negative) {
			v.sign, v.colors = Absolute, &sequential
		}
		if t, _ := param(a.All, "nt_type"); t == "smoothgrad_sq" || t == "vargrad" {
			v.outlier = 10
		}
		vs = append(vs, v)
	}
	return vs
}

// about is the second line over a column.
func (v view) about() string {
	s := "signed"
	if v.sign == Absolute {
		s = "absolute"
	}
	return s + ", " + strconv.FormatFloat(v.outlier, 'f', -1, 64) + " % clipped"
}

// mosaic is the geometry of a block of pictures, in dots so that every pixel
// of an image is a square of whole dots.
type mosaic struct {
	cols   int // with the original
	k      int // enlargement
	w, h   vg.Length
	gap    vg.Length
	margin vg.Length
	left   vg.Length // room for the labels of the rows

	name, about text.Style // of the headings, one size for all columns
}

const (
	headHeight = vg.Length(22) // name and settings over a column
	footHeight = vg.Length(20) // colour bar and its labels
)

func (r *Run) mosaic(vs []view, cols int, left, limit vg.Length) mosaic {
	m := mosaic{cols: cols, gap: 18 * dot, margin: 8 * dot, left: left}
	room := (double-left-2*m.margin+m.gap)/vg.Length(cols) - m.gap
	side := int(min(room, limit) / dot)
	m.k = max(1, side/max(r.W, r.H))
	m.w, m.h = vg.Length(m.k*r.W)*dot, vg.Length(m.k*r.H)*dot
	if longest := max(m.w, m.h); longest > vg.Length(side)*dot {
		// Larger than the room even dot for dot: shrink.
		shrink := vg.Length(side) * dot / longest
		m.w, m.h = m.w*shrink, m.h*shrink
	}
	m.name, m.about = sans(tickSize), sans(6.5)
	for _, v := range vs {
		m.name = fit(m.name, r.Attributions[v.attribution].Method, m.heading())
		m.about = fit(m.about, v.about(), m.heading())
	}
	for _, s := range []*text.Style{&m.name, &m.about} {
		// Fitting one name after another must not shrink without end.
		s.Font.Size = max(s.Font.Size, 5.2)
		s.XAlign, s.YAlign = draw.XCenter, draw.YTop
	}
	return m
}

// width of the figure: as wide as its columns and the first one's heading need.
func (m *mosaic) width() vg.Length {
	return max(single, m.left+2*m.margin+vg.Length(m.cols)*(m.w+m.gap)-m.gap)
}

func (m *mosaic) x(col int) vg.Length { return m.left + m.margin + vg.Length(col)*(m.w+m.gap) }

// picture places one image with a frame, from the top left corner.
func (m *mosaic) picture(c draw.Canvas, x, y vg.Length, r *Run, im int, v *view) {
	box := sub(c, x, y, m.w, m.h)
	pixels := r.Images[im].Pixels
	img := photo(pixels, r.H, r.W)
	if v != nil {
		norm := Normalized(r.Attributions[v.attribution].Maps[im], r.C, v.sign, v.outlier)
		img = blend(norm, pixels, r.H, r.W, v.colors)
	}
	c.DrawImage(box.Rectangle, enlarge(img, m.k))
	frame(box)
}

// heading is the room for the text over a column.
func (m *mosaic) heading() vg.Length { return m.w + m.gap - 3 }

// head writes name and settings over a column.
func (m *mosaic) head(c draw.Canvas, x, y vg.Length, name, about string) {
	mid := c.Min.X + x + m.w/2
	c.FillText(m.name, vg.Point{X: mid, Y: c.Max.Y - y}, cut(name, m.name, m.heading()))
	c.FillText(m.about, vg.Point{X: mid, Y: c.Max.Y - y - 10.5}, cut(about, m.about, m.heading()))
}

// dots rounds a length to whole dots.
func dots(l vg.Length) vg.Length { return vg.Length(int(l/dot+0.5)) * dot }

// describe is the title of an image's row.
func (r *Run) describe(im int) string {
	i := &r.Images[im]
	s := "image " + itoa(i.Index) + ": label " + r.className(i.Label) + ", predicted " + r.className(i.Predicted) + " (" + fixed(i.Probability, 3) + ")"
	if i.Target != i.Label {
		s += ", explained " + r.className(i.Target)
	}
	return s
}

// blended says how the maps of a figure were made.
func (r *Run) blended(vs []view) string {
	s := "Maps are summed over channels, divided by the magnitude at which the cumulative sum of the sorted magnitudes leaves the stated percentage of the total (those above saturate), and laid half transparent over the grey image, each picture on its own scale, as Captum's blended_heat_map. "
	if r.MapColors == "captum" {
		s += "Green speaks for the explained class, red against it"
	} else {
		s += "Blue speaks for the explained class, orange against it"
	}
	s += "; absolute maps run from white to dark blue. Columns: "
	var names []string
	for _, v := range vs {
		names = append(names, r.label(v.attribution))
	}
	return s + list(names) + "."
}

// pictureRows draws every pictured image with its maps beside it.
func (r *Run) pictureRows() []*Figure {
	vs := r.views()
	if len(vs) == 0 {
		return nil
	}
	cols := min(len(vs)+1, 6)
	if len(vs)+1 > 6 {
		// Full rows: the original, then lines of as many maps as fit.
		lines := (len(vs) + 1 + 5) / 6
		cols = (len(vs) + lines) / lines
	}
	m := r.mosaic(vs, cols, 0, 1.3*vg.Inch)
	lines := (len(vs) + cols) / cols
	titleHeight := dots(16)
	line := dots(headHeight) + m.h + dots(footHeight)
	var fs []*Figure
	for _, im := range r.pictured() {
		f := &Figure{
			ID: "picture-" + itoa(r.Images[im].Index), Title: title(r.describe(im)),
			Caption: r.blended(vs), w: m.width(), h: titleHeight + vg.Length(lines)*line + dots(3), raster: true,
		}
		f.draw = func(c draw.Canvas) {
			style := sans(titleSize)
			style.XAlign, style.YAlign = draw.XLeft, draw.YTop
			room := f.w - 2*m.margin
			style = fit(style, r.describe(im), room)
			c.FillText(style, vg.Point{X: c.Min.X + m.margin, Y: c.Max.Y - 3}, cut(r.describe(im), style, room))
			for k := range len(vs) + 1 {
				x, y := m.x(k%cols), titleHeight+vg.Length(k/cols)*line
				if k == 0 {
					m.head(c, x, y, "original", "")
					m.picture(c, x, y+dots(headHeight), r, im, nil)
					continue
				}
				v := &vs[k-1]
				m.head(c, x, y, r.Attributions[v.attribution].Method, v.about())
				if r.Attributions[v.attribution].Maps[im] == nil {
					continue
				}
				m.picture(c, x, y+dots(headHeight), r, im, v)
				horizontalBar(sub(c, x, y+dots(headHeight)+m.h+4, m.w, 6), v.colors, sans(6.5))
			}
		}
		fs = append(fs, f)
	}
	return fs
}

// sheetHeight is what a page holds beside a caption.
const sheetHeight = 8.6 * vg.Inch

// sheets draws several images at once, a row each.
func (r *Run) sheets() []*Figure {
	vs, images := r.views(), r.pictured()
	if len(vs) == 0 || len(images) < 2 {
		return nil
	}
	var fs []*Figure
	for from := 0; from < len(vs); from += 6 {
		part := vs[from:min(from+6, len(vs))]
		// Up to ten images share a page, smaller where need be.
		limit := min(vg.Inch, (sheetHeight-headHeight-footHeight)/vg.Length(min(len(images), 10))-dots(5))
		m := r.mosaic(part, len(part)+1, dots(vg.Inch), limit)
		rowHeight := m.h + dots(4)
		head, foot := dots(headHeight), dots(footHeight)
		rows := max(1, int((sheetHeight-head-foot)/rowHeight))
		for first := 0; first < len(images); first += rows {
			page := images[first:min(first+rows, len(images))]
			f := &Figure{
				ID: "sheet", Title: "Maps side by side", raster: true,
				Caption: "One image a row, one method a column. " + r.blended(part),
				w:       m.width(), h: head + vg.Length(len(page))*rowHeight + foot + dots(3),
			}
			if len(vs) > 6 || len(images) > rows {
				f.ID += "-" + strconv.Itoa(len(fs)+1)
				f.Title += ", part " + strconv.Itoa(len(fs)+1)
			}
			f.draw = func(c draw.Canvas) { r.drawSheet(c, &m, part, page, head, rowHeight) }
			fs = append(fs, f)
		}
	}
	return fs
}

func (r *Run) drawSheet(c draw.Canvas, m *mosaic, vs []view, images []int, head, rowHeight vg.Length) {
	m.head(c, m.x(0), dots(2), "original", "")
	for k := range vs {
		m.head(c, m.x(k+1), dots(2), r.Attributions[vs[k].attribution].Method, vs[k].about())
	}
	for n, im := range images {
		y := head + vg.Length(n)*rowHeight
		i := &r.Images[im]
		for k, s := range []string{
			"image " + itoa(i.Index),
			"label " + r.className(i.Label),
			"says " + r.className(i.Predicted) + " " + fixed(i.Probability, 2),
		} {
			style := sans(7.5)
			style.XAlign, style.YAlign = draw.XLeft, draw.YTop
			room := m.left - 2
			style = fit(style, s, room)
			c.FillText(style, vg.Point{X: c.Min.X + m.margin, Y: c.Max.Y - y - m.h/2 + 15 - vg.Length(k)*10}, cut(s, style, room))
		}
		m.picture(c, m.x(0), y, r, im, nil)
		for k := range vs {
			if r.Attributions[vs[k].attribution].Maps[im] != nil {
				m.picture(c, m.x(k+1), y, r, im, &vs[k])
			}
		}
	}
	y := head + vg.Length(len(images))*rowHeight
	for k := range vs {
		horizontalBar(sub(c, m.x(k+1), y, m.w, 6), vs[k].colors, sans(6.5))
	}
}
