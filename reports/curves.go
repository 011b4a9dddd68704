package reports

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// meanCurve averages a series over images, step by step. ok is false where the
// metric was not computed for the attribution or is undefined throughout.
func (r *Run) meanCurve(attribution, metric, series int) (c curve, ok bool) {
	if r.score(attribution, metric) == nil {
		return c, false
	}
	c.x = r.Metrics[metric].Series[series].X
	for k := range c.x {
		e := Estimated(r.column(attribution, metric, series, k))
		c.y, c.half = append(c.y, e.Mean), append(c.half, e.Half)
		ok = ok || e.N > 0
	}
	c.lo, c.hi = r.span(metric, series)
	return c, ok
}

// span returns the smallest and the largest value of a series on any image, of
// any attribution. A band is cut off there: no mean of probabilities exceeds 1,
// though Student's interval of a few of them may.
func (r *Run) span(metric, series int) (lo, hi float64) {
	if r.index != nil {
		s := r.index.spans[stepSeries{metric, series}]
		return s[0], s[1]
	}
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range r.Scores {
		if s.Metric != metric {
			continue
		}
		for _, image := range s.Values[series] {
			for _, v := range image {
				if !math.IsNaN(v) {
					lo, hi = math.Min(lo, v), math.Max(hi, v)
				}
			}
		}
	}
	return lo, hi
}

// leftOut is what a figure's caption says where lines are means of fewer images
// at some points than at others, since a value is undefined; "" if none is.
func (r *Run) leftOut(metric int, series, attributions []int) string {
	most, values := 0, 0
	for _, i := range attributions {
		for _, s := range series {
			if c, ok := r.meanCurve(i, metric, s); ok {
				for k := range c.x {
					e := Estimated(r.column(i, metric, s, k))
					if e.Absent > most {
						most, values = e.Absent, e.N+e.Absent
					}
				}
			}
		}
	}
	if most == 0 {
		return ""
	}
	return " Where a value is undefined its image is left out of the point: up to " + itoa(most) + " of " + itoa(values) + "."
}

// curveFigures draws every curve of every metric: one figure of one
// representative configuration per method, and one per method that was swept.
func (r *Run) curveFigures() []*Figure {
	var fs []*Figure
	for _, m := range r.curveMetrics() {
		for s := range r.Metrics[m].Series {
			if !r.Metrics[m].Series[s].curve() {
				continue
			}
			fs = append(fs, r.methodCurves(m, s)...)
			for _, g := range r.methods() {
				if len(g) > 1 {
					fs = append(fs, r.sweepFigures(m, s, g)...)
				}
			}
		}
	}
	return fs
}

// curveID names the figures of a series; the usual name "curve" says nothing.
func (r *Run) curveID(metric, series int) string {
	id := r.Metrics[metric].ID
	if name := r.Metrics[metric].Series[series].Name; name != "curve" {
		id += "-" + name
	}
	return slug(id)
}

const (
	bands       = "Lines are means over images, bands their 95 % intervals (Student's t)"
	bandCaption = bands + ", cut off where no image has a value"
)

// reading says what to look for in a curve figure, from the direction of the
// area beside it.
func (r *Run) reading(metric int) string {
	for _, s := range r.Metrics[metric].Series {
		if s.length() == 1 && s.Better < 0 {
			return " A good map makes the curve fall early; one that does not stay below the grey controls ranks pixels no better than chance or edges."
		}
		if s.length() == 1 && s.Better > 0 {
			return " A good map makes the curve rise early; one that does not stay above the grey controls ranks pixels no better than chance or edges."
		}
	}
	return ""
}

// maxLines is the most methods whose lines share a plot: each has a pen of its
// own.
const maxLines = 7

