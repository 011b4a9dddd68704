package reports

import (
	"slices"
	"strings"
)

// section is one part of the report's pages.
type section struct {
	Title string
	Text  string
	Items []item
	plain bool // without figures
}

// item is a table or a figure.
type item struct {
	table  *Table
	figure *Figure
}

func (s *section) addTable(t *Table) {
	if t != nil && len(t.Rows) > 0 {
		s.Items = append(s.Items, item{table: t})
	}
}

func (s *section) addFigures(fs ...*Figure) {
	if s.plain {
		return
	}
	for _, f := range fs {
		if f != nil {
			s.Items = append(s.Items, item{figure: f})
		}
	}
}

// sections arranges all tables and figures in reading order: what was found,
// what it looks like, each metric in detail, the network last. Sections
// without contents are left out.
func (r *Run) sections() []section {
	var all []section
	add := func(title, text string, fill func(s *section)) {
		s := section{Title: title, Text: text, plain: r.Figures != nil && len(r.Figures) == 0}
		fill(&s)
		if len(s.Items) > 0 {
			all = append(all, s)
		}
	}
	add("Scores", "", func(s *section) {
		for _, t := range r.summaries() {
			s.addTable(t)
		}
		s.addTable(r.meanings())
	})
	add("Maps", "Look at the maps before the numbers: a map that lies beside the object can still score well. Compare columns in shape, not in strength: each has a scale of its own.", func(s *section) {
		s.addFigures(r.shown()...)
	})
	add("Completeness", "A complete attribution distributes exactly the difference that the image makes to the output. The delta says how far a map falls short, which is a matter of numerics (steps, quadrature) for integrated gradients, should be rounding alone for DeepLift, and is what biases and stabilisers keep for LRP.", func(s *section) {
		for m := range r.Metrics {
			s.addTable(r.completeness(m))
			s.addFigures(r.convergence(m)...)
		}
	})
	add("Steps and sampling error", "", func(s *section) { s.addTable(r.sampling()) })
	add("Deletion and insertion", "Pixels are removed from the image, or put into an empty one, in the order of the map. The curves ask whether the pixels a map ranks first are those the network uses; they depend on what stands in for a removed pixel, so compare methods within one substrate only.", func(s *section) {
		s.addTable(r.areas())
		s.addFigures(r.curveFigures()...)
	})
	add("Parameter randomisation", "A sanity check (Adebayo et al. 2018): after the network's weights are replaced by random ones, its maps must change. A method that fails explains the image rather than the network.", func(s *section) {
		s.addFigures(r.depthFigures()...)
		s.addTable(r.randomization())
		for _, k := range r.stepSeries() {
			s.addTable(r.depths(k))
		}
	})
	add("Predictions", "", func(s *section) { s.addTable(r.predictions()) })
	if t := r.Training; t != nil {
		network := "The network was trained for this run."
		if len(r.Attributions) == 0 {
			network = ""
		}
		add("Network", network, func(s *section) {
			s.addTable(t.epochs())
			s.addFigures(t.history())
			s.addTable(t.classification())
			s.addFigures(r.heat())
			s.addTable(r.confusion())
		})
	}
	distinct(all)
	return all
}

// distinct gives every table and every figure a file name of its own.
func distinct(all []section) {
	var tables, figures []string
	name := func(taken *[]string, id string) string {
		id = slug(id)
		free := id
		for n := 2; slices.Contains(*taken, free); n++ {
			free = id + "-" + itoa(n)
		}
		*taken = append(*taken, free)
		return free
	}
	for _, s := range all {
		for _, it := range s.Items {
			if it.table != nil {
				it.table.ID = name(&tables, it.table.ID)
			} else {
				it.figure.ID = name(&figures, it.figure.ID)
			}
		}
	}
}

// headline tells in a paragraph what was run.
func (r *Run) headline() string {
	if len(r.Attributions) == 0 && r.Training != nil {
		return "A network trained for " + count(len(r.Training.Epochs), "epoch") + "; it reaches " + fixed(100*r.Training.Accuracy, 1) + " % on the test split."
	}
	var methods, controls, metrics []string
	configurations := 0
	for _, a := range r.Attributions {
		switch {
		case a.Control:
			controls = append(controls, a.Method)
		default:
			configurations++
			if !slices.Contains(methods, a.Method) {
				methods = append(methods, a.Method)
			}
		}
	}
	for i := range r.Metrics {
		metrics = append(metrics, r.Metrics[i].title())
	}
	right := 0
	for _, im := range r.Images {
		if im.Label == im.Predicted {
			right++
		}
	}
	s := count(len(r.Images), "image") + " explained by " + count(len(methods), "method")
	if len(methods) > 0 {
		s += " in " + count(configurations, "configuration") + " (" + list(methods) + ")"
	}
	if len(controls) > 0 {
		s += " and " + count(len(controls), "control") + " (" + list(controls) + ")"
	}
	s += ", scored by " + count(len(metrics), "metric")
	if len(metrics) > 0 {
		s += ": " + list(metrics)
	}
	s += ". " + strings.TrimSuffix(rightly(right, len(r.Images)), ".")
	if r.Training != nil {
		s += "; it was trained for this run and reaches " + fixed(100*r.Training.Accuracy, 1) + " % on the test split"
	}
	return s + "."
}

// rightly says how many of the run's images the network classifies as labelled.
func rightly(right, all int) string {
	switch {
	case all == 1 && right == 1:
		return "The network predicts the image rightly."
	case all == 1:
		return "The network predicts the image wrongly."
	}
	return "The network predicts " + itoa(right) + " of the " + itoa(all) + " images rightly."
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}
