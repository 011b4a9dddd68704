package attr

import (
	"reflect"

	"assay/model"
)

// Share groups configurations that are cheaper together: noise tunnels over the
// same method, whose noise is drawn once and whose smaller nt_samples and other
// nt_types cost nothing. Groups hold indices into ms, ascending, and come in the
// order of their first member; a configuration that shares nothing is a group of
// one.
func Share(ms []Method) [][]int {
	var groups [][]int
	for k, m := range ms {
		at := -1
		for g, group := range groups {
			if together(ms[group[0]], m) {
				at = g
				break
			}
		}
		if at < 0 {
			groups = append(groups, []int{k})
			continue
		}
		groups[at] = append(groups[at], k)
	}
	return groups
}

func together(a, b Method) bool {
	x, ok := a.(*NoiseTunnel)
	y, too := b.(*NoiseTunnel)
	if ok && too && (x.Tolerance > 0 || y.Tolerance > 0) {
		return false // each draws as many copies as it needs
	}
	// Given noise is a function, and DeepEqual holds functions apart unless nil.
	return ok && too && reflect.DeepEqual(x.Over, y.Over) && reflect.DeepEqual(x.noise, y.noise)
}

// Run explains the inputs by every configuration, sharing what Share says. It
// calls emit(k, i, a) for configuration k and image i, for each k in the order
// of the images; which k comes first is not said. Every map has the bits that
// ms[k].Attribute would give.
func Run(e *Env, ms []Method, in []Input, emit func(k, i int, a Attribution)) error {
	for _, group := range Share(ms) {
		var err error
		if len(group) == 1 {
			k := group[0]
			err = ms[k].Attribute(e, in, func(i int, a Attribution) { emit(k, i, a) })
		} else {
			nts := make([]*NoiseTunnel, len(group))
			for j, k := range group {
				nts[j] = ms[k].(*NoiseTunnel)
			}
			err = tunnel(e, nts, in, func(j, i int, a Attribution) { emit(group[j], i, a) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Passes returns how many passes forward and backward through the network m
// takes per image when it runs alone. The one or two passes forward for F(x) and
// F(baseline) are not counted; those of perturbed copies, of many baselines, of
// layers beside a gradient and of LRP's rules are counted by Forwards. The exact integral takes as
// many as the image asks for; for it the number is what its work on n amounts to,
// to a factor of 2.
func Passes(m Method, n *model.Net) int {
	if t, ok := m.(*NoiseTunnel); ok {
		return t.copies() * Passes(t.Over, n)
	}
	if o, ok := m.(interface{ exact() bool }); ok && o.exact() {
		return exactPasses(n)
	}
	if o, ok := m.(streamer); ok {
		return o.passes()
	}
	return 0
}

// Files lists the files that m reads, whose content is part of what it
// computes: baseline images and feature masks.
func Files(m Method) []string {
	var files []string
	for _, b := range baselinesOf(m) {
		if b.path != "" {
			files = append(files, b.path)
		}
	}
	for _, m := range masksOf(m) {
		if m.path != "" {
			files = append(files, m.path)
		}
	}
	return files
}

// AtMost tells whether Passes is a bound rather than the number: m looks at each
// image to know when it is accurate enough.
func AtMost(m Method) bool {
	switch o := m.(type) {
	case *NoiseTunnel:
		return o.Tolerance > 0 || AtMost(o.Over)
	case interface{ adaptive() bool }:
		return o.adaptive()
	}
	return false
}