// companies divides the methods that have scores of a metric, one configuration
// of each, into the groups whose lines share a figure: about equally many in
// each, the controls in all.
func (r *Run) companies(metric int) [][]int {
	var rows, controls []int
	for _, i := range r.representatives() {
		switch {
		case r.score(i, metric) == nil:
		case r.Attributions[i].Control:
			controls = append(controls, i)
		default:
			rows = append(rows, i)
		}
	}
	parts := max(1, (len(rows)+maxLines-1)/maxLines)
	var groups [][]int
	for k := range parts {
		if g := slices.Concat(rows[k*len(rows)/parts:(k+1)*len(rows)/parts], controls); len(g) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// numbered names the figures of several groups.
func numbered(f *Figure, k, n int) {
	if n > 1 {
		f.ID += "-" + itoa(k+1)
		f.Title += ", part " + itoa(k+1)
	}
}

// methodCurves draws one curve per method, over as many figures with the same
// axes as lines can be told apart in.
func (r *Run) methodCurves(metric, series int) []*Figure {
	m := &r.Metrics[metric]
	s := &m.Series[series]
	var all []curve
	groups := r.companies(metric)
	for _, g := range groups {
		for _, i := range g {
			if c, ok := r.meanCurve(i, metric, series); ok {
				all = append(all, c)
			}
		}
	}
	var fs []*Figure
	for k, g := range groups {
		var curves []curve
		var l legend
		controls := 0
		for _, i := range g {
			c, ok := r.meanCurve(i, metric, series)
			if !ok {
				continue
			}
			c.pen = penOf(len(curves) - controls)
			if r.Attributions[i].Control {
				c.pen = controlPen(controls)
				controls++
			}
			curves = append(curves, c)
			l.add(r.label(i), c.pen)
		}
		if len(curves) == 0 {
			continue
		}
		height := 2.15 * vg.Inch
		p := curvePlot("", s, curves, height, single-0.6*vg.Inch, 6)
		ranges(p, all)
		f := &Figure{
			ID: r.curveID(metric, series), Title: title(m.title()),
			Caption: sentence(s.About) + " " + bandCaption + "; " + r.counts([]int{metric}) + ". One configuration per method: the largest n_steps and nt_samples." + r.reading(metric) + r.leftOut(metric, []int{series}, g),
			w:       single, h: height + l.height(single),
		}
		numbered(f, k, len(groups))
		f.draw = func(c draw.Canvas) {
			drawGrid(sub(c, 0, 0, single, height), [][]*plot.Plot{{p}})
			l.draw(sub(c, 0, height, single, f.h-height))
		}
		fs = append(fs, f)
	}
	return fs
}

// curvePlot puts curves into one plot; the axes have n ticks.
func curvePlot(name string, s *Series, curves []curve, height, width vg.Length, n int) *plot.Plot {
	p := newPlot(name, "", "")
	p.X.Label.Text = fold(s.XName, p.X.Label.TextStyle, width)
	p.Y.Label.Text = fold(s.About, p.Y.Label.TextStyle, height-0.6*vg.Inch)
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks(n), linearTicks(n)
	grid(p)
	for i := range curves {
		addBand(p, &curves[i], curves[i].lo, curves[i].hi)
	}
	for i := range curves {
		addCurve(p, &curves[i], max(1, len(curves[i].x)/8))
	}
	ranges(p, curves)
	return p
}

// ranges fits the axes to the curves and their bands: from 0 where everything
// is positive, to 1 where nothing exceeds it by rounding.
func ranges(p *plot.Plot, curves []curve) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range curves {
		for i, y := range c.y {
			if math.IsNaN(y) || math.IsInf(y, 0) {
				continue
			}
			h := c.half[i]
			if math.IsNaN(h) || math.IsInf(h, 0) {
				h = 0
			}
			low, high := y-h, y+h
			if h > 0 {
				low, high = math.Max(low, c.lo), math.Min(high, c.hi)
			}
			lo, hi = math.Min(lo, low), math.Max(hi, high)
		}
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	if lo >= 0 {
		lo = 0
	}
	if hi > 0.85 && hi < 1.05 {
		hi = math.Max(hi, 1)
	} else {
		hi += float64(0.04 * (hi - lo))
	}
	if lo < 0 {
		lo -= float64(0.04 * (hi - lo))
	}
	if hi <= lo {
		hi = lo + 1
	}
	p.Y.Min, p.Y.Max = lo, hi
	if len(curves) > 0 && len(curves[0].x) > 0 {
		x := curves[0].x
		p.X.Min, p.X.Max = x[0], x[len(x)-1]
	}
}

// sweep arranges the configurations of a method: one line per value of the
// parameter with the most values, one panel per combination of the others. A
// configuration without the parameter has a line of its own, of value "".
type sweep struct {
	line   string   // parameter along the lines
	values []string // its values
	panels []panel
}

type panel struct {
	name string
	rows []int // attribution per value; -1 where the sweep has none
}

func (r *Run) sweep(group []int) sweep {
	names, values := r.varying(group)
	var sw sweep
	for i, v := range values {
		if len(v) > len(sw.values) {
			sw.line, sw.values = names[i], v
		}
	}
	if sw.line != "" && !r.shared(group, sw.line) {
		sw.values = append(slices.Clip(sw.values), "")
	}
	index := map[string]int{}
	for _, a := range group {
		var rest []Param
		v := ""
		for _, name := range names {
			x, has := param(r.Attributions[a].All, name)
			if name == sw.line {
				v = x
			} else if has {
				rest = append(rest, Param{name, x})
			}
		}
		key := params(rest)
		k, ok := index[key]
		if !ok {
			k = len(sw.panels)
			index[key] = k
			rows := make([]int, len(sw.values))
			for i := range rows {
				rows[i] = -1
			}
			sw.panels = append(sw.panels, panel{key, rows})
		}
		for i, x := range sw.values {
			if x == v && sw.panels[k].rows[i] < 0 {
				sw.panels[k].rows[i] = a
			}
		}
	}
	return sw
}

// panelsPerFigure keeps a figure on one page.
const panelsPerFigure = 12

// sweepFigures draws a method's sweep as small multiples.
func (r *Run) sweepFigures(metric, series int, group []int) []*Figure {
	m := &r.Metrics[metric]
	s := &m.Series[series]
	sw := r.sweep(group)
	if sw.line == "" {
		return nil
	}
	method := r.Attributions[group[0]].Method
	var fs []*Figure
	for first := 0; first < len(sw.panels); first += panelsPerFigure {
		part := sw.panels[first:min(first+panelsPerFigure, len(sw.panels))]
		id, page := r.curveID(metric, series)+"-"+method, ""
		if len(sw.panels) > panelsPerFigure {
			n := strconv.Itoa(first/panelsPerFigure + 1)
			id, page = id+"-"+n, ", part "+n
		}
		if f := r.sweepFigure(metric, series, part, &sw); f != nil {
			f.ID = slug(id)
			f.Title = title(m.title()) + ": sweep of " + method + page
			f.Caption = sentence(s.About) + " " + bandCaption + "; " + r.counts([]int{metric}) + ". One line per " + sw.line + ", light to dark in the order of the sweep; grey: controls. Lines that coincide mean that the setting does not matter to this metric." + r.leftOut(metric, []int{series}, group)
			fs = append(fs, f)
		}
	}
	return fs
}

func (r *Run) sweepFigure(metric, series int, panels []panel, sw *sweep) *Figure {
	s := &r.Metrics[metric].Series[series]
	var l legend
	for k, v := range sw.values {
		name := sw.line + "=" + v
		if v == "" {
			name = "no " + sw.line
		}
		l.add(name, shadePen(k, len(sw.values)))
	}
	var controls []curve
	for i := range r.Attributions {
		if !r.Attributions[i].Control {
			continue
		}
		if c, ok := r.meanCurve(i, metric, series); ok {
			c.pen = controlPen(len(controls))
			c.pen.marker = nil
			l.add(r.label(i), c.pen)
			controls = append(controls, c)
		}
	}
	cols := min(len(panels), 4)
	rows := (len(panels) + cols - 1) / cols
	width := double
	if cols == 1 {
		width = single
	}
	height := 1.75 * vg.Inch
	plots := make([][]*plot.Plot, rows)
	var all []curve
	for i := range plots {
		plots[i] = make([]*plot.Plot, cols)
	}
	drawn := false
	for k, pn := range panels {
		curves := append([]curve{}, controls...)
		for i, a := range pn.rows {
			if a < 0 {
				continue
			}
			if c, ok := r.meanCurve(a, metric, series); ok {
				c.pen = shadePen(i, len(sw.values))
				c.pen.marker = nil
				curves = append(curves, c)
				drawn = true
			}
		}
		room := width/vg.Length(cols) - 24
		style := fit(sans(titleSize), pn.name, room)
		p := curvePlot(cut(pn.name, style, room), s, curves, height, room, 2)
		p.Title.TextStyle.Font.Size = style.Font.Size
		if cols <= 2 {
			p.X.Tick.Marker = linearTicks(5)
		}
		if k%cols > 0 {
			p.Y.Label.Text = ""
		}
		plots[k/cols][k%cols] = p
		all = append(all, curves...)
	}
	if !drawn {
		return nil
	}
	for _, row := range plots {
		for _, p := range row {
			if p != nil {
				ranges(p, all)
				p.Y.Tick.Marker = linearTicks(5)
			}
		}
	}
	// Pens in the legend have no markers where the lines have none.
	for i := range l.pens {
		l.pens[i].marker = nil
	}
	total := vg.Length(rows)*height + l.height(width)
	return &Figure{w: width, h: total, detail: true, draw: func(c draw.Canvas) {
		drawGrid(sub(c, 0, 0, width, vg.Length(rows)*height), plots)
		l.draw(sub(c, 0, vg.Length(rows)*height, width, l.height(width)))
	}}
}

// title makes a metric's name a title.
func title(s string) string {
	s = strings.ReplaceAll(s, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
