package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sweep arranges the configurations of a method: one line per value of the
// parameter with the most values, n_steps before others with as many, and one
// panel per combination of the others. A configuration without the parameter has
// a line of its own, of value "".
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
		if len(v) > len(sw.values) || len(v) == len(sw.values) && isSteps(names[i]) && !isSteps(sw.line) {
			sw.line, sw.values = names[i], v
		}
	}
	sw.values = ascending(sw.values)
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

// numeric tells whether all values are numbers.
func numeric(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool {
		_, err := strconv.ParseFloat(v, 64)
		return err != nil
	})
}

// ascending sorts values that are all numbers by size; others keep the order of
// the run.
func ascending(values []string) []string {
	if !numeric(values) {
		return values
	}
	size := func(v string) float64 {
		x, _ := strconv.ParseFloat(v, 64) // numeric has looked
		return x
	}
	return slices.SortedStableFunc(slices.Values(values), func(a, b string) int { return cmp.Compare(size(a), size(b)) })
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
			f.Caption = sentence(s.About) + " " + bandCaption + "; " + r.counts([]int{metric}) + ". One line per " + sw.line + ", light to dark as it grows or in the order of the sweep, no line quite hidden by another: the lighter are dashed and lie above; grey: controls. Lines that coincide mean that the setting does not matter to this metric." + r.leftOut(metric, []int{series}, group)
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
	drawn, titles := false, 0
	for k, pn := range panels {
		curves := append([]curve{}, controls...)
		// The darkest line is solid and comes first: those above it have gaps.
		for i, a := range slices.Backward(pn.rows) {
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
		name, style := headline(pn.name, sans(titleSize), room)
		p := curvePlot(name, s, curves, height, room, 2)
		p.Title.TextStyle.Font.Size = style.Font.Size
		titles = max(titles, strings.Count(name, "\n"))
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
	height += vg.Length(titles) * titleSize * 1.2
	total := vg.Length(rows)*height + l.height(width)
	return &Figure{w: width, h: total, detail: true, draw: func(c draw.Canvas) {
		drawGrid(sub(c, 0, 0, width, vg.Length(rows)*height), plots)
		l.draw(sub(c, 0, vg.Length(rows)*height, width, l.height(width)))
	}}
}
