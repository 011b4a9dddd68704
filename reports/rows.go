package reports

import (
	"slices"
	"strings"
)

// order returns the indices of the attributions as every table and legend
// lists them: grouped by method in the order of the run, controls last.
func (r *Run) order() []int {
	var methods []string
	for _, a := range r.Attributions {
		if !slices.Contains(methods, a.Method) {
			methods = append(methods, a.Method)
		}
	}
	var rows []int
	for _, control := range []bool{false, true} {
		for _, m := range methods {
			for i, a := range r.Attributions {
				if a.Method == m && a.Control == control {
					rows = append(rows, i)
				}
			}
		}
	}
	return rows
}

// params writes hyperparameters for a reader: "n_steps=50, nt_type=vargrad".
func params(ps []Param) string {
	s := make([]string, len(ps))
	for i, p := range ps {
		s[i] = p.Name + "=" + p.Value
	}
	return strings.Join(s, ", ")
}

// label names an attribution in a legend: its method, and what tells it apart.
func (r *Run) label(i int) string {
	own := r.own(i)
	if len(own) == 0 {
		return r.Attributions[i].Method
	}
	return r.Attributions[i].Method + " (" + params(own) + ")"
}

// title names a metric with the options that differ from the defaults.
func (m *Metric) title() string {
	if len(m.Params) == 0 {
		return m.Metric
	}
	return m.Metric + " (" + params(m.Params) + ")"
}

// param returns a hyperparameter's value.
func param(ps []Param, name string) (string, bool) {
	for _, p := range ps {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// varying returns the names of the parameters that take more than one value
// among the attributions that have them, in the order of their first appearance,
// and the values of each in the order of the run. Not all have all of them:
// over.n_steps is there where over.method is integrated_gradients.
func (r *Run) varying(rows []int) (names []string, values [][]string) {
	var all []string
	of := map[string][]string{}
	seen := map[Param]bool{}
	for _, i := range rows {
		for _, p := range r.Attributions[i].All {
			if seen[p] {
				continue
			}
			seen[p] = true
			if of[p.Name] == nil {
				all = append(all, p.Name)
			}
			of[p.Name] = append(of[p.Name], p.Value)
		}
	}
	for _, name := range all {
		if len(of[name]) > 1 {
			names, values = append(names, name), append(values, of[name])
		}
	}
	return names, values
}

// shared tells whether all attributions have the parameter.
func (r *Run) shared(rows []int, name string) bool {
	return !slices.ContainsFunc(rows, func(i int) bool {
		_, has := param(r.Attributions[i].All, name)
		return !has
	})
}

// methods returns the attributions grouped by method, in table order.
func (r *Run) methods() [][]int {
	var groups [][]int
	for _, i := range r.order() {
		n := len(groups)
		if n > 0 && r.Attributions[groups[n-1][0]].Method == r.Attributions[i].Method &&
			r.Attributions[groups[n-1][0]].Control == r.Attributions[i].Control {
			groups[n-1] = append(groups[n-1], i)
			continue
		}
		groups = append(groups, []int{i})
	}
	return groups
}

// representatives picks one configuration of every method for figures that
// cannot show a whole sweep: the one that differs least from the defaults, and
// of several the most expensive, that is the largest n_steps and nt_samples;
// the first of those that remain.
func (r *Run) representatives() []int {
	var rows []int
	for _, group := range r.methods() {
		best := group[0]
		for _, i := range group[1:] {
			if r.represents(i, best) {
				best = i
			}
		}
		rows = append(rows, best)
	}
	return rows
}

// represents reports whether attribution i stands for its method better than j.
func (r *Run) represents(i, j int) bool {
	// What a sweep varies by cost decides first: a larger sample shows the
	// method at its best. The rest goes by nearness to the defaults, which
	// Params says: it lists the options that differ or are swept.
	for _, name := range []string{"n_steps", "nt_samples"} {
		a, b := r.count(i, name), r.count(j, name)
		if a != b {
			return a > b
		}
	}
	return len(r.Attributions[i].Params) < len(r.Attributions[j].Params)
}

// count reads a hyperparameter, its own or one of the method it wraps, as a
// whole number; 0 if there is none.
func (r *Run) count(i int, name string) int {
	for _, p := range r.Attributions[i].All {
		if p.Name != name && !strings.HasSuffix(p.Name, "."+name) {
			continue
		}
		n := 0
		for _, c := range p.Value {
			if c < '0' || c > '9' || n > 1e8 {
				return 0
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	return 0
}

// score returns the values of a metric for an attribution, nil if it was not
// computed.
func (r *Run) score(attribution, metric int) *Score {
	if r.index != nil {
		return r.index.scores[[2]int{attribution, metric}]
	}
	for i := range r.Scores {
		if r.Scores[i].Attribution == attribution && r.Scores[i].Metric == metric {
			return &r.Scores[i]
		}
	}
	return nil
}

// column returns one value per scored image: position k of a series. Where the
// metric was not computed it is nil.
func (r *Run) column(attribution, metric, series, k int) []float64 {
	s := r.score(attribution, metric)
	if s == nil {
		return nil
	}
	v := make([]float64, len(s.Values[series]))
	for i, x := range s.Values[series] {
		v[i] = x[k]
	}
	return v
}

// aim names what the maps of an image attribute: a class, or the
// difference of two.
func (r *Run) aim(i *Image) string {
	if i.Contrast {
		return r.className(i.Target) + " - " + r.className(i.Minus)
	}
	return r.className(i.Target)
}

// className names a class, by its number where the data set has no names.
func (r *Run) className(c int) string {
	if c >= 0 && c < len(r.Classes) {
		return r.Classes[c]
	}
	return "class " + itoa(c)
}
