package experiments

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/attr"
	"assay/metrics"
	"assay/reports"
)

// warnings tells what a reader of the tables should know.
func warnings(p *Plan, r *reports.Run) []string {
	var out []string
	wrong := 0
	for _, i := range r.Images {
		if i.Predicted != i.Label {
			wrong++
		}
	}
	if aim, err := p.spec.Target.Resolve(r.Classes); err == nil && aim.Contrast() {
		same := 0
		for _, i := range r.Images {
			if t := aim.At(i.Label, i.Predicted); t.Class == t.Minus {
				same++
			}
		}
		if same > 0 {
			out = append(out, fmt.Sprintf("for %d of %s the two classes of the target %s are one: what is explained is 0 there, and so are the maps", same, images(len(r.Images)), p.spec.Target))
		}
	}
	if wrong > 0 && p.spec.Target == "label" {
		as := "are classified as something else than their label"
		if wrong == 1 {
			as = "is classified as something else than its label"
		}
		out = append(out, fmt.Sprintf("%d of %s %s; what is explained is the label", wrong, images(len(r.Images)), as))
	}
	var undrawn []string
	for _, c := range r.Classes {
		if !reports.Drawable(c) {
			undrawn = append(undrawn, c)
		}
	}
	if len(undrawn) > 0 {
		out = append(out, "figures cannot show all characters of "+count(len(undrawn), "class's name", "classes' names")+": "+strings.Join(undrawn, ", ")+"; tables and pages do, LaTeX with xelatex or lualatex and a font that has them")
	}
	for m, x := range p.Metrics {
		n := 0
		for b := range p.Blocks() {
			n += p.scored(m, b)
		}
		if n < len(r.Images) {
			out = append(out, fmt.Sprintf("%s is computed for the first %d of %s", x.ID, n, images(len(r.Images))))
		}
	}
	for _, a := range p.Attributions {
		if t, ok := a.Method.(*attr.NoiseTunnel); ok && t.NTSamples == 1 {
			out = append(out, a.ID+" averages over a single sample")
		}
	}
	return out
}

func images(n int) string { return count(n, "image", "images") }

// count puts the number before the word that goes with it: "1 cell is", "2 cells
// are".
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

// doubts warns of a configuration's maps that their method itself doubts: an
// attr.Doubt for every image, or nil.
func doubts(id string, of []byte) []string {
	d := make([]attr.Doubt, len(of))
	for i, v := range of {
		d[i] = attr.Doubt(v)
	}
	out := attr.Tell(d)
	for i, s := range out {
		out[i] = id + ": " + s
	}
	return out
}

// unlocalised warns of images in which there is nothing to find for metrics that
// hold maps against masks; objects are their pixels of the object.
func unlocalised(p *Plan, r *reports.Run, objects []int) []string {
	var names []string
	for _, m := range p.Metrics {
		if metrics.NeedsMask(m.Metric) && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	var out []string
	for _, kind := range []struct {
		mask string
		size int
	}{{"an empty object mask", 0}, {"an object mask that covers everything", r.H * r.W}} {
		var which []string
		for i, n := range objects {
			if n == kind.size {
				which = append(which, strconv.Itoa(r.Images[i].Index))
			}
		}
		if n := len(which); n > 0 {
			if n > 10 {
				which = append(which[:10], "...")
			}
			have, image := "have", "images"
			if n == 1 {
				have, image = "has", "image"
			}
			is, it := "is", "it"
			if len(names) > 1 {
				is, it = "are", "them"
			}
			out = append(out, fmt.Sprintf("%d of %s %s %s: there is nothing to find, %s %s undefined and the means leave %s out (%s %s)",
				n, images(len(r.Images)), have, kind.mask, strings.Join(names, ", "), is, it, image, strings.Join(which, ", ")))
		}
	}
	return out
}

// unlearned warns of a network that was trained for the run and gives every
// image the same class. It is read off the confusion matrix rather than kept
// from the training, so that a run that found its network trained says it too.
func unlearned(r *reports.Run) []string {
	if r.Training == nil {
		return nil
	}
	given := -1
	for _, row := range r.Training.Confusion {
		for c, n := range row {
			if n > 0 && given >= 0 && c != given {
				return nil
			}
			if n > 0 {
				given = c
			}
		}
	}
	if given < 0 {
		return nil
	}
	return []string{"every image of the test split is classified as " + r.Classes[given] + ": the network has not learned, or its units died; attributions of it mean nothing; try a lower lr, or more epochs"}
}
