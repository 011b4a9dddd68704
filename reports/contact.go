package reports

import (
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The contact sheet's geometry: upright headings over columns that are as
// narrow as a page of many methods needs.
const (
	contactHead  = vg.Length(96)  // the longest heading on a full page
	contactLong  = vg.Length(150) // and where there is room
	contactFoot  = vg.Length(14)  // colour bar and scale
	contactGap   = 3 * dot
	contactLeft  = 0.78 * vg.Inch
	contactRows  = 20              // images to a page
	contactSmall = 0.32 * vg.Inch  // a picture's side where columns are many
	contactLarge = 0.68 * vg.Inch  // and where they are few
	contactType  = vg.Length(6.5)  // of headings and labels
	contactTiny  = vg.Length(4.75) // of the scales
)

// contacts draws all configurations of all methods, controls too, for all
// pictured images: a column each, on one scale, so that a column's pictures can
// be compared in strength. It goes over as many pages as it takes.
func (r *Run) contacts() []*Figure {
	p := r.pictures()[0]
	if p.Method == "original_image" {
		p = DefaultPicture()
	}
	p.Scale = "shared"
	vs, images := r.views(r.order(), []Picture{p}), r.pictured()
	if len(vs) == 0 || len(images) == 0 {
		return nil
	}
	rows := min(len(images), contactRows)
	side := (pageHeight - contactHead - contactFoot) / vg.Length(rows)
	most := func(side vg.Length) int { // columns beside the original
		return int((double-contactLeft-16*dot+contactGap)/(side+contactGap)) - 1
	}
	side = min(contactLarge, side-contactGap)
	if len(vs) > most(side) {
		side = min(side, contactSmall)
	}
	m := mosaic{gap: contactGap, margin: 8 * dot, left: dots(contactLeft)}
	m.size(r, side)
	perPage := max(1, most(m.w))
	// Pages of about equal width.
	pages := (len(vs) + perPage - 1) / perPage
	perPage = (len(vs) + pages - 1) / pages
	m.cols = perPage + 1
	var fs []*Figure
	for from := 0; from < len(vs); from += perPage {
		part := vs[from:min(from+perPage, len(vs))]
		for first := 0; first < len(images); first += rows {
			page := images[first:min(first+rows, len(images))]
			room := pageHeight - contactFoot - vg.Length(rows)*(m.h+m.gap)
			head := r.contactHead(part, max(contactHead, min(contactLong, room)))
			f := &Figure{
				ID: "contact", Title: "Contact sheet", raster: true,
				Caption: "One image a row, one configuration a column, controls last; all pictures of a column on one scale, so that they can be compared in strength. The number below a column is the sum over channels that the strongest colour stands for. " + r.explained(part),
				w:       m.width(), h: head + vg.Length(len(page))*(m.h+m.gap) + dots(contactFoot),
			}
			if len(vs) > perPage || len(images) > rows {
				f.ID += "-" + itoa(len(fs)+1)
				f.Title += ", part " + itoa(len(fs)+1)
			}
			f.draw = func(c draw.Canvas) { r.drawContact(c, &m, part, page, head) }
			fs = append(fs, f)
		}
	}
	return fs
}

// upright is the style of the headings: read from below.
func upright() text.Style {
	s := sans(contactType)
	s.Rotation = math.Pi / 2
	s.XAlign, s.YAlign = draw.XLeft, draw.YCenter
	return s
}

// contactHead is the room that the longest heading of a page needs, up to a
// limit.
func (r *Run) contactHead(vs []view, limit vg.Length) vg.Length {
	room := vg.Length(40)
	for k := range vs {
		for _, s := range r.contactTitle(&vs[k], limit) {
			room = max(room, sans(contactType).Width(s)+6)
		}
	}
	return dots(min(room, limit))
}

// contactTitle is the name of a column, and below it what tells it apart: in as
// many lines as that takes, since what is cut off is what differs.
func (r *Run) contactTitle(v *view, limit vg.Length) []string {
	a := &r.Attributions[v.attribution]
	lines := []string{a.Method}
	if own := r.own(v.attribution); len(own) > 0 {
		lines = append(lines, lined(params(own), sans(contactType), limit-4)...)
	} else if a.Shape != (Shape{}) {
		lines = append(lines, a.Shape.String())
	}
	if v.above {
		lines = append(lines, aboveLeast)
	}
	return lines
}

func (r *Run) drawContact(c draw.Canvas, m *mosaic, vs []view, images []int, head vg.Length) {
	name := upright()
	write := func(col int, lines []string) {
		// Smaller where a column is too narrow for its lines.
		size := min(contactType, (m.w+m.gap-2)/(1.15*vg.Length(len(lines))))
		for k, s := range lines {
			style := name
			style.Font.Size = size
			if k > 0 {
				style.Color = color.Gray{90}
			}
			// Side by side, about the middle of the column.
			x := m.x(col) + m.w/2 + (vg.Length(k)-vg.Length(len(lines)-1)/2)*(size+min(1, size/7))
			c.FillText(style, vg.Point{X: c.Min.X + x, Y: c.Max.Y - head + 3}, cut(s, sans(size), head-4))
		}
	}
	write(0, []string{"original"})
	for k := range vs {
		write(k+1, r.contactTitle(&vs[k], head))
	}
	for n, im := range images {
		y := head + vg.Length(n)*(m.h+m.gap)
		r.rowLabel(c, m, y, im, sans(min(contactType, m.h/4)))
		m.picture(c, m.x(0), y, r, im, nil)
		for k := range vs {
			if r.Attributions[vs[k].attribution].Maps[im] != nil {
				m.picture(c, m.x(k+1), y, r, im, &vs[k])
			}
		}
	}
	y := head + vg.Length(len(images))*(m.h+m.gap)
	number := sans(contactTiny)
	number.XAlign, number.YAlign = draw.XCenter, draw.YTop
	for k := range vs {
		v := &vs[k]
		bar := sub(c, m.x(k+1), y, m.w, 3)
		if v.colored() {
			colorStrip(bar, v.colors)
		}
		s := strconv.FormatFloat(v.scale, 'g', 2, 64)
		if v.Sign == All {
			s = "±" + s
		}
		c.FillText(number, vg.Point{X: bar.Center().X, Y: bar.Min.Y - 1}, s)
	}
}

// shown lists the figures that show maps: sheets, contact sheet, and single
// images for papers. Only the first kind there is stands open on the page.
func (r *Run) shown() []*Figure {
	sheets, contacts, rows := r.sheets(), r.contacts(), r.pictureRows()
	for _, f := range contacts {
		f.detail = len(sheets) > 0
	}
	for _, f := range rows {
		f.detail = len(sheets)+len(contacts) > 0
	}
	return slices.Concat(sheets, contacts, rows)
}
