package reports

import (
	"errors"
	"image"
	"slices"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
	head        vg.Length  // room for them
	names       int        // lines of the longest name
}

const (
	headGap    = vg.Length(4)  // above and below the headings
	footHeight = vg.Length(20) // colour bar and its labels
)

// mosaic lays out columns with room for labels on their left, every picture at
// most limit wide and high, in a figure of a width.
func (r *Run) mosaic(vs []view, cols int, left, limit, width vg.Length) mosaic {
	m := mosaic{cols: cols, gap: 18 * dot, margin: 8 * dot, left: left}
	room := (width-left-2*m.margin+m.gap)/vg.Length(cols) - m.gap
	m.size(r, min(room, limit))
	m.name, m.about = sans(tickSize), sans(6.5)
	for k := range vs {
		m.name = fit(m.name, vs[k].name(r), m.heading())
		m.about = fit(m.about, vs[k].about(r), m.heading())
	}
	// Fitting one name after another must not shrink without end; what does not
	// fit then has several lines.
	m.name.Font.Size, m.about.Font.Size = max(m.name.Font.Size, 6), max(m.about.Font.Size, 5.2)
	abouts := 1
	m.names = 1
	for k := range vs {
		m.names = max(m.names, len(lined(vs[k].name(r), m.name, m.heading())))
		abouts = max(abouts, len(lined(vs[k].about(r), m.about, m.heading())))
	}
	for _, s := range []*text.Style{&m.name, &m.about} {
		s.XAlign, s.YAlign = draw.XCenter, draw.YTop
	}
	m.head = dots(vg.Length(m.names)*m.lead(m.name) + vg.Length(abouts)*m.lead(m.about) + headGap)
	return m
}

// size makes the pictures as large as a square of that side allows.
func (m *mosaic) size(r *Run, limit vg.Length) {
	side := int(limit / dot)
	m.k = max(1, side/max(r.W, r.H))
	m.w, m.h = vg.Length(m.k*r.W)*dot, vg.Length(m.k*r.H)*dot
	if longest := max(m.w, m.h); longest > vg.Length(side)*dot {
		// Larger than the room even dot for dot: shrink.
		shrink := vg.Length(side) * dot / longest
		m.w, m.h = m.w*shrink, m.h*shrink
	}
}

// width of the figure: as wide as its columns and the first one's heading need.
func (m *mosaic) width() vg.Length {
	return max(single, m.left+2*m.margin+vg.Length(m.cols)*(m.w+m.gap)-m.gap)
}

func (m *mosaic) x(col int) vg.Length { return m.left + m.margin + vg.Length(col)*(m.w+m.gap) }

// picture places one image with a frame, from the top left corner.
func (m *mosaic) picture(c draw.Canvas, x, y vg.Length, r *Run, im int, v *view) {
	box := sub(c, x, y, m.w, m.h)
	var img *image.NRGBA
	if v != nil {
		img = v.draw(r, im, m.k)
	} else {
		img = enlarge(photo(r.Images[im].Pixels, r.H, r.W), m.k)
	}
	c.DrawImage(box.Rectangle, img)
	frame(box)
}

// heading is the room for the text over a column.
func (m *mosaic) heading() vg.Length { return m.w + m.gap - 3 }

// lead is the distance from a heading's line to the next.
func (m *mosaic) lead(s text.Style) vg.Length { return s.Font.Size * 1.2 }

// write writes name and settings over a column, the last line of the name at the
// same height in all.
func (m *mosaic) write(c draw.Canvas, x, y vg.Length, name, about string) {
	at := vg.Point{X: c.Min.X + x + m.w/2, Y: c.Max.Y - y}
	put := func(lines []string, style text.Style) {
		for _, s := range lines {
			c.FillText(style, at, cut(s, style, m.heading()))
			at.Y -= m.lead(style)
		}
	}
	lines := lined(name, m.name, m.heading())
	at.Y -= vg.Length(m.names-len(lines)) * m.lead(m.name)
	put(lines, m.name)
	put(lined(about, m.about, m.heading()), m.about)
}

// dots rounds a length to whole dots.
func dots(l vg.Length) vg.Length { return vg.Length(int(l/dot+0.5)) * dot }

// describe is the title of an image's row.
func (r *Run) describe(im int) string {
	i := &r.Images[im]
	s := "image " + itoa(i.Index) + ": label " + r.className(i.Label) + ", predicted " + r.className(i.Predicted) + " (" + fixed(i.Probability, 3) + ")"
	if i.Contrast || i.Target != i.Label {
		s += ", explained " + r.aim(i)
	}
	return s
}

