package reports

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// depthFigures draws the similarities of every metric that runs over layers:
// a panel per series, a line per method.
func (r *Run) depthFigures() []*Figure {
	var fs []*Figure
	for m := range r.Metrics {
		var all []int
		for s := range r.Metrics[m].Series {
			if r.Metrics[m].Series[s].steps() {
				all = append(all, s)
			}
		}
		if len(all) == 0 {
			continue
		}
		groups := r.companies(m)
		for k, g := range groups {
			f := r.depthFigure(m, all, g)
			numbered(f, k, len(groups))
			fs = append(fs, f)
		}
	}
	return fs
}

func (r *Run) depthFigure(metric int, series, attributions []int) *Figure {
	m := &r.Metrics[metric]
	var l legend
	type row struct {
		attribution int
		pen         pen
	}
	var rows []row
	controls := 0
	for _, i := range attributions {
		p := penOf(len(rows) - controls)
		if r.Attributions[i].Control {
			p = controlPen(controls)
			controls++
		}
		rows = append(rows, row{i, p})
		l.add(r.label(i), p)
	}
	cols := min(4, len(series))
	lines := (len(series) + cols - 1) / cols
	width := double
	if cols == 1 {
		width = single
	}
	plots := make([][]*plot.Plot, lines)
	for i := range plots {
		plots[i] = make([]*plot.Plot, cols)
	}
	var all []curve
	longest := vg.Length(0)
	for k, s := range series {
		sr := &m.Series[s]
		room := width/vg.Length(cols) - 20
		name, style := headline(sr.Name, sans(titleSize), room)
		p := newPlot(name, "", "")
		p.Title.TextStyle.Font.Size = style.Font.Size
		grid(p)
		var curves []curve
		for _, row := range rows {
			if c, ok := r.meanCurve(row.attribution, metric, s); ok {
				c.pen = row.pen
				curves = append(curves, c)
			}
		}
		for i := range curves {
			addBand(p, &curves[i], curves[i].lo, curves[i].hi, len(curves))
		}
		for i := range curves {
			addCurve(p, &curves[i], 1)
		}
		all = append(all, curves...)
		names := spaced(sr.Ticks, p.X.Tick.Label)
		p.X.Tick.Marker = namedTicks(sr.X, names)
		p.X.Tick.Label.Rotation = math.Pi / 2
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
		for _, t := range names {
			longest = max(longest, p.X.Tick.Label.Width(t))
		}
		if k%cols == 0 {
			p.Y.Label.Text = "similarity"
		}
		plots[k/cols][k%cols] = p
	}
	for i, row := range plots {
		for k, p := range row {
			if p == nil {
				continue
			}
			ranges(p, all)
			p.Y.Tick.Marker = linearTicks(6)
			// Steps are points, not an interval: keep the markers whole.
			x := m.Series[series[i*cols+k]].X
			p.X.Min, p.X.Max = x[0]-0.25, x[len(x)-1]+0.25
		}
	}
	height := 1.3*vg.Inch + longest
	total := vg.Length(lines) * height
	f := &Figure{
		ID: r.Metrics[metric].ID, Title: title(m.title()),
		w: width, h: total + l.height(width),
		draw: func(c draw.Canvas) {
			drawGrid(sub(c, 0, 0, width, total), plots)
			l.draw(sub(c, 0, total, width, l.height(width)))
		},
	}
	f.Caption = "Similarity of the maps before and after weights are drawn anew, by layer (" + r.stepMeaning(metric, series) + "); " + strings.ToLower(bandCaption[:1]) + bandCaption[1:] + "; " +
		r.counts([]int{metric}) + ". One configuration per method. A faithful map loses its similarity as layers are randomised; one that stays as high as the controls, which never look at the network, does not explain it." + r.leftOut(metric, series, attributions)
	return f
}

// stepMeaning says what the steps of some series are: "randomised down to
// layer", and where they differ whose they are.
func (r *Run) stepMeaning(metric int, series []int) string {
	var meanings []string
	for _, s := range series {
		if x := r.Metrics[metric].Series[s].XName; !slices.Contains(meanings, x) {
			meanings = append(meanings, x)
		}
	}
	return strings.Join(meanings, " or ")
}

// spaced keeps rotated labels off their ticks: the library ends them inside. Names
// longer than an inch are cut, as the plots above them need the room.
func spaced(names []string, style text.Style) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = cut(n, style, vg.Inch) + "  "
	}
	return out
}
