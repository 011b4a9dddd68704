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
// swept.
func (r *Run) convergence(metric int) *Figure {
	var curves []curve
	var l legend
	var steps []float64
	methods := 0
	for _, g := range r.methods() {
		names, _ := r.varying(g)
		if !slices.ContainsFunc(names, isSteps) {
			continue
		}
		methods++
		for _, line := range r.stepLines(g, metric) {
			line.pen = penOf(len(curves))
			curves = append(curves, line.curve)
			l.add(line.name, line.pen)
			steps = append(steps, line.x...)
		}
	}
	if len(curves) == 0 {
		return nil
	}
	slices.Sort(steps)
	steps = slices.Compact(steps)
	p := newPlot("", "n_steps", "mean |delta|")
	p.X.Scale, p.Y.Scale = logScale{}, logScale{}
	ticks := make([]string, len(steps))
	for i, s := range steps {
		ticks[i] = short(s)
		// Labels of neighbours that would touch: keep the smaller.
		if i > 0 && steps[i] < steps[i-1]*1.15 {
			ticks[i] = ""
		}
	}
	p.X.Tick.Marker = namedTicks(steps, ticks)
	p.Y.Tick.Marker = plot.TickerFunc(logTicks)
	grid(p)
	lo, hi := math.Inf(1), 0.0
	for _, c := range curves {
		for i, y := range c.y {
			lo, hi = math.Min(lo, y), math.Max(hi, y)
			if !math.IsNaN(c.half[i]) {
				hi = math.Max(hi, y+c.half[i])
				// On a logarithmic axis a band that reaches 0 has no end.
				if y-c.half[i] > 0 {
					lo = math.Min(lo, y-c.half[i])
				}
			}
		}
	}
	p.Y.Min, p.Y.Max = lo/1.3, hi*1.3
	p.X.Min, p.X.Max = steps[0]/1.08, steps[len(steps)-1]*1.08
	for i := range curves {
		addBand(p, &curves[i], p.Y.Min)
	}
	for i := range curves {
		addCurve(p, &curves[i], 1)
	}
	// Adding data widens the axes; the bands are cut at the bottom instead.
	p.Y.Min, p.Y.Max = lo/1.3, hi*1.3
	p.X.Min, p.X.Max = steps[0]/1.08, steps[len(steps)-1]*1.08
	height := 2.2 * vg.Inch
	return &Figure{
		ID: slug(r.Metrics[metric].ID + "-n_steps"), Title: "Completeness against n_steps",
		Caption: "Mean over images of |sum of the map - (F(x) - F(baseline))| against the number of integration steps, both axes logarithmic. " + bandCaption + "; " + r.counts([]int{metric}) +
			". A rule that converges falls along a straight line, the steeper the higher its order; where it flattens, more steps buy nothing (float32 rounding, or a rule whose weights do not sum to 1 at this number).",
		w: single, h: height + l.height(single),
		draw: func(c draw.Canvas) {
			drawGrid(sub(c, 0, 0, single, height), [][]*plot.Plot{{p}})
			l.draw(sub(c, 0, height, single, l.height(single)))
		},
	}
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