// pictureRows draws every pictured image with its maps beside it, over as many
// pages as it takes.
func (r *Run) pictureRows() []*Figure {
	vs := r.methodViews()
	if len(vs) == 0 {
		return nil
	}
	cols := min(len(vs)+1, 6)
	if len(vs)+1 > 6 {
		// Full rows: the original, then lines of as many maps as fit.
		lines := (len(vs) + 1 + 5) / 6
		cols = (len(vs) + lines) / lines
	}
	m := r.mosaic(vs, cols, 0, 1.3*vg.Inch, double)
	titleHeight := dots(16)
	line := m.head + m.h + dots(footHeight)
	perPage := max(1, int((pageHeight-titleHeight)/line))*cols - 1 // maps beside the original
	var fs []*Figure
	for _, im := range r.pictured() {
		for from := 0; from < len(vs); from += perPage {
			part := vs[from:min(from+perPage, len(vs))]
			lines := (len(part) + cols) / cols
			f := &Figure{
				ID: "picture-" + itoa(r.Images[im].Index), Title: title(r.describe(im)),
				Caption: r.explained(part), w: m.width(), h: titleHeight + vg.Length(lines)*line + dots(3), raster: true,
			}
			if len(vs) > perPage {
				f.ID += "-" + itoa(from/perPage+1)
				f.Title += ", part " + itoa(from/perPage+1)
			}
			f.draw = func(c draw.Canvas) { r.drawRow(c, &m, part, im, f.w-2*m.margin, titleHeight, line) }
			fs = append(fs, f)
		}
	}
	return fs
}

func (r *Run) drawRow(c draw.Canvas, m *mosaic, vs []view, im int, room, titleHeight, line vg.Length) {
	style := sans(titleSize)
	style.XAlign, style.YAlign = draw.XLeft, draw.YTop
	style = fit(style, r.describe(im), room)
	c.FillText(style, vg.Point{X: c.Min.X + m.margin, Y: c.Max.Y - 3}, cut(r.describe(im), style, room))
	for k := range len(vs) + 1 {
		x, y := m.x(k%m.cols), titleHeight+vg.Length(k/m.cols)*line
		if k == 0 {
			m.write(c, x, y, "original", "")
			m.picture(c, x, y+m.head, r, im, nil)
			continue
		}
		v := &vs[k-1]
		m.write(c, x, y, v.name(r), v.about(r))
		if r.Attributions[v.attribution].Maps[im] == nil {
			continue
		}
		m.picture(c, x, y+m.head, r, im, v)
		v.bar(c, x, y+m.head+m.h+4, m.w)
	}
}

// methodViews are the columns of the pictures: one configuration of every
// method that has maps, controls aside.
func (r *Run) methodViews() []view {
	var rows []int
	for _, i := range r.representatives() {
		if !r.Attributions[i].Control {
			rows = append(rows, i)
		}
	}
	ps := slices.Clone(r.pictures())
	// The original stands first anyway.
	if kept := slices.DeleteFunc(slices.Clone(ps), func(p Picture) bool { return p.Method == "original_image" }); len(kept) > 0 {
		ps = kept
	}
	return r.views(rows, ps)
}

// pageHeight is what a page holds beside a caption.
const pageHeight = 8.6 * vg.Inch

// maxSheetColumns is the most columns that sheets are drawn for: beyond, the
// contact sheet shows them better.
const maxSheetColumns = 12

// sheets draws several images at once, a row each.
func (r *Run) sheets() []*Figure {
	vs, images := r.methodViews(), r.pictured()
	if len(vs) == 0 || len(vs) > maxSheetColumns || len(images) < 2 {
		return nil
	}
	var fs []*Figure
	for from := 0; from < len(vs); from += 6 {
		part := vs[from:min(from+6, len(vs))]
		// Up to ten images share a page, smaller where need be.
		limit := min(vg.Inch, (pageHeight-4*headGap-footHeight)/vg.Length(min(len(images), 10))-dots(5))
		m := r.mosaic(part, len(part)+1, dots(vg.Inch), limit, double)
		rowHeight := m.h + dots(4)
		rows := max(1, int((pageHeight-m.head-dots(footHeight))/rowHeight))
		for first := 0; first < len(images); first += rows {
			f := r.sheet(&m, part, images[first:min(first+rows, len(images))])
			if len(vs) > 6 || len(images) > rows {
				f.ID += "-" + strconv.Itoa(len(fs)+1)
				f.Title += ", part " + strconv.Itoa(len(fs)+1)
			}
			fs = append(fs, f)
		}
	}
	return fs
}

