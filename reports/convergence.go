package reports

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// convergence draws mean |delta| against n_steps on logarithmic axes, one line
// per combination of the other parameters, for every method whose n_steps was
// swept: over as many figures with the same axes as lines can be told apart in.
func (r *Run) convergence(metric int) []*Figure {
	var lines []stepLine
	for _, g := range r.methods() {
		if names, _ := r.varying(g); slices.ContainsFunc(names, isSteps) {
			lines = append(lines, r.stepLines(g, metric)...)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	axes := stepAxes(lines)
	parts := (len(lines) + maxLines - 1) / maxLines
	var fs []*Figure
	for k := range parts {
		part := lines[k*len(lines)/parts : (k+1)*len(lines)/parts]
		var l legend
		for i := range part {
			part[i].pen = penOf(i)
			l.add(part[i].name, part[i].pen)
		}
		p := axes.plot(part)
		height := 2.2 * vg.Inch
		f := &Figure{
			ID: slug(r.Metrics[metric].ID + "-n_steps"), Title: "Completeness against n_steps",
			Caption: "Mean over images of |sum of the map - (F(x) - F(baseline))| against the number of integration steps, both axes logarithmic. " + bands + "; " + r.counts([]int{metric}) +
				". A rule that converges falls along a straight line, the steeper the higher its order; where it flattens, more steps buy nothing (float32 rounding, or a rule whose weights do not sum to 1 at this number).",
			w: single, h: height + l.height(single),
			draw: func(c draw.Canvas) {
				drawGrid(sub(c, 0, 0, single, height), [][]*plot.Plot{{p}})
				l.draw(sub(c, 0, height, single, l.height(single)))
			},
		}
		numbered(f, k, parts)
		fs = append(fs, f)
	}
	return fs
}

// convergenceAxes are the ranges and ticks that all figures of one metric share.
type convergenceAxes struct {
	steps  []float64 // that some line has, ascending
	names  []string  // of their ticks
	lo, hi float64   // of the deltas
}

func stepAxes(lines []stepLine) convergenceAxes {
	a := convergenceAxes{lo: math.Inf(1)}
	for _, l := range lines {
		a.steps = append(a.steps, l.x...)
		for i, y := range l.y {
			a.lo, a.hi = math.Min(a.lo, y), math.Max(a.hi, y)
			if !math.IsNaN(l.half[i]) {
				a.hi = math.Max(a.hi, y+l.half[i])
				// On a logarithmic axis a band that reaches 0 has no end.
				if y-l.half[i] > 0 {
					a.lo = math.Min(a.lo, y-l.half[i])
				}
			}
		}
	}
	slices.Sort(a.steps)
	a.steps = slices.Compact(a.steps)
	a.names = make([]string, len(a.steps))
	for i, s := range a.steps {
		a.names[i] = short(s)
		// Labels of neighbours that would touch: keep the smaller.
		if i > 0 && a.steps[i] < a.steps[i-1]*1.15 {
			a.names[i] = ""
		}
	}
	return a
}

func (a *convergenceAxes) plot(lines []stepLine) *plot.Plot {
	p := newPlot("", "n_steps", "mean |delta| (logits)")
	p.X.Scale, p.Y.Scale = logScale{}, logScale{}
	p.X.Tick.Marker = namedTicks(a.steps, a.names)
	p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	grid(p)
	lo, hi := a.lo/1.3, a.hi*1.3
	for i := range lines {
		addBand(p, &lines[i].curve, lo, math.Inf(1), len(lines))
	}
	for i := range lines {
		addCurve(p, &lines[i].curve, 1)
	}
	// Adding data widens the axes; the bands are cut at the bottom instead.
	p.Y.Min, p.Y.Max = lo, hi
	p.X.Min, p.X.Max = a.steps[0]/1.08, a.steps[len(a.steps)-1]*1.08
	return p
}

func isSteps(name string) bool { return name == "n_steps" || strings.HasSuffix(name, ".n_steps") }

type stepLine struct {
	curve
	name string
}

// stepLines collects |delta| over n_steps for every combination of the other
// parameters that vary. Zeros and undefined deltas have no place on a
// logarithmic axis.
func (r *Run) stepLines(group []int, metric int) []stepLine {
	names, _ := r.varying(group)
	var lines []stepLine
	for _, a := range group {
		name := r.Attributions[a].Method
		var rest []Param
		steps := 0
		for _, n := range names {
			if isSteps(n) {
				steps = r.count(a, "n_steps")
				continue
			}
			if v, has := param(r.Attributions[a].All, n); has {
				rest = append(rest, Param{n, v})
			}
		}
		if len(rest) > 0 {
			name += " (" + params(rest) + ")"
		}
		e := Estimated(r.deltas(a, metric))
		if steps == 0 || !(e.Mean > 0) || math.IsInf(e.Mean, 0) {
			continue
		}
		i := slices.IndexFunc(lines, func(l stepLine) bool { return l.name == name })
		if i < 0 {
			i = len(lines)
			lines = append(lines, stepLine{name: name})
		}
		l := &lines[i]
		// The sweep need not be in ascending order.
		at, _ := slices.BinarySearch(l.x, float64(steps))
		l.x = slices.Insert(l.x, at, float64(steps))
		l.y = slices.Insert(l.y, at, e.Mean)
		l.half = slices.Insert(l.half, at, e.Half)
	}
	return slices.DeleteFunc(lines, func(l stepLine) bool { return len(l.x) < 2 })
}
