package reports

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
	about, _, _ := strings.Cut(s.About, " (") // an axis has little room: the caption has the rest
	p.Y.Label.Text = fold(about, p.Y.Label.TextStyle, height-0.6*vg.Inch)
	p.X.Tick.Marker, p.Y.Tick.Marker = linearTicks(n), linearTicks(n)
	grid(p)
	for i := range curves {
		addBand(p, &curves[i], curves[i].lo, curves[i].hi, len(curves))
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

// title makes a metric's name a title.
func title(s string) string {
	s = strings.ReplaceAll(s, "_", " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
