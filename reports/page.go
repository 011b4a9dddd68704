package reports

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"gonum.org/v1/plot/vg"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

// page is what the template of report.html is filled with.
type page struct {
	*Run
	Headline string
	Sections []pageSection
}

type pageSection struct {
	ID, Title, Text string
	Items           []pageItem
}

// pageItem is a table's finished HTML or a figure.
type pageItem struct {
	Fold      string // title of the fold it hides in; "" shows it at once
	Table     template.HTML
	ID, Title string
	Caption   string
	Image     template.URL // data URI
	Width     int          // CSS pixels
	IsFigure  bool
}

// html writes report.html: one file that needs no other, no script and no
// network. images holds each figure's PNG or SVG by its ID.
func (r *Run) html(sections []section, images map[string][]byte) ([]byte, error) {
	p := page{Run: r, Headline: r.headline()}
	for _, s := range sections {
		ps := pageSection{ID: slug(s.Title), Title: s.Title, Text: s.Text}
		for _, it := range s.Items {
			var pi pageItem
			if t := it.table; t != nil {
				body, err := t.Render("html")
				if err != nil {
					return nil, err
				}
				pi.Table = template.HTML(body) // cells are escaped by Render
				if t.detail {
					pi.Fold = t.Title
				}
			} else {
				f := it.figure
				kind := "svg+xml"
				if f.raster {
					kind = "png"
				}
				pi = pageItem{
					IsFigure: true, ID: f.ID, Title: f.Title, Caption: f.Caption,
					Image: template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(images[f.ID])),
					// A quarter larger than in print: screens are read from farther away.
					Width: int(f.w / vg.Inch * 96 * 1.25),
				}
				if f.detail {
					pi.Fold = f.Title
				}
			}
			ps.Items = append(ps.Items, pi)
		}
		p.Sections = append(p.Sections, ps)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("reports: report.html: %w", err)
	}
	return b.Bytes(), nil
}