// sheet draws images in rows and views in columns.
func (r *Run) sheet(m *mosaic, vs []view, images []int) *Figure {
	rowHeight := m.h + dots(4)
	head, foot := m.head, dots(footHeight)
	return &Figure{
		ID: "sheet", Title: "Maps side by side", raster: true,
		Caption: "One image a row, one method a column. " + r.explained(vs),
		w:       m.width(), h: head + vg.Length(len(images))*rowHeight + foot + dots(3),
		draw: func(c draw.Canvas) { r.drawSheet(c, m, vs, images, head, rowHeight) },
	}
}

// Sheet draws all images that have pixels, a row each, with the maps of every
// attribution beside them: one figure, as wide and as high as that takes. The
// original comes first unless one of the pictures is original_image, which then
// is drawn once at its place. titles head the maps' columns instead of the
// methods' names, if there are any: one a column as drawn, the original among them
// where a picture asks for it, or one an attribution.
func (r *Run) Sheet(titles ...string) (*Figure, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	all := make([]int, len(r.Attributions))
	for i := range all {
		all[i] = i
	}
	vs, images := r.views(all, r.pictures()), r.pictured()
	if len(vs) == 0 || len(images) == 0 {
		return nil, errors.New("reports: no map and no image to draw")
	}
	first := slices.IndexFunc(vs, func(v view) bool { return v.Method == "original_image" })
	if first >= 0 {
		rest := slices.DeleteFunc(slices.Clone(vs[first+1:]), func(v view) bool { return v.Method == "original_image" })
		vs = append(vs[:first+1:first+1], rest...)
		vs[first].title = "original"
		if vs[first].Title == "auto" {
			vs[first].Title = ""
		}
	}
	switch len(titles) {
	case 0:
	case len(vs):
		for k := range vs {
			vs[k].title = titles[k]
		}
	case len(all):
		for k := range vs {
			if vs[k].Method != "original_image" {
				vs[k].title = titles[vs[k].attribution]
			}
		}
	default:
		want := itoa(len(vs))
		if len(all) != len(vs) {
			want += ", one for each column, or " + itoa(len(all)) + ", one for each file"
		} else {
			want += ", one for each column"
		}
		return nil, &Problem{"titles", "has " + itoa(len(titles)) + ", want " + want}
	}
	lead := 1
	if first >= 0 {
		lead = 0
	}
	width := max(double, dots(vg.Inch)+vg.Length(len(vs)+lead)*dots(vg.Inch))
	m := r.mosaic(vs, len(vs)+lead, dots(vg.Inch), 1.3*vg.Inch, width)
	return r.sheet(&m, vs, images), nil
}

// drawSheet draws the original in the columns that the views leave.
func (r *Run) drawSheet(c draw.Canvas, m *mosaic, vs []view, images []int, head, rowHeight vg.Length) {
	lead := m.cols - len(vs)
	if lead > 0 {
		m.write(c, m.x(0), dots(2), "original", "")
	}
	for k := range vs {
		m.write(c, m.x(k+lead), dots(2), vs[k].name(r), vs[k].about(r))
	}
	for n, im := range images {
		y := head + vg.Length(n)*rowHeight
		r.rowLabel(c, m, y, im, sans(7.5))
		if lead > 0 {
			m.picture(c, m.x(0), y, r, im, nil)
		}
		for k := range vs {
			if r.Attributions[vs[k].attribution].Maps[im] != nil {
				m.picture(c, m.x(k+lead), y, r, im, &vs[k])
			}
		}
	}
	y := head + vg.Length(len(images))*rowHeight
	for k := range vs {
		vs[k].bar(c, m.x(k+lead), y, m.w)
	}
}

// rowLabel says beside a row which image it shows.
func (r *Run) rowLabel(c draw.Canvas, m *mosaic, y vg.Length, im int, style text.Style) {
	i := &r.Images[im]
	style.XAlign, style.YAlign = draw.XLeft, draw.YTop
	lines := []string{"image " + itoa(i.Index), "label " + r.className(i.Label)}
	if i.Probability > 0 { // somebody asked the network
		lines = append(lines, "says "+r.className(i.Predicted)+" "+fixed(i.Probability, 2))
	}
	if i.Probability == 0 || i.Contrast || i.Target != i.Label {
		lines = append(lines, "for "+r.aim(i))
	}
	const lead = 4.0 / 3 // from one line to the next, in heights of the type
	style.Font.Size = min(style.Font.Size, m.h/lead/vg.Length(len(lines)))
	line := style.Font.Size * lead
	for k, s := range lines {
		room := m.left - 2
		st := fit(style, s, room)
		c.FillText(st, vg.Point{X: c.Min.X + m.margin, Y: c.Max.Y - y - m.h/2 + line*vg.Length(len(lines))/2 - vg.Length(k)*line}, cut(s, st, room))
	}
}
